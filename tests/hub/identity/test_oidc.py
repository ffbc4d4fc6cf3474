"""Single sign-on against a provider that checks what the specification says: code, PKCE, client secret, nonce."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hub_running import MakeKey, RunningHub
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from hub.core.settings import Settings

pytestmark = pytest.mark.any_database

CLIENT, SECRET = "benchwright", "a secret of the client"
BEGIN, CALLBACK = "/api/v1/sessions/oidc", "/api/v1/sessions/oidc/callback"


class Provider:
    """An OpenID provider on loopback. ``who`` logs in there; ``claims`` overrides what its tokens say."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256", "use": "sig"})
        self.signing_key = self.key
        self.who = {"sub": "person-1", "preferred_username": "Li.Lei"}
        self.claims: dict[str, Any] = {}
        self._codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/.well-known/openid-configuration":
                    self._json(provider.described)
                elif self.path == "/keys":
                    self._json(KeySet([provider.key]).as_dict(private=False))
                else:
                    self._json({}, 404)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self._json(*provider.token({name: value[0] for name, value in form.items()}, self.headers))

            def _json(self, body: object, status: int = 200) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self.described = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Provider":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def log_in(self, url: str) -> dict[str, str]:
        """Do what the person does on the provider's page; return what the browser is sent back with."""
        asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, str], headers: Any) -> tuple[dict[str, Any], int]:
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        basic = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
        fits = (
            asked is not None
            and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
            and form["redirect_uri"] == asked["redirect_uri"]
            and basic.replace("%20", " ") == f"{CLIENT}:{SECRET}"
        )
        if not fits or asked is None:
            return {"error": "invalid_grant"}, 400
        at = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "exp": at + 60, "iat": at, "nonce": asked["nonce"]}
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims | self.who | self.claims, self.signing_key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": token}, 200


@pytest.fixture(scope="module")
def one_provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(one_provider: Provider) -> Provider:
    one_provider.claims = {}
    one_provider.who = {"sub": "person-1", "preferred_username": "Li.Lei"}
    one_provider.signing_key = one_provider.key
    return one_provider


@pytest.fixture
def hub(settings: Settings, provider: Provider, tmp_path: Path) -> Iterator[RunningHub]:
    (tmp_path / "oidc.secret").write_text(SECRET)
    changes = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret_file": tmp_path / "oidc.secret",
        "public_url": "http://desk.example",
    }
    with RunningHub(settings.model_copy(update=changes), ingest_workers=0) as running:
        yield running


def sign_on(browser: httpx.Client, provider: Provider) -> httpx.Response:
    begun = browser.get(BEGIN)
    assert begun.status_code == 303
    return browser.get(CALLBACK, params=provider.log_in(begun.headers["location"]))


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def test_an_account_is_bound_to_the_person_at_the_first_sign_on(
    hub: RunningHub, provider: Provider, make_user: MakeKey, admin: httpx.Client
) -> None:
    number = make_user("li.lei", "technician")
    with hub.client() as browser:
        cookie = browser.get(BEGIN).headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie
        token = sign_on(browser, provider).raise_for_status().json()["token"]
    with hub.client(token) as client:
        assert client.get("/api/v1/me").json()["id"] == number
    provider.who["preferred_username"] = "renamed"
    with hub.client() as browser:
        assert sign_on(browser, provider).status_code == 200
    provider.who = {"sub": "person-2", "preferred_username": "li.lei"}  # a newcomer who got the old login
    with hub.client() as browser:
        assert slug(sign_on(browser, provider)) == "login-failed"
    admin.patch(f"/api/v1/users/{number}", json={"disabled": True}).raise_for_status()
    provider.who["sub"] = "person-1"
    with hub.client() as browser:
        assert slug(sign_on(browser, provider)) == "login-failed"


def test_strangers_and_users_without_an_account_stay_outside(hub: RunningHub, provider: Provider) -> None:
    with hub.client() as browser:
        assert (answer := sign_on(browser, provider)).status_code == 401
        assert slug(answer) == "login-failed"


def test_only_the_browser_that_began_completes_and_only_once(
    hub: RunningHub, provider: Provider, make_user: MakeKey
) -> None:
    make_user("li.lei", "technician")
    with hub.client() as victim, hub.client() as attacker:
        back = provider.log_in(victim.get(BEGIN).headers["location"])
        attacker.get(BEGIN)
        assert slug(attacker.get(CALLBACK, params=back)) == "oidc-refused"
        assert victim.get(CALLBACK, params=back).status_code == 200
        assert slug(victim.get(CALLBACK, params=back)) == "oidc-refused"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"aud": "another client"},
        {"iss": "http://another"},
        {"exp": 1},
        {"preferred_username": None},
        {"sub": ""},
    ],
)
def test_a_token_that_is_not_for_this_sign_on_is_refused(
    hub: RunningHub, provider: Provider, make_user: MakeKey, claims: dict[str, Any]
) -> None:
    make_user("li.lei", "technician")
    provider.claims = claims
    with hub.client() as browser:
        answer = sign_on(browser, provider)
    assert (answer.status_code, slug(answer)) == (401, "oidc-refused")


def test_a_token_of_another_key_is_refused(hub: RunningHub, provider: Provider, make_user: MakeKey) -> None:
    make_user("li.lei", "technician")
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "k1"})
    with hub.client() as browser:
        assert slug(sign_on(browser, provider)) == "oidc-refused"


def test_the_provider_refuses_and_the_reason_is_told(hub: RunningHub) -> None:
    with hub.client() as browser:
        state = parse_qs(urlsplit(browser.get(BEGIN).headers["location"]).query)["state"][0]
        refused = browser.get(
            CALLBACK, params={"state": state, "error": "access_denied"}, headers={"Accept-Language": "zh-CN"}
        )
    assert refused.status_code == 401 and "access_denied" in refused.json()["detail"] and "重新" in refused.text


def test_it_is_off_until_it_is_set_up_and_says_when_the_provider_is_away(settings: Settings) -> None:
    with RunningHub(settings, ingest_workers=0) as hub, hub.client() as browser:
        assert (browser.get(BEGIN).status_code, slug(browser.get(BEGIN))) == (404, "oidc-off")
    away = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": CLIENT, "public_url": "http://desk.example"}
    with RunningHub(settings.model_copy(update=away), ingest_workers=0) as hub, hub.client() as browser:
        assert (browser.get(BEGIN).status_code, slug(browser.get(BEGIN))) == (502, "oidc-unreachable")

"""Single sign-on by OpenID Connect (Core 1.0): authorization code flow with PKCE (RFC 7636), state and nonce.

The provider says who somebody is; role and stores stay with the hub's own account. Everything here talks to the
provider and holds no transaction.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.core.problems import Problem, ProblemType
from hub.core.settings import Settings, SettingsError, read_secret

CALLBACK = "/api/v1/sessions/oidc/callback"
TIMEOUT_S = 10
LEEWAY_S = 60
"""How far the provider's clock may be off."""
ALGORITHMS = ("RS256", "ES256", "EdDSA", "PS256")
OIDC_OFF = ProblemType(
    "oidc-off",
    404,
    {"en": "Single sign-on is not set up", "zh-CN": "未启用单点登录"},
    {"en": "Log in with a password by POST /api/v1/sessions.", "zh-CN": "请通过 POST /api/v1/sessions 使用密码登录。"},
)
OIDC_UNREACHABLE = ProblemType(
    "oidc-unreachable",
    502,
    {"en": "The sign-on provider cannot be used", "zh-CN": "单点登录服务不可用"},
    {
        "en": "The provider does not answer as it should ({reason}); try again, or log in with a password.",
        "zh-CN": "单点登录服务响应异常（{reason}）；请重试或使用密码登录。",
    },
)
OIDC_REFUSED = ProblemType(
    "oidc-refused",
    401,
    {"en": "The sign-on was not completed", "zh-CN": "单点登录未完成"},
    {
        "en": "{reason}; begin again at /api/v1/sessions/oidc.",
        "zh-CN": "{reason}；请从 /api/v1/sessions/oidc 重新开始。",
    },
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the hub remembers of a sign-on that has begun; all of it is secret but ``url``."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for: its unchanging ``subject``, and the ``login`` that it gives now."""

    subject: str
    login: str


class Provider:
    """One provider, as its discovery document describes it."""

    def __init__(self, settings: Settings) -> None:
        if settings.oidc_issuer is None:
            raise Problem(OIDC_OFF)
        if settings.oidc_client_id is None or settings.public_url is None:
            raise SettingsError("oidc_issuer needs oidc_client_id and public_url, too")
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        self._claim = settings.oidc_login_claim
        file = settings.oidc_client_secret_file
        self._secret = None if file is None else read_secret(file)
        self._redirect = settings.public_url.rstrip("/") + CALLBACK

    def begin(self) -> Attempt:
        """Return where to send the browser, and what to remember till it comes back."""
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        endpoint = self._described()["authorization_endpoint"]
        with self._session() as session:
            url, state = session.create_authorization_url(
                endpoint, nonce=nonce, code_challenge=create_s256_code_challenge(verifier), code_challenge_method="S256"
            )
        return Attempt(url, state, nonce, verifier)

    def complete(self, code: str, nonce: str, verifier: str) -> Identity:
        """Exchange ``code`` for an ID token and check it; raise the oidc-refused or oidc-unreachable problem."""
        from authlib.integrations.base_client import OAuthError
        from requests import RequestException

        described = self._described()
        try:
            with self._session() as session:
                told = session.fetch_token(
                    described["token_endpoint"], code=code, code_verifier=verifier, timeout=TIMEOUT_S
                )
        except OAuthError as error:
            raise refused(
                f"the provider refused the code ({error.error})", f"服务方拒绝了授权码（{error.error}）"
            ) from error
        except (RequestException, ValueError) as error:
            raise Problem(OIDC_UNREACHABLE, reason=type(error).__name__) from error
        return self._identity(told.get("id_token"), nonce, self._get(described["jwks_uri"]))

    def _identity(self, token: Any, nonce: str, keys: Any) -> Identity:
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        checks = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(str(token), KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
            checks.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise refused("the provider's token is not valid", "服务方的令牌无效") from error
        login = claims.get(self._claim)
        if self._claim == "email" and claims.get("email_verified") is not True:
            login = None
        if not isinstance(login, str) or not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise refused(f"the provider's token has no usable {self._claim}", f"服务方的令牌缺少可用的 {self._claim}")
        return Identity(claims["sub"], login)

    def _session(self) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        return OAuth2Session(self._client_id, self._secret, scope="openid profile email", redirect_uri=self._redirect)

    def _described(self) -> Mapping[str, str]:
        found = self._get(f"{self._issuer}/.well-known/openid-configuration")
        if found.get("issuer", "").rstrip("/") != self._issuer:
            raise Problem(OIDC_UNREACHABLE, reason="another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(found.get(name), str):
                raise Problem(OIDC_UNREACHABLE, reason=f"no {name}")
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def _get(self, url: str) -> dict[str, Any]:
        import requests

        try:
            answer = requests.get(url, timeout=TIMEOUT_S)
            answer.raise_for_status()
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise Problem(OIDC_UNREACHABLE, reason=type(error).__name__) from error
        if not isinstance(found, dict):
            raise Problem(OIDC_UNREACHABLE, reason="no JSON object")
        return found


def refused(english: str, chinese: str) -> Problem:
    """Return the refusal of a sign-on, with its reason."""
    return Problem(OIDC_REFUSED, reason={"en": english, "zh-CN": chinese})

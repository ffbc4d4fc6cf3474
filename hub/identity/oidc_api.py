"""HTTP: single sign-on."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Cookie, Query, Request, Response

from hub.core.documented import refusals
from hub.core.settings import Settings
from hub.identity import oidc, sign_on, users
from hub.identity.api import HubDatabase
from hub.identity.schemas import SessionOut

router = APIRouter(prefix="/api/v1/sessions/oidc", tags=["identity"])
COOKIE = "bw_sign_on"
_THERE = {303: {"description": "To the provider's page."}}
_ALL = (oidc.OIDC_OFF, oidc.OIDC_UNREACHABLE)


@router.get(
    "",
    status_code=303,
    response_class=Response,
    summary="Begin a single sign-on",
    responses=refusals(*_ALL, answers=_THERE),
)
def begin_sign_on(request: Request, database: HubDatabase) -> Response:
    """Open this in a browser: it leads to the chain's own login page (OpenID Connect), and from there back."""
    settings: Settings = request.app.state.settings
    attempt = oidc.Provider(settings).begin()
    browser = secrets.token_urlsafe(24)
    with database.write() as session:
        sign_on.remember(session, attempt, browser)
    answer = Response(status_code=303, headers={"Location": attempt.url, "Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE,
        browser,
        max_age=int(sign_on.LASTS.total_seconds()),
        path=oidc.CALLBACK,
        secure=(settings.public_url or "").startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get(
    "/callback",
    summary="Complete a single sign-on",
    responses=refusals(*_ALL, oidc.OIDC_OFF, oidc.OIDC_UNREACHABLE, oidc.OIDC_REFUSED, users.LOGIN_FAILED),
)
def complete_sign_on(
    *,
    request: Request,
    database: HubDatabase,
    response: Response,
    state: Annotated[str, Query(max_length=200)],
    code: Annotated[str | None, Query(max_length=2000)] = None,
    error: Annotated[str | None, Query(max_length=200, description="Why the provider refused.")] = None,
    browser: Annotated[str, Cookie(alias=COOKIE, max_length=200, include_in_schema=False)] = "",
) -> SessionOut:
    """The provider sends the browser here. The account with that login gets a session; none is made for a stranger."""
    provider = oidc.Provider(request.app.state.settings)
    with database.write() as session:
        begun = sign_on.take(session, state, browser)
        nonce, verifier = begun.nonce, begun.verifier
    if code is None:
        raise oidc.refused(f"the provider refused ({error or 'no code'})", f"服务方拒绝（{error or '缺少 code'}）")
    identity = provider.complete(code, nonce, verifier)
    response.headers["Cache-Control"] = "no-store"
    response.delete_cookie(COOKIE, path=oidc.CALLBACK)
    with database.write() as session:
        return SessionOut.of(*sign_on.begin_session(session, identity))

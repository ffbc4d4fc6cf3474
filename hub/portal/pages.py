"""HTTP: the customer's page. HTML alone, without cookies and scripts; what it must not show it answers like nothing."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, RedirectResponse

from hub.core.controls import CONTROL
from hub.core.database import Database
from hub.core.i18n import Language, preferred_language
from hub.core.settings import Settings
from hub.identity.api import HubDatabase
from hub.identity.people_api import address_of
from hub.portal import answers, links, pictures, throttle
from hub.portal.answers import Refused
from hub.portal.keys import signing_key
from hub.portal.links import Visit
from hub.portal.view import page_of
from hub.portal.words import Speaker

if TYPE_CHECKING:
    from jinja2 import Environment

router = APIRouter(prefix="/t", include_in_schema=False)

FOLDER = Path(__file__).with_name("templates")
STYLE = (FOLDER / "style.css").read_text(encoding="utf-8")
MAX_FORM_BYTES = 16 * 1024
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
    "Vary": "Accept-Language",
}


async def _read_form(request: Request) -> dict[str, str]:
    body = await request.body()
    if len(body) > MAX_FORM_BYTES:
        return {}
    try:
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    except ValueError:  # more fields than any form of ours has
        return {}
    return {name: CONTROL.sub("", value) for name, value in fields}  # pasted, and seen by nobody: no fault to tell


Form = Annotated[dict[str, str], Depends(_read_form)]
Act = Callable[[Session, Visit, bytes, Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the page of the ticket that ``token`` opens, if it opens one."""

    database: Database
    request: Request
    token: str
    language: Language

    @property
    def settings(self) -> Settings:
        """The hub's settings."""
        settings: Settings = self.request.app.state.settings
        return settings

    @property
    def here(self) -> str:
        """The page's address."""
        return f"/t/{self.token}"


def _call(
    database: HubDatabase,
    request: Request,
    token: str,
    lang: Annotated[str | None, Query(max_length=8)] = None,
    language: Annotated[str | None, Query(max_length=8, description="As the papers call it; the same.")] = None,
) -> Call:
    return Call(
        database, request, token, preferred_language(lang or language or request.headers.get("accept-language"))
    )


Called = Annotated[Call, Depends(_call)]


@router.get("/{token}")
def show_page(call: Called) -> Response:
    """Status, timeline, plan, readings and photos of one ticket (T10)."""
    return _page(call)


@router.post("/{token}/plan")
def answer_plan(call: Called, form: Form) -> Response:
    """Agree to an option or decline the plan (T12)."""
    return _act(call, form, answers.answer_plan, "plan")


@router.post("/{token}/survey")
def answer_survey(call: Called, form: Form) -> Response:
    """Rate attitude, speed and effectiveness after the close (T14)."""
    return _act(call, form, answers.answer_survey, "survey")


@router.get("/{token}/photos/{photo}")
def show_photo(call: Called, photo: str, size: str = "view") -> Response:
    """A released photo, made small and without what the camera wrote into it."""
    found = _visit(call)
    if isinstance(found, Response):
        return found
    with call.database.read() as session:
        row = pictures.released(session, found, photo)
    store = call.request.app.state.attachments
    data = None if row is None else pictures.rendered(store, row.sha256, small=size == "small")
    if data is None:
        return _message(call.language, 404, "gone")
    headers = HEADERS | {"Cache-Control": "private, max-age=3600"}
    return Response(data, media_type="image/jpeg", headers=headers)


def _page(call: Call, notice: str | None = None, status: int = 200) -> Response:
    found = _visit(call)
    if isinstance(found, Response):
        return found
    with call.database.read() as session:
        page = page_of(session, found.ticket, found.link, signing_key(call.settings), call.language)
    told = Speaker(call.language)(notice) if notice else None
    return _html("ticket.html", call.language, status, page=page, notice=told, here=call.here)


def _act(call: Call, form: Mapping[str, str], act: Act, place: str) -> Response:
    """Take a form, then show the page: by a redirect, so that reloading it sends nothing again."""
    found = _visit(call)
    if isinstance(found, Response):
        return found
    try:
        with call.database.write() as session:
            act(session, found, signing_key(call.settings), form)
    except Refused as refused:
        return _page(call, notice=refused.key, status=409)
    return RedirectResponse(f"{call.here}?lang={call.language}#{place}", status_code=303, headers=HEADERS)


def _visit(call: Call) -> Visit | Response:
    """Return who comes, or the page that says why nobody does."""
    address = address_of(call.request)
    with call.database.read() as session:
        visit = links.visit(session, call.settings, call.token)  # one that holds is no guess: it never waits
        wait_s = 0 if visit else throttle.seconds_to_wait(session, address)
    if wait_s:
        response = _message(call.language, 429, "wait", seconds=wait_s)
        response.headers["Retry-After"] = str(wait_s)
        return response
    if visit is None:
        with call.database.write() as session:
            throttle.note_failure(session, address)
        return _message(call.language, 404, "gone")
    return visit


def _message(language: Language, status: int, key: str, **values: object) -> Response:
    say = Speaker(language)
    title, text = say(f"problems.{key}_title"), say(f"problems.{key}", **values)
    return _html("message.html", language, status, title=title, text=text)


def _html(template: str, language: Language, status: int, **values: object) -> Response:
    text = _environment().get_template(template).render(
        language=language, other="en" if language == "zh-CN" else "zh-CN", say=Speaker(language), style=STYLE, **values
    )  # fmt: skip
    return HTMLResponse(text, status_code=status, headers=HEADERS | {"Content-Language": language})


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only who shows a page needs it

    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

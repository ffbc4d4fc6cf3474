"""HTTP: log in and out, and look after users."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import SecretStr
from sqlalchemy.orm import Session

from hub.core.database import Database
from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, etag
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR, Problem, problem_at
from hub.identity import passwords, queries, throttle, users
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase
from hub.identity.grants import GRANT_TOO_WIDE
from hub.identity.models import User
from hub.identity.permissions import Permission
from hub.identity.schemas import (
    GivenPassword,
    MeOut,
    NewSession,
    NewUser,
    PasswordChange,
    PersonOut,
    SessionOut,
    UserChange,
    UserOut,
)
from hub.identity.service import UNAUTHENTICATED
from hub.stores.service import STORE_CLOSED, UNKNOWN_STORES

sessions_router = APIRouter(prefix="/api/v1/sessions", tags=["identity"])
me_router = APIRouter(prefix="/api/v1/me", tags=["identity"])
users_router = APIRouter(prefix="/api/v1/users", tags=["identity"])

UserId = Annotated[str, Path(max_length=40, description="The user's number.", examples=["U-000007"])]
_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_OWN = (UNAUTHENTICATED, FORBIDDEN, users.NOT_A_SESSION)
_ONE = (UNAUTHENTICATED, FORBIDDEN, users.USER_NOT_FOUND)
_GRANT = (UNAUTHENTICATED, FORBIDDEN, GRANT_TOO_WIDE, STORE_CLOSED, UNKNOWN_STORES, users.NOT_A_PERSONS_ROLE)


@sessions_router.post(
    "", status_code=201, summary="Log in", responses=refusals(users.LOGIN_FAILED, throttle.LOGIN_THROTTLED)
)
def log_in(database: HubDatabase, request: Request, wanted: NewSession) -> SessionOut:
    """Begin a session of 12 hours. Failed logins make the account and the address wait, longer each time."""
    address = address_of(request)
    try:
        login = users.normal_login(wanted.login)
    except Problem:
        login = ""
    stored = _counted_attempt(database, login, address)
    if not passwords.verify(wanted.password.get_secret_value(), stored) or stored is None:
        raise users.login_failed()
    with database.write() as session:
        return SessionOut.of(*users.begin_session(session, login, address, stored))


@sessions_router.delete("/current", status_code=204, summary="Log out", responses=refusals(*_OWN))
def log_out(database: HubDatabase, caller: Caller) -> None:
    """End the session; its token is useless from now on."""
    with database.write() as session:
        users.end_session(session, caller)


@me_router.get("", summary="Show the caller", responses=refusals(*_COMMON))
async def show_me(caller: Caller) -> MeOut:
    """Who the caller is, and what it may do."""
    return MeOut.of(caller)


@me_router.put(
    "/password",
    status_code=204,
    summary="Change the own password",
    responses=refusals(
        *_OWN, users.WRONG_PASSWORD, passwords.BAD_PASSWORD, passwords.SAME_PASSWORD, throttle.LOGIN_THROTTLED
    ),
)
def change_password(database: HubDatabase, caller: Caller, request: Request, wanted: PasswordChange) -> None:
    """Choose another password; all other sessions of the account end. Wrong tries count as failed logins."""
    users.own_session(caller)
    with database.read() as session:
        user = queries.user(session, caller.id)
    assert user is not None  # noqa: S101 - the session that was just authenticated is this user's
    new = wanted.new.get_secret_value()
    passwords.check(new, user.login, "#/new")
    address = address_of(request)
    stored = _counted_attempt(database, user.login, address)
    if not passwords.verify(wanted.current.get_secret_value(), stored) or stored is None:
        raise problem_at("#/current", users.WRONG_PASSWORD)
    with database.write() as session:
        throttle.attempt_succeeded(session, user.login, address)
    passwords.check_another(new, wanted.current.get_secret_value())
    digest = passwords.digest(new)
    with database.write() as session:
        users.change_own_password(session, caller, stored, digest)


@users_router.post(
    "",
    status_code=201,
    summary="Make a user",
    responses=refusals(*_GRANT, users.LOGIN_TAKEN, users.BAD_LOGIN, passwords.BAD_PASSWORD),
)
def create_user(database: HubDatabase, caller: Caller, wanted: NewUser, response: Response) -> UserOut:
    """Make an account; the person changes the password at the first login. `Location` leads to it."""
    caller.require(Permission.USER_WRITE)
    digest = _given(wanted.password, wanted.login)
    with database.write() as session:
        user = users.create(
            session,
            caller,
            login=wanted.login,
            name=wanted.name,
            role=wanted.role,
            stores=wanted.stores,
            password_hash=digest,
        )
        shown = UserOut.of(user)
    response.headers["Location"] = f"/api/v1/users/{shown.id}"
    response.headers["ETag"] = etag(shown.version)
    return shown


@users_router.get("", summary="List users", responses=refusals(*_COMMON, BAD_CURSOR))
def list_users(database: HubDatabase, caller: Caller, cursor: CursorText = None, limit: Limit = 50) -> Page[UserOut]:
    """Users of the caller's stores, the newest first."""
    caller.require(Permission.USER_READ)
    with database.read() as session:
        rows, following = split_page(queries.users(session, caller, cursor, limit), limit, lambda user: [user.id])
        return Page(items=[UserOut.of(user) for user in rows], next=following)


def _with_keys(session: Session, caller: Actor, user: User) -> PersonOut:
    seen = caller.may(Permission.KEY_READ)
    return PersonOut.with_keys(user, queries.live_keys_made_by(session, f"user:{user.public_id}") if seen else None)


@users_router.get("/{user}", summary="Show a user", responses=refusals(*_ONE))
def show_user(database: HubDatabase, caller: Caller, user: UserId, response: Response) -> PersonOut:
    """One account; everybody may see their own."""
    with database.read() as session:
        shown = _with_keys(session, caller, users.get(session, caller, user))
    response.headers["ETag"] = etag(shown.version)
    return shown


@users_router.patch(
    "/{user}",
    summary="Change a user",
    responses=refusals(*_ONE, *_GRANT, STALE_VERSION, BAD_IF_MATCH),
)
def change_user(
    *, database: HubDatabase, caller: Caller, user: UserId, wanted: UserChange, expected: Expected, response: Response
) -> PersonOut:
    """Change name, role or stores, or disable the account. It holds from the user's next request on."""
    with database.write() as session:
        changes = wanted.model_dump(exclude_unset=True)
        shown = _with_keys(session, caller, users.change(session, caller, user, changes, expected))
    response.headers["ETag"] = etag(shown.version)
    return shown


@users_router.put(
    "/{user}/password",
    status_code=204,
    summary="Give a user another password",
    responses=refusals(*_ONE, GRANT_TOO_WIDE, passwords.BAD_PASSWORD),
)
def give_password(database: HubDatabase, caller: Caller, user: UserId, wanted: GivenPassword) -> None:
    """For somebody who forgot theirs: all sessions end, and the given password has to be changed at the login."""
    with database.read() as session:
        login = users.get(session, caller, user).login
    caller.require(Permission.USER_WRITE)
    digest = _given(wanted.password, login)
    with database.write() as session:
        users.reset_password(session, caller, user, digest)


def address_of(request: Request) -> str:
    """Return the caller's address, as uvicorn knows it (behind a proxy: see its ``--forwarded-allow-ips``)."""
    return request.client.host if request.client else "unknown"


def _given(password: SecretStr, login: str) -> str:
    passwords.check(password.get_secret_value(), login)
    return passwords.digest(password.get_secret_value())


def _counted_attempt(database: Database, login: str, address: str) -> str | None:
    """Count an attempt and return the hash to compare with, ``None`` for nobody who may log in."""
    with database.write() as session:
        throttle.begin_attempt(session, login, address)
        user = queries.user_by_login(session, login)
        return None if user is None or user.disabled_at is not None else user.password_hash

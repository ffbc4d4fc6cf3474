"""What endpoints depend on: the database, the caller, and a permission of the caller."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from hub.core.database import Database
from hub.core.rate_limit import PROVEN
from hub.identity import service
from hub.identity.actors import Actor
from hub.identity.permissions import Permission

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    bearerFormat="bw_<id>_<secret> or bws_<id>_<secret>",
    description="An API key from `benchwright hub key create`, or the token of a session from `POST /api/v1/sessions`.",
)


async def _database(request: Request) -> Database:
    database = request.app.state.database
    assert isinstance(database, Database)  # noqa: S101 - set by create_app
    return database


HubDatabase = Annotated[Database, Depends(_database)]


def _caller(
    database: HubDatabase,
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Actor:
    if credentials is None:
        raise service.unauthenticated()
    with database.read() as session:
        actor = service.authenticate(session, credentials.credentials)
    setattr(request.state, PROVEN, True)
    return actor


Caller = Annotated[Actor, Depends(_caller)]
"""The authenticated actor. Endpoints about one record load it first and check the permission after (404 before 403)."""


def caller_with(permission: Permission) -> Callable[[Actor], Awaitable[Actor]]:
    """Return a dependency that gives the caller when it has ``permission``: for collections, which always exist."""

    async def checked(caller: Caller) -> Actor:
        caller.require(permission)
        return caller

    return checked

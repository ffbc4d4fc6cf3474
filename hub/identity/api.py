"""What endpoints depend on: the database, the caller, and a permission of the caller."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from hub.core.database import Database
from hub.core.rate_limit import PROVEN
from hub.identity import service
from hub.identity.actors import Actor
from hub.identity.permissions import Permission


def _database_of(request: Request) -> Database:
    database = request.app.state.database
    assert isinstance(database, Database)  # noqa: S101 - set by create_app
    return database


async def _database(request: Request) -> Database:
    return _database_of(request)


HubDatabase = Annotated[Database, Depends(_database)]


class _Bearer(SecurityBase):
    """Tells who asks by the header ``Authorization``.

    Scheme and caller are one dependency: FastAPI resolves each by itself, and every request has to pass them.
    """

    scheme_name = "ApiKey"
    model = HTTPBearer(
        bearerFormat="bw_<id>_<secret> or bws_<id>_<secret>",
        description="An API key from `benchwright hub key create`, or the token of a session from "
        "`POST /api/v1/sessions`.",
    )

    def __call__(self, request: Request) -> Actor:
        scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
        if scheme.lower() != "bearer" or not token:
            raise service.unauthenticated()
        with _database_of(request).read() as session:
            actor = service.authenticate(session, token)
        setattr(request.state, PROVEN, True)
        return actor


Caller = Annotated[Actor, Security(_Bearer())]
"""The authenticated actor. Endpoints about one record load it first and check the permission after (404 before 403)."""


def caller_with(permission: Permission) -> Callable[[Actor], Awaitable[Actor]]:
    """Return a dependency that gives the caller when it has ``permission``: for collections, which always exist."""

    async def checked(caller: Caller) -> Actor:
        caller.require(permission)
        return caller

    return checked

"""HTTP: API keys."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path

from hub.core.documented import refusals
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.fleet.service import BAD_BENCH_NAME
from hub.identity import queries, service
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.grants import GRANT_TOO_WIDE
from hub.identity.models import ApiKey
from hub.identity.permissions import Permission
from hub.identity.schemas import KeyOut, MadeKeyOut, NewKey
from hub.identity.service import UNAUTHENTICATED
from hub.stores.service import STORE_CLOSED, UNKNOWN_STORES

router = APIRouter(prefix="/api/v1/keys", tags=["identity"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
KeyId = Annotated[str, Path(max_length=40, examples=["3f9a1c20b7de"])]


@router.post(
    "",
    status_code=201,
    summary="Make an API key",
    responses=refusals(
        UNAUTHENTICATED,
        FORBIDDEN,
        GRANT_TOO_WIDE,
        service.BENCH_KEY_NEEDS_BENCH,
        service.SCOPE_NOT_OF_ROLE,
        service.BAD_KEY_NAME,
        BAD_BENCH_NAME,
        STORE_CLOSED,
        UNKNOWN_STORES,
    ),
)
def create_api_key(database: HubDatabase, caller: Caller, wanted: NewKey) -> MadeKeyOut:
    """Make a key for a system or a bench. Its token is in this answer only."""
    with database.write() as session:
        key, token = service.create_key(
            session,
            caller,
            name=wanted.name,
            role=wanted.role,
            bench=wanted.bench,
            scopes=wanted.scopes,
            stores=wanted.stores,
        )
        return MadeKeyOut(**KeyOut.of(key).model_dump(), token=token)


@router.get("", summary="List API keys", responses=refusals(*_COMMON, BAD_CURSOR))
def list_api_keys(database: HubDatabase, caller: Caller, cursor: CursorText = None, limit: Limit = 50) -> Page[KeyOut]:
    """Keys without their secrets, revoked ones too, the newest first."""
    caller.require(Permission.KEY_READ)
    with database.read() as session:
        rows, following = split_page(queries.keys(session, cursor, limit), limit, _sort_key)
        return Page(items=[KeyOut.of(key) for key in rows], next=following)


@router.delete(
    "/{key}",
    summary="Revoke an API key",
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, service.KEY_NOT_FOUND),
)
def revoke_api_key(database: HubDatabase, caller: Caller, key: KeyId) -> KeyOut:
    """Make a key useless from now on; it stays in the list. Revoking it again changes nothing."""
    with database.write() as session:
        return KeyOut.of(service.revoke_key(session, caller, key))


def _sort_key(key: ApiKey) -> list[datetime | str]:
    return [key.created_at, key.id]

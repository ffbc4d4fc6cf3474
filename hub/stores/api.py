"""HTTP: stores."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, etag
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import decode_cursor, split_page
from hub.core.problems import BAD_CURSOR
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.stores import queries, service
from hub.stores.schemas import NewStore, StoreChange, StoreOut

router = APIRouter(prefix="/api/v1/stores", tags=["stores"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.STORE_NOT_FOUND)
Code = Annotated[str, Path(max_length=64, examples=["sh-xujiahui"])]


@router.post("", status_code=201, summary="Open a store", responses=refusals(*_COMMON, service.STORE_EXISTS))
def create_store(database: HubDatabase, caller: Caller, wanted: NewStore, response: Response) -> StoreOut:
    """Add a store to the chain (S5). Its code belongs to it for ever."""
    with database.write() as session:
        shown = StoreOut.of(service.create(session, caller, wanted))
    response.headers["Location"] = f"/api/v1/stores/{shown.code}"
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("", summary="List stores", responses=refusals(*_COMMON, BAD_CURSOR))
def list_stores(database: HubDatabase, caller: Caller, cursor: CursorText = None, limit: Limit = 50) -> Page[StoreOut]:
    """The stores that the caller works for, by code."""
    caller.require(Permission.STORE_READ)
    after = decode_cursor(cursor, [str])[0] if cursor is not None else None
    with database.read() as session:
        found = queries.stores(session, caller, after, limit + 1)
        rows, following = split_page(found, limit, lambda store: [store.code])
        return Page(items=[StoreOut.of(store) for store in rows], next=following)


@router.get("/{store}", summary="Show a store", responses=refusals(*_ONE))
def show_store(database: HubDatabase, caller: Caller, store: Code, response: Response) -> StoreOut:
    """One store."""
    with database.read() as session:
        shown = StoreOut.of(service.get(session, caller, store))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.patch("/{store}", summary="Change a store", responses=refusals(*_ONE, STALE_VERSION, BAD_IF_MATCH))
def change_store(
    *, database: HubDatabase, caller: Caller, store: Code, wanted: StoreChange, expected: Expected, response: Response
) -> StoreOut:
    """Change what is known of a store, close it, or open it again."""
    with database.write() as session:
        shown = StoreOut.of(service.change(session, caller, store, wanted, expected))
    response.headers["ETag"] = etag(shown.version)
    return shown

"""The endpoints of a family with one document: what is in force, its versions, and the next one."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, Response
from pydantic import Field
from sqlalchemy.orm import Session

from hub.core.bodies import JsonBody, stored
from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase, caller_with
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.policies import queries
from hub.policies import service as policies
from hub.policies.models import PolicyVersion
from hub.policies.schemas import VersionNumber, VersionOut
from hub.policies.values import Document, Moment

D = TypeVar("D", bound=Document)
STANDARD = "standard"
Check = Callable[[Session, Any], None]
_reads = Depends(caller_with(Permission.POLICY_READ))
_COMMON = (UNAUTHENTICATED, FORBIDDEN)


class NewVersion(JsonBody, Generic[D]):
    """The next version of a document."""

    document: D
    valid_from: Moment | None = Field(default=None, description="From when on; left out: now.")


def in_force(session: Session, family: str, kind: type[D], delivered: D, at: datetime | None = None) -> tuple[int, D]:
    """Return what holds at a moment (left out: now), with its version; 0 is what is delivered with the hub."""
    row = policies.in_force(policies.in_order(session, family, STANDARD), at or now())
    return (0, delivered) if row is None else (row.version, queries.document(session, row, kind))


def router(
    path: str, family: str, kind: type[D], delivered: Callable[[], D], *, called: str, tag: str, check: Check
) -> APIRouter:
    """Return the endpoints below ``/api/v1/{path}``; ``check`` raises for a document that the database speaks against.

    ``called`` is what a reader calls the document, in English.
    """
    found = APIRouter(prefix=f"/api/v1/{path}", tags=[tag])
    slug = path.replace("-", "_")
    shown: Any = VersionOut[kind]  # type: ignore[valid-type]  # a class made at run time
    page: Any = Page[shown]

    def row_out(row: PolicyVersion) -> Any:
        return shown(
            name=row.name,
            version=row.version,
            valid_from=row.valid_from,
            created_at=row.created_at,
            document=stored(kind, row.document),
        )

    @found.get(
        "", name=f"show_{slug}", summary=f"Show the {called}", dependencies=[_reads], responses=refusals(*_COMMON),
        response_model=shown,
    )  # fmt: skip
    def show(database: HubDatabase) -> Any:
        """What holds now; version 0 is delivered with the hub."""
        with database.read() as session:
            row = policies.in_force(policies.in_order(session, family, STANDARD), now())
            if row is not None:
                return row_out(row)
        return shown(name=STANDARD, version=0, valid_from=None, created_at=None, document=delivered())

    @found.get(
        "/versions", name=f"list_{slug}_versions", summary=f"List versions of the {called}", dependencies=[_reads],
        responses=refusals(*_COMMON, BAD_CURSOR), response_model=page,
    )  # fmt: skip
    def versions(database: HubDatabase, cursor: CursorText = None, limit: Limit = 50) -> Any:
        """Versions that were put, the newest first."""
        with database.read() as session:
            rows = queries.page(session, family, STANDARD, cursor, limit)
            mine, following = split_page(rows, limit, lambda row: [row.version])
            return page(items=[row_out(row) for row in mine], next=following)

    def put(database: HubDatabase, caller: Caller, version: VersionNumber, wanted: Any, response: Response) -> Any:
        """Add the next version (1 for the first). Putting the same again changes nothing and answers 200."""
        caller.require(Permission.POLICY_WRITE)
        content = wanted.document.model_dump(mode="json", by_alias=True, exclude_none=True)
        with database.write() as session:
            check(session, wanted.document)
            row, new = policies.put(session, caller, (family, STANDARD, version), content, wanted.valid_from)
            response.status_code = 201 if new else 200
            return row_out(row)

    put.__annotations__["wanted"] = Annotated[NewVersion[kind], ...]  # type: ignore[valid-type]
    found.put(
        "/versions/{version}", name=f"put_{slug}_version", status_code=201, response_model=shown,
        summary=f"Put a version of the {called}",
        responses=refusals(
            *_COMMON, policies.VERSION_TAKEN, policies.VERSION_NOT_NEXT, policies.VALID_TOO_EARLY,
            answers={200: {"description": "It was there already.", "model": shown}},
        ),
    )(put)  # fmt: skip
    return found


def no_check(_session: Session, _document: Document) -> None:
    """Take every document that is well-formed."""

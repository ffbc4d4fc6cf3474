"""HTTP: benches."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.concurrency import run_in_threadpool

from hub.core.database import Database
from hub.core.documented import refusals
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import decode_cursor, split_page
from hub.core.problems import BAD_CURSOR, Problem
from hub.events import service as events
from hub.fleet import queries, service
from hub.fleet.commands import NO_ANSWER, NO_BROKER, CommandDesk
from hub.fleet.schemas import BenchOut, CommandIn, ReplyOut
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase, caller_with
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.measurements.schemas import SpoolOut
from hub.measurements.service import received_of

router = APIRouter(prefix="/api/v1/benches", tags=["benches"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.BENCH_NOT_FOUND)
BenchName = Annotated[str, Path(max_length=128, examples=["bench-01"])]
_reads = Depends(caller_with(Permission.BENCH_READ))


@router.get("", summary="List benches", dependencies=[_reads], responses=refusals(*_COMMON, BAD_CURSOR))
def list_benches(database: HubDatabase, caller: Caller, cursor: CursorText = None, limit: Limit = 50) -> Page[BenchOut]:
    """Benches of the caller's stores by name, with presence and instruments."""
    after = decode_cursor(cursor, [str])[0] if cursor is not None else None
    with database.read() as session:
        rows, following = split_page(
            queries.benches(session, caller, after, limit + 1), limit, lambda bench: [bench.name]
        )
        return Page(items=[BenchOut.of(bench) for bench in rows], next=following)


@router.get("/{bench}", summary="Show a bench", dependencies=[_reads], responses=refusals(*_ONE))
def show_bench(database: HubDatabase, caller: Caller, bench: BenchName) -> BenchOut:
    """Presence, instruments, and desired against reported revision."""
    with database.read() as session:
        return BenchOut.of(service.get_visible(session, caller, bench))


@router.get(
    "/{bench}/spools", summary="Show what was received of a bench", dependencies=[_reads], responses=refusals(*_ONE)
)
def show_spools(database: HubDatabase, caller: Caller, bench: BenchName) -> list[SpoolOut]:
    """The bench's spool files (the newest 50) with the count and range of their records, each counted once (E3)."""
    with database.read() as session:
        service.get_visible(session, caller, bench)
        return received_of(session, bench)


@router.post("/{bench}/commands", summary="Command a bench", responses=refusals(*_ONE, NO_BROKER, NO_ANSWER))
async def command_bench(
    request: Request, database: HubDatabase, caller: Caller, bench: BenchName, wanted: CommandIn
) -> ReplyOut:
    """Send a command over MQTT and wait for the bench's answer. The command is in the audit log, answered or not."""
    await run_in_threadpool(_note_command, database, caller, bench, wanted)
    desk: CommandDesk | None = request.app.state.commands
    if desk is None:
        raise Problem(NO_BROKER)
    reply = await desk.ask(caller, bench, wanted.action.message(), wanted.timeout_s)
    return ReplyOut(ok=reply.ok, detail=reply.detail, data=reply.data)


def _note_command(database: Database, caller: Actor, bench: str, wanted: CommandIn) -> None:
    with database.write() as session:
        service.get_visible(session, caller, bench)
        caller.require(Permission.BENCH_COMMAND)
        payload = wanted.action.model_dump()
        events.append(session, caller, "bench.commanded", ("bench", bench), payload)

"""HTTP: whether this process lives, and whether it can do its work."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from hub.core.migrate import is_current
from hub.identity.api import HubDatabase
from hub.measurements.ingest.worker import Ingest

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: str = Field(default="ok", examples=["ok"])


class Readiness(BaseModel):
    """What the process needs; `null` for what it was not asked to do."""

    ready: bool
    database: bool = Field(description="The database answers and its tables are those of this version.")
    commands: bool | None = Field(description="Connected to the broker to command benches.")
    ingest: list[bool] = Field(description="For each ingest worker in this process, whether it takes records.")


@router.get("/healthz", summary="Is the process alive?")
async def health() -> Health:
    """Answers as long as the process does."""
    return Health()


@router.get(
    "/readyz",
    summary="Is the process ready?",
    responses={503: {"description": "Not ready", "model": Readiness}},
)
def readiness(request: Request, response: Response, database: HubDatabase) -> Readiness:
    """Whether database and broker are there; 503 until all are."""
    current = is_current(database)
    commands = request.app.state.commands
    workers: list[Ingest] = request.app.state.workers
    found = Readiness(
        ready=False,
        database=current,
        commands=None if commands is None else commands.link.connected,
        ingest=[worker.alive for worker in workers],
    )
    found.ready = found.database and found.commands is not False and all(found.ingest)
    response.status_code = 200 if found.ready else 503
    return found

"""What people and systems at the hub may ask of the bench, and the answer to each request."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from protocols.messages import codec, control

log = logging.getLogger(__name__)

_BENCH_STAFF = frozenset({"technician", "senior_technician", "supervisor", "staff", "admin"})
ALLOWED_ROLES: Mapping[type[control.Describe | control.AbortRun | control.Watch], frozenset[str]] = {
    control.Describe: _BENCH_STAFF | {"manager", "quality", "fleet_admin", "remote_engineer", "store_system"},
    control.Watch: _BENCH_STAFF | {"manager", "quality", "remote_engineer"},
    control.AbortRun: _BENCH_STAFF,
}
"""Which roles may ask for which action."""


class Refused(Exception):
    """The bench will not do it; the message tells the asker why."""


class Desk(Protocol):
    """What the agent does on request. The methods return at once."""

    def describe(self) -> Mapping[str, Any]:
        """Return instruments, spool depth and the run in progress."""

    def abort_run(self, run: str, actor: str) -> None:
        """Begin to stop a run; raise ``Refused`` when it is not running."""

    def watch(self, seconds: int) -> None:
        """Send live previews for so long."""


def answer(payload: bytes, bench: str, desk: Desk, now: datetime | None = None) -> control.Reply:
    """Decode, check and execute one command; whatever is wrong with it becomes a reply in words."""
    try:
        command = codec.decode(payload, control.Command)
        data = _execute(command, bench, desk, now or datetime.now(UTC))
    except (codec.MessageError, Refused) as error:
        log.warning("refused a command: %s", error)
        return control.Reply(bench=bench, ok=False, detail=str(error))
    log.info("did %s for %s (%s)", type(command.action).__name__, command.actor, command.role)
    return control.Reply(bench=bench, ok=True, data=dict(data))


def _execute(command: control.Command, bench: str, desk: Desk, now: datetime) -> Mapping[str, Any]:
    action = command.action
    name = type(action).__name__
    if command.bench != bench:
        raise Refused(f"this is bench {bench}, the command is for {command.bench}")
    if command.expires_at <= now:
        raise Refused(f"{name} expired at {command.expires_at.isoformat()}: send it again")
    allowed = ALLOWED_ROLES[type(action)]
    if command.role not in allowed:
        raise Refused(f"{name} is not for the role {command.role!r}: it needs one of {', '.join(sorted(allowed))}")
    match action:
        case control.Describe():
            return desk.describe()
        case control.AbortRun():
            desk.abort_run(action.run, command.actor)
        case control.Watch():
            desk.watch(action.seconds)
    return {}

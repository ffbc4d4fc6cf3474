"""What happens to benches."""

import re
from datetime import datetime

from sqlalchemy.orm import Session

from hub.core.clock import day_or_none, now
from hub.core.problems import Problem, ProblemType
from hub.fleet import queries
from hub.fleet.models import Bench
from hub.identity.actors import Actor
from protocols.messages.control import Presence, Reported
from protocols.messages.records import InstrumentStatus

BENCH_NOT_FOUND = ProblemType(
    "bench-not-found",
    404,
    {"en": "No such bench", "zh-CN": "工位不存在"},
    {
        "en": "There is no bench {bench}; it appears when its key is made or when it first connects.",
        "zh-CN": "没有工位 {bench}；创建工位密钥或工位首次连接后即会出现。",
    },
)


BAD_BENCH_NAME = ProblemType(
    "bad-bench-name",
    422,
    {"en": "The bench's name cannot be used", "zh-CN": "工位名称无效"},
    {
        "en": "The name {bench} must begin with a letter or digit; then come letters, digits, dot, dash, underscore.",
        "zh-CN": "名称 {bench} 须以字母或数字开头，只含字母、数字、点、连字符和下划线。",
    },
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


def check_name(name: str) -> None:
    """Raise the bad-bench-name problem for a name that no topic or folder could have."""
    if not _NAME.fullmatch(name):
        raise Problem(BAD_BENCH_NAME, bench=name[:128])


def get(session: Session, name: str) -> Bench:
    """Return one bench; raise the bench-not-found problem."""
    bench = queries.bench(session, name)
    if bench is None:
        raise Problem(BENCH_NOT_FOUND, bench=name)
    return bench


def get_visible(session: Session, actor: Actor, name: str) -> Bench:
    """Return one bench that stands in the actor's stores (S5); raise the bench-not-found problem."""
    bench = queries.visible_bench(session, actor, name)
    if bench is None:
        raise Problem(BENCH_NOT_FOUND, bench=name)
    return bench


def register(session: Session, name: str) -> Bench:
    """Return the bench of this name, made now if the hub has not heard of it."""
    bench = queries.bench_for_update(session, name)
    if bench is None:
        bench = Bench(name=name, registered_at=now(), instruments=[], desired_revision=_revision(0))
        session.add(bench)
        session.flush()
    return bench


def worklist_changed(session: Session, name: str) -> None:
    """Note that the bench's desired state is another one now, so that it gets published."""
    bench = register(session, name)
    bench.desired_revision = _revision(bench.desired_revision)


def note_presence(session: Session, presence: Presence) -> None:
    """Store a birth or a death; a death of an older boot than the present one says nothing."""
    bench = register(session, presence.bench)
    if not presence.online and bench.boot not in (None, presence.boot):
        return
    bench.online = presence.online
    bench.boot = presence.boot
    bench.presence_at = now()
    if presence.online:
        bench.version = presence.version
        bench.epoch = presence.epoch
        note_instruments(bench, presence.instruments)


def note_instruments(bench: Bench, instruments: tuple[InstrumentStatus, ...]) -> None:
    """Store the rack as last told; a calibration day that no calendar has is not known."""
    bench.instruments = [
        {
            "role": one.role,
            "profile": one.profile,
            "healthy": one.healthy,
            "identity": one.identity,
            "fault": one.fault,
            "calibrated_on": day_or_none(one.calibrated_on),
            "calibration_due": day_or_none(one.calibration_due),
        }
        for one in instruments
    ]


def note_reported(session: Session, reported: Reported) -> None:
    """Store what is active on a bench."""
    bench = register(session, reported.bench)
    bench.reported_revision = reported.revision
    bench.healthy = reported.healthy
    bench.health_detail = reported.detail
    bench.reported_at = now()


def _revision(previous: int, at: datetime | None = None) -> int:
    """Return a larger revision: milliseconds of the clock, so that a restored older database does not go back."""
    return max(previous + 1, int((at or now()).timestamp() * 1000))

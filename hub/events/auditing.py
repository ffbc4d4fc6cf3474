"""The auditor's look at the history: that the chain holds, that words are those that were written, and that nothing was
cut off its end (S1).

A chain alone cannot show that its newest events were removed. An auditor therefore notes the head's hash now and then,
outside of the hub; later it has to be found in the chain again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from hub.events import queries
from hub.events.models import Event
from hub.events.service import FIRST_HASH, event_hash
from hub.tickets import remarks

BATCH = 1000
MAX_ALTERED = 100


@dataclass(slots=True)
class AuditReport:
    """What a look found. ``broken`` is the first event that does not fit, ``why`` what does not."""

    events: int = 0
    last_id: int = 0
    head: str = FIRST_HASH
    broken: Event | None = None
    why: str | None = None
    altered: list[int] = field(default_factory=list)
    """Events whose words are not those that were written; the first hundred."""
    head_found: bool | None = None
    """Whether the head that was noted earlier is in the chain; ``None`` when none was given."""
    complete: bool = True
    """Whether this was the whole rest of the history."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.broken is None and not self.altered and self.head_found is not False


def look(
    session: Session,
    *,
    noted_head: str | None = None,
    after: int = 0,
    limit: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> AuditReport:
    """Check the events behind the one numbered ``after``, at most ``limit`` of them, the oldest first.

    ``noted_head`` is looked for among those that are checked. ``progress`` is told how many were checked.
    """
    report = AuditReport(last_id=after, head_found=None if noted_head is None else noted_head == FIRST_HASH)
    if after:
        before = session.get(Event, after)
        report.head = before.hash if before else FIRST_HASH
    while True:
        size = BATCH if limit is None else min(BATCH, limit - report.events)
        batch = queries.events_after(session, report.last_id, size) if size else []
        if not batch:
            report.complete = size > 0
            return report
        if not _check(report, batch, noted_head):
            return report
        report.altered += remarks.altered(session, batch)[: MAX_ALTERED - len(report.altered)]
        if progress is not None:
            progress(report.events)
        session.expunge_all()


def _check(report: AuditReport, batch: Sequence[Event], noted_head: str | None) -> bool:
    for event in batch:
        if event.previous_hash != report.head:
            report.broken, report.why = event, "it does not follow the event before: one was removed or changed"
            return False
        if event.hash != event_hash(event):
            report.broken, report.why = event, "its content is not what was written"
            return False
        report.events += 1
        report.last_id, report.head = event.id, event.hash
        if noted_head is not None and event.hash == noted_head:
            report.head_found = True
    return True

"""The daily backup (S2)."""

from hub.backup import service
from hub.core.i18n import Count
from hub.core.version import VERSION
from hub.jobs.job import ACTOR, JobRun


def back_up(work: JobRun) -> str | None:
    """Make a backup, check it, and thin out the old ones."""
    made = service.create(work.settings, VERSION)
    wrong = next(service.problems(work.settings, made), None)
    if wrong is not None:
        raise wrong
    removed = service.thin_out(work.settings)
    service.note(work.database, ACTOR, "backup.created", made)
    return f"{made.name}: {made.content.events} events, {made.size} bytes; {Count(removed):old one|old ones} removed"

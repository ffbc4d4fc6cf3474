"""What complaints of a span of time say (C4): causes, and what is done about each. Four statements."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime

from sqlalchemy.orm import Session

from hub.aftercare import queries as improvements
from hub.complaints import effects, queries
from hub.complaints.policy import Cause
from hub.complaints.queries import ComplaintFilter
from hub.complaints.schemas import AnalysisOut, CauseOut
from hub.core.i18n import Language
from hub.identity.actors import Actor

SEVERAL = 2
"""From how many complaints on a cause should become an improvement."""


def analyse(session: Session, actor: Actor, wanted: ComplaintFilter, at: datetime, language: Language) -> AnalysisOut:
    """Return the complaints that ``actor`` may see, counted."""
    rows = queries.groups(session, actor, wanted)
    made, late = queries.promise_counts(session, actor, wanted, at)
    names = effects.in_force(session)[1].causes
    causes = {row.cause for row in rows if row.cause is not None}
    is_open: Counter[str] = Counter()
    is_done: Counter[str] = Counter()
    for one in improvements.tasks_about(session, causes):
        (is_done if one.ended_at else is_open)[one.cause or ""] += 1
    paid = queries.paid(session, actor, wanted)
    shown = [
        CauseOut.model_validate(
            {
                **asdict(row),
                "name": _name(names, row.cause, language),
                "paid_minor": paid.get((row.complaint_class, row.cause), {}),
                "improvements_open": is_open[row.cause or ""],
                "improvements_done": is_done[row.cause or ""],
            }
        )
        for row in rows
    ]
    shown.sort(key=lambda one: (-one.complaints, str(one.complaint_class), str(one.cause)))
    by_cause = Counter({cause: sum(row.complaints for row in rows if row.cause == cause) for cause in causes})
    return AnalysisOut(
        complaints=sum(row.complaints for row in rows),
        promises=made,
        promises_late=late,
        causes=shown,
        without_improvement=sorted(
            cause for cause, count in by_cause.items() if count >= SEVERAL and not is_open[cause] + is_done[cause]
        ),
    )


def _name(names: dict[str, Cause], cause: str | None, language: Language) -> str | None:
    found = names.get(cause) if cause is not None else None
    return None if found is None else (found.name.zh_cn if language == "zh-CN" else found.name.en)

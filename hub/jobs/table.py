"""Every job of the hub, in one table."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hub.core.idempotency_models import KeptAnswer
from hub.identity.models import LoginSession
from hub.jobs.job import Job, in_transaction


def _forget_expired(session: Session, at: datetime) -> int:
    done = 0
    for table in (KeptAnswer, LoginSession):
        done += session.execute(delete(table).where(table.expires_at < at)).rowcount  # type: ignore[attr-defined]
    return done


JOBS: tuple[Job, ...] = (
    Job(
        "housekeeping",
        {
            "en": "Forget expired sessions and kept answers",
            "zh-CN": "清理过期的会话与幂等答复",
        },
        in_transaction(_forget_expired),
        every=timedelta(hours=1),
    ),
)
"""A new job is a row here; its function stands in the folder of its domain."""

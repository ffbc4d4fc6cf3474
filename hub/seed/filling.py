"""Fill an empty database: one function a domain, and one year in which they take their turns."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.core import clock
from hub.core.database import Table
from hub.core.problems import Problem, ProblemType
from hub.customers.models import Customer, CustomerDevice
from hub.events.following import skip_all
from hub.events.models import Event
from hub.fleet.models import Bench
from hub.identity.models import User
from hub.knowledge.models import Article
from hub.measurements.models import Measurement, Run
from hub.notifications import planning as notifications
from hub.seed import chain, intakes, knowledge, owners
from hub.seed.scene import Scene, Size
from hub.seed.timeline import Timeline
from hub.sla import watching
from hub.sla.queries import look_at
from hub.stores.models import Store
from hub.tickets.kinds import State
from hub.tickets.models import Ticket
from hub.webhooks import service as webhooks

NOT_EMPTY = ProblemType(
    "database-not-empty",
    409,
    {"en": "The database has records", "zh-CN": "数据库已有记录"},
    {
        "en": "It has {count} events; only an empty database is seeded, so that nothing real is mixed up.",
        "zh-CN": "其中已有 {count} 条事件；为避免混入真实数据，仅可填充空数据库。",
    },
)
Share = Callable[[Scene], None]
SHARES: tuple[Share, ...] = (
    chain.fill_stores,
    chain.fill_people,
    chain.fill_benches,
    owners.fill_devices,
    intakes.fill_tickets,
    knowledge.fill_articles,
)
"""What each domain adds, in this order: at once, at the year's beginning, or as lives on the scene's timeline.

A new domain is a function here, in a module of its own.
"""
FOLLOWERS = (notifications.FOLLOWER, watching.FOLLOWER, webhooks.FOLLOWER)
COUNTED: tuple[type[Table], ...] = (
    *(Store, User, Bench, Customer, CustomerDevice, Ticket, Event, Run, Measurement, Article),
)


def fill(
    session: Session,
    *,
    size: Size,
    seed: int,
    end: datetime,
    password_hash: str,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> dict[str, int]:
    """Make a chain with a year of work up to ``end``, and return how many rows of each table there are then.

    The same ``seed``, ``size`` and ``end`` give the same chain, but for the salts of remarks. Followers of events begin
    behind it all: nobody is told of what is made up; the clocks of open tickets go on. Raises the database-not-empty
    problem.
    """
    count = session.scalar(select(func.count()).select_from(Event)) or 0
    if count:
        raise Problem(NOT_EMPTY, count=count)
    begin = end - timedelta(days=size.days)
    scene = Scene(session, random.Random(seed), begin, end, size, password_hash, Timeline(end))  # noqa: S311 - dice
    with clock.at(begin):
        for share in SHARES:
            share(scene)
    scene.timeline.run(lambda moment: progress(max(0.0, (moment - begin) / (end - begin))))
    skip_all(session, FOLLOWERS)
    is_open = session.scalars(select(Ticket).where(Ticket.closed_at.is_(None), Ticket.state != State.DRAFT))
    look_at(session, [ticket.public_id for ticket in is_open], end)
    session.flush()
    return {str(table.__tablename__): session.scalar(select(func.count()).select_from(table)) or 0 for table in COUNTED}

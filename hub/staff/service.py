"""One function per command on staff records."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.etags import Precondition
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.identity import users
from hub.identity.actors import Actor
from hub.identity.duties import require_colleague
from hub.identity.permissions import Permission
from hub.identity.segregation import require_other
from hub.staff import queries
from hub.staff.models import Assessment, FileEntry, Training
from hub.staff.policy import Due, Kind, Lesson, due_training
from hub.staff.schemas import AssessmentIn, FiguresOut, NewFileEntry, NewTraining, TrainingResult

TRAINING_NOT_FOUND = ProblemType(
    "training-not-found",
    404,
    {"en": "No such lesson", "zh-CN": "培训不存在"},
    {"en": "There is no lesson {training}.", "zh-CN": "没有培训 {training}。"},
)
TRAINING_HELD = ProblemType(
    "training-held",
    409,
    {"en": "The lesson was held already", "zh-CN": "培训已记录结果"},
    {"en": "{training} has its result already; plan another lesson.", "zh-CN": "{training} 已有结果；请另行安排培训。"},
)


def plan(session: Session, actor: Actor, wanted: NewTraining) -> Training:
    """Plan a lesson (H2)."""
    actor.require(Permission.STAFF_WRITE)
    require_colleague(session, actor, wanted.person, "#/person")
    require_other(actor, wanted.person)
    values = wanted.model_dump(exclude={"hours"}, mode="python")
    row = Training(**values, minutes=max(1, round(wanted.hours * 60)), created_at=now())
    row.kind, row.method = wanted.kind.value, wanted.method.value
    session.add(row)
    session.flush()
    facts = {"training": row.public_id, "kind": row.kind, "planned_on": row.planned_on.isoformat()}
    events.append(session, actor, "training.planned", ("user", row.person), facts)
    return row


def hold(session: Session, actor: Actor, number: str, wanted: TrainingResult, expected: Precondition) -> Training:
    """Record that a lesson was held, and how the exam went; a result is not changed afterwards."""
    row = queries.training(session, number)
    user = queries.person(session, row.person) if row is not None else None
    if row is None or user is None or not users.visible(actor, user):
        raise Problem(TRAINING_NOT_FOUND, training=number[:40])
    actor.require(Permission.STAFF_WRITE)
    require_other(actor, row.person)
    expected.check(row.version)
    if row.held_on is not None:
        raise Problem(TRAINING_HELD, training=row.public_id)
    row.held_on, row.passed, row.score = wanted.held_on, wanted.passed, wanted.score
    session.flush()
    facts = {"training": row.public_id, "passed": wanted.passed, "held_on": wanted.held_on.isoformat()}
    events.append(session, actor, "training.held", ("user", row.person), facts)
    return row


def assess(session: Session, actor: Actor, person: str, quarter: str, wanted: AssessmentIn) -> Assessment:
    """Put a person's assessment of a quarter (H3); putting it again replaces it, with an event each time."""
    users.get_colleague(session, actor, person)
    actor.require(Permission.STAFF_WRITE)
    require_other(actor, person)
    values = {**wanted.model_dump(), "assessed_by": actor.person, "created_at": now()}
    row = queries.assessment(session, person, quarter)
    if row is None:
        row = Assessment(person=person, quarter=quarter, **values)
        session.add(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
    session.flush()
    facts = {"quarter": quarter, **wanted.model_dump(exclude={"remark"})}
    events.append(session, actor, "assessment.put", ("user", person), facts)
    return row


def add_entry(session: Session, actor: Actor, person: str, wanted: NewFileEntry) -> FileEntry:
    """Put a reward or a sanction into a person's file (H3); it is not taken out again."""
    users.get_colleague(session, actor, person)
    actor.require(Permission.STAFF_WRITE)
    require_other(actor, person)
    row = FileEntry(person=person, **wanted.model_dump(), decided_by=actor.person, created_at=now())
    session.add(row)
    session.flush()
    facts = {"entry": wanted.kind, "on": wanted.on_day.isoformat()}
    events.append(session, actor, "staff.file_entry", ("user", person), facts)
    return row


def require_reader(session: Session, actor: Actor, person: str) -> None:
    """Raise unless the actor may see a person's file: their own, or with the permission."""
    users.get_colleague(session, actor, person)
    if actor.id != person:
        actor.require(Permission.STAFF_READ)


def due(session: Session, actor: Actor, today: date) -> list[tuple[str, str, Due]]:
    """Return (person, name, what is lacking) of everybody in the actor's stores, the most overdue first."""
    people = [one for one in queries.enabled_people(session) if users.visible(actor, one)]
    lessons: dict[str, list[Lesson]] = {}
    for row in queries.trainings(session, [one.public_id for one in people]):
        lesson = Lesson(Kind(row.kind), row.planned_on, row.held_on, row.passed)
        lessons.setdefault(row.person, []).append(lesson)
    found = [
        (one.public_id, one.name, lacking)
        for one in people
        for lacking in due_training(one.created_at.date(), lessons.get(one.public_id, ()), today)
    ]
    return sorted(found, key=lambda row: (row[2].due_on, row[0]))


def figures(session: Session, actor: Actor, since: datetime, until: datetime) -> list[FiguresOut]:
    """Return each person's work in a span, with quality and attitude (H4), in a constant number of queries."""
    people = [one for one in queries.enabled_people(session) if users.visible(actor, one)]
    numbers = [one.public_id for one in people]
    work = {row[0]: row for row in queries.workload(session, since, until)}
    made = {row[0]: row for row in queries.repairs(session, since, until)}
    answers = {row[0]: row for row in queries.surveys(session, since, until)}
    ratings: dict[str, int] = {}
    for assessed in queries.assessments(session, numbers):
        ratings.setdefault(assessed.person, assessed.customer_rating)
    entries = [
        (one.person, one.kind)
        for one in queries.file_entries(session, numbers)
        if since.date() <= one.on_day <= until.date()
    ]
    found = []
    for one in people:
        number = one.public_id
        _, dispatched, standing, closed = work.get(number, (number, 0, 0, 0))
        _, repairs, reworks, minutes, timed = made.get(number, (number, 0, 0, 0, 0))
        _, answered, attitude, effectiveness = answers.get(number, (number, 0, None, None))
        found.append(
            FiguresOut(
                person=number,
                name=one.name,
                dispatched=dispatched,
                on_bench_now=standing,
                closed=closed,
                repairs=repairs,
                reworks=reworks,
                rework_rate=reworks / repairs if repairs else None,
                mean_minutes=(minutes or 0) / timed if timed else None,
                survey_answers=answered,
                attitude=None if attitude is None else float(attitude),
                effectiveness=None if effectiveness is None else float(effectiveness),
                customer_rating=ratings.get(number),
                rewards=entries.count((number, "reward")),
                sanctions=entries.count((number, "sanction")),
            )
        )
    return found

"""One function per command on what is learned from complaints; a complaint itself moves by its ticket's actions."""

from sqlalchemy.orm import Session

from hub.aftercare import service as aftercare
from hub.aftercare.models import ImprovementTask
from hub.complaints import effects, queries
from hub.complaints.models import CaseReview, Complaint
from hub.complaints.policy import Grade
from hub.complaints.schemas import NewImprovement, ReviewIn
from hub.core.clock import now
from hub.core.i18n import Words
from hub.core.problems import FieldError, Problem, ProblemType
from hub.events import service as events
from hub.identity import duties
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.identity.segregation import one_hand
from hub.tickets import queries as ticket_queries
from hub.tickets import service as tickets
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket

COMPLAINT_NOT_FOUND = ProblemType(
    "complaint-not-found",
    404,
    {"en": "No such complaint", "zh-CN": "投诉不存在"},
    {"en": "There is no complaint {ticket} that you may see.", "zh-CN": "没有您可查看的投诉 {ticket}。"},
)
NOT_TO_REVIEW = ProblemType(
    "case-not-to-review",
    409,
    {"en": "The case cannot be reviewed", "zh-CN": "该案例不能复盘"},
    {"en": "Complaint {ticket}: {reason}.", "zh-CN": "投诉 {ticket}：{reason}。"},
)
IMPROVEMENT_WRONG = ProblemType(
    "improvement-wrong",
    422,
    {"en": "The improvement cannot be taken down", "zh-CN": "改进措施有误"},
    {"en": "{count:value|values} cannot be taken; see errors.", "zh-CN": "有 {count} 项内容有误，详见 errors。"},
)


def get(session: Session, actor: Actor, public: str, *, for_update: bool = False) -> tuple[Ticket, Complaint]:
    """Return a complaint that ``actor`` may see; raise not-found before forbidden."""
    ticket = ticket_queries.visible_ticket(session, actor, public, for_update=for_update)
    found = queries.complaint(session, ticket.id) if ticket is not None and ticket.kind == Kind.COMPLAINT else None
    if ticket is None or found is None:
        raise Problem(COMPLAINT_NOT_FOUND, ticket=public[:40])
    actor.require(Permission.COMPLAINT_READ)
    return ticket, found


def review(session: Session, actor: Actor, public: str, wanted: ReviewIn) -> tuple[Ticket, Complaint]:
    """Take down the review of an archived major case (复盘, C4); who was responsible for it does not review it."""
    ticket, complaint = get(session, actor, public, for_update=True)
    actor.require(Permission.COMPLAINT_REVIEW)
    objection = None
    if ticket.state != State.CLOSED:
        objection = {"en": "it is not archived yet", "zh-CN": "尚未归档"}
    elif complaint.grade != Grade.MAJOR:
        objection = {"en": "it is no major case", "zh-CN": "不是重大案例"}
    elif one_hand(session, actor.person, f"user:{ticket.owner}"):
        objection = {
            "en": "who was responsible for it does not review it; ask a colleague",
            "zh-CN": "责任人不得自行复盘，请由同事操作",
        }
    elif queries.review(session, ticket.id) is not None:
        objection = {"en": "it was reviewed already", "zh-CN": "已完成复盘"}
    if objection is not None:
        raise Problem(NOT_TO_REVIEW, ticket=ticket.public_id, reason=objection)
    session.add(
        CaseReview(
            ticket_id=ticket.id,
            course=wanted.course,
            lessons=wanted.lessons,
            reviewed_by=actor.person,
            reviewed_at=now(),
        )
    )
    session.flush()
    events.append(session, actor, "complaint.reviewed", ticket.record, {"by": actor.person})
    for number, improvement in enumerate(wanted.improvements):
        improve(session, actor, improvement, ticket=ticket, where=f"#/improvements/{number}")
    return ticket, complaint


def improve(
    session: Session, actor: Actor, wanted: NewImprovement, *, ticket: Ticket | None = None, where: str = "#"
) -> ImprovementTask:
    """Let a cause become an improvement with an owner and a day (C4); ``where`` the request has it."""
    actor.require(Permission.COMPLAINT_REVIEW)
    errors: list[FieldError] = []
    if wanted.cause not in effects.in_force(session)[1].causes:
        words: Words = {"en": "name a cause of the complaint policy", "zh-CN": "请填写投诉策略中的原因"}
        errors.append(FieldError(f"{where}/cause", words))
    if ticket is None and wanted.ticket is not None:
        ticket = tickets.get(session, actor, wanted.ticket)
    store = ticket.store if ticket is not None else None
    objection = duties.objection(session, actor, wanted.owner, store, Permission.AFTERCARE_WORK)
    if objection is not None:
        errors.append(FieldError(f"{where}/owner", objection))
    if errors:
        raise Problem(IMPROVEMENT_WRONG, errors=errors, count=len(errors))
    return aftercare.improve_cause(session, actor, wanted.cause, wanted.measure, wanted.owner, wanted.due, ticket)

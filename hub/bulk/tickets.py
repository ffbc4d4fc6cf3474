"""Tickets as rows of a file."""

from sqlalchemy.orm import Session

from hub.bulk.tables import NUMBER, Column, Rows, Table, Taken
from hub.core.i18n import both
from hub.customers import service as customers
from hub.dispatch import desk
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.tickets import queries, reception
from hub.tickets.kinds import CHANNELS, KINDS, URGENCIES
from hub.tickets.models import Ticket
from hub.tickets.schemas import NewTicket


def _take(session: Session, actor: Actor, body: NewTicket) -> Taken:
    ticket = reception.create(session, actor, body)
    desk.follow(session, ticket, "create")
    return ticket.public_id, True


def _known_fault(session: Session, _actor: Actor, code: str) -> None:
    reception.require_known_fault(session, code)


def _rows(session: Session, actor: Actor, after: int, limit: int) -> Rows:
    statement = queries.visible_tickets(actor).where(Ticket.id > after).order_by(Ticket.id).limit(limit)
    personal = actor.may(Permission.CONTACT_READ)
    found = session.scalars(statement).all()
    if personal:
        owners = {one.customer_id for one in found if one.customer_id is not None}
        customers.note_access_to(session, actor, sorted(owners), "customer.exported")
    return [
        [
            one.public_id,
            one.kind,
            one.state,
            one.priority,
            one.channel,
            one.store,
            one.model,
            one.serial,
            one.symptom,
            one.fault,
            one.urgency,
            *([one.contact_name, one.contact_phone, one.contact_email] if personal else [None] * 3),
            one.bench,
            one.created_at,
            one.closed_at,
        ]
        for one in found
    ]


TABLE = Table(
    prefix="T",
    imported=(
        Column("kind", "类型", ("kind",), decides=True, words=KINDS),
        Column("channel", "渠道", ("channel",), decides=True, words=CHANNELS),
        Column("store", "门店", ("store",), check=reception.require_store),
        Column("model", "型号", ("device", "model")),
        Column("serial", "序列号", ("device", "serial")),
        Column("symptom", "故障现象", ("symptom",)),
        Column("fault", "故障代码", ("fault",), check=_known_fault),
        Column("urgency", "紧急程度", ("urgency",), words=URGENCIES),
        Column("contact_name", "联系人", ("contact", "name")),
        Column("contact_phone", "联系电话", ("contact", "phone")),
        Column("contact_email", "联系邮箱", ("contact", "email")),
        Column("proof_kind", "凭证类型", ("purchase_proof", "kind")),
        Column("proof_number", "凭证编号", ("purchase_proof", "number")),
        Column("accessories", "配件", ("accessories",), is_list=True),
        Column("appearance", "外观", ("appearance",)),
        Column("waited_s", "等待秒数", ("waited_s",), is_number=True),
    ),
    exported=(
        NUMBER,
        Column("kind", "类型"),
        Column("state", "状态"),
        Column("priority", "优先级"),
        Column("channel", "渠道"),
        Column("store", "门店"),
        Column("model", "型号"),
        Column("serial", "序列号"),
        Column("symptom", "故障现象"),
        Column("fault", "故障代码"),
        Column("urgency", "紧急程度"),
        Column("contact_name", "联系人"),
        Column("contact_phone", "联系电话"),
        Column("contact_email", "联系邮箱"),
        Column("bench", "工位"),
        Column("created_at", "受理时间"),
        Column("closed_at", "关闭时间"),
    ),
    body=NewTicket,
    may_import=Permission.TICKET_CREATE,
    may_export=Permission.TICKET_READ,
    take=_take,
    rows=_rows,
    in_no_file={
        "#/attachments": both(
            "a photo is wanted, which a file of rows cannot have; take such a ticket in through POST /api/v1/tickets",
            "须附照片，而导入文件不能携带照片；此类工单请通过 POST /api/v1/tickets 受理",
        )
    },
)

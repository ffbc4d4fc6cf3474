"""Forget a person (M1): facts stay, everything that says who it was goes."""

from sqlalchemy.orm import Session

from hub.aftercare import queries as aftercare
from hub.captures.blobs import BlobStore
from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.customers import queries
from hub.customers.models import Customer
from hub.customers.schemas import ErasedOut
from hub.customers.service import get_open, require_own_stores_alone
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.notifications import service as notifications
from hub.portal import queries as portal
from hub.tickets import remarks
from hub.tickets.models import Ticket

TOMBSTONE = "–"
OPEN_TICKETS = ProblemType(
    "open-tickets",
    409,
    {"en": "The customer still has open tickets", "zh-CN": "客户仍有未关闭的工单"},
    {
        "en": "{customer} has open tickets: {tickets}; close or cancel them first.",
        "zh-CN": "{customer} 有未关闭的工单：{tickets}；请先关闭或取消。",
    },
)
NOT_CONFIRMED = ProblemType(
    "erasure-not-confirmed",
    422,
    {"en": "The erasure is not confirmed", "zh-CN": "注销未确认"},
    {
        "en": "confirm names {confirm}, the address {customer}; erasing cannot be undone.",
        "zh-CN": "“confirm”填的是 {confirm}，而请求的是 {customer}；注销不可恢复。",
    },
)


def erase(session: Session, actor: Actor, store: BlobStore, public_id: str, confirm: str) -> ErasedOut:
    """Erase a customer's name, contacts, words, files and messages; devices and figures stay, without a person.

    The event chain stays whole: it never held personal data, but commitments to words, which say nothing once their
    salt is gone. Files are deleted before the commit: if that fails, the erasure is repeated; nothing is left behind.
    """
    customer = get_open(session, actor, public_id, Permission.CUSTOMER_ERASE)
    if confirm != customer.public_id:
        raise Problem(NOT_CONFIRMED, confirm=confirm, customer=customer.public_id)
    require_own_stores_alone(session, actor, customer)
    running = queries.open_tickets_of(session, customer.id)
    if running:
        names = ", ".join(ticket.public_id for ticket in running[:10])
        raise Problem(OPEN_TICKETS, customer=customer.public_id, tickets=names)
    tickets = queries.tickets_of(session, customer.id)
    numbers = [ticket.id for ticket in tickets]
    for ticket in tickets:
        _empty(ticket)
    words = queries.remarks_of(session, numbers)
    for remark in words:
        remarks.erase(remark)
    for plan in queries.plans_of(session, numbers):
        plan.options = [{**option, "work": TOMBSTONE} if "work" in option else option for option in plan.options]
        plan.only_option_because = TOMBSTONE if plan.only_option_because else None
    for repair in queries.repairs_of(session, numbers):
        repair.work = TOMBSTONE if repair.work else None
    aftercare.forget_words(session, numbers)
    portal.revoke_links(session, numbers, now())
    for appointment in queries.appointments_of(session, numbers):
        appointment.address = None
    messages = queries.messages_of(session, customer.id, numbers)
    notifications.empty(actor, messages)
    points = queries.contact_points(session, customer.id)
    for point in points:
        session.delete(point)
    preference = queries.preference(session, customer.id)
    if preference is not None:
        session.delete(preference)
    for device in queries.devices_of(session, customer.id):
        device.customer_id = None
    files = queries.attachments_of(session, numbers)
    hashes = {file.sha256 for file in files}
    for file in files:
        session.delete(file)
    _forget(customer)
    session.flush()
    found = ErasedOut(
        customer=customer.public_id,
        contact_points=len(points),
        tickets=len(tickets),
        remarks=len(words),
        attachments=len(files),
        messages=len(messages),
    )
    events.append(session, actor, "customer.erased", customer.record, found.model_dump(exclude={"customer"}))
    for sha256 in sorted(hashes - queries.used_files(session, sorted(hashes))):
        store.delete(sha256)
    return found


def _empty(ticket: Ticket) -> None:
    ticket.contact_name = ticket.contact_phone = ticket.contact_email = None
    ticket.symptom = TOMBSTONE
    ticket.appearance = TOMBSTONE if ticket.appearance else None
    ticket.accessories = None
    ticket.proof_number = None


def _forget(customer: Customer) -> None:
    at = now()
    customer.name, customer.tier = None, None
    customer.erased_at = customer.updated_at = at

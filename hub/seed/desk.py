"""Lives of tickets that the desk works on: questions, returns, installations, inspections, complaints.

Each begins with its intake, now, and yields when the next person takes it up.
"""

from datetime import timedelta
from typing import Any

from hub.appointments import service as appointments
from hub.appointments.models import Appointment
from hub.appointments.slots import Slot
from hub.core.clock import now, rfc3339
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.seed.scene import Owned, Scene, words
from hub.seed.timeline import Life
from hub.tickets import reception
from hub.tickets import service as tickets
from hub.tickets.kinds import Channel, Kind, Urgency
from hub.tickets.schemas import ActionIn, DeviceIn, NewTicket, ProofKind, PurchaseProof

CHANNELS = [Channel.PHONE] * 4 + [Channel.WEB] * 2 + [Channel.APP] * 3 + [Channel.EMAIL]
URGENCIES = [Urgency.NORMAL] * 7 + [Urgency.LOW, Urgency.HIGH, Urgency.HIGH, Urgency.CRITICAL]


def take_in(scene: Scene, kind: Kind, owned: Owned, counter: Actor, **more: Any) -> str:
    """Take a ticket in, now, and return its number."""
    wanted = NewTicket(
        kind=kind,
        channel=scene.some(CHANNELS),
        store=owned.shop.code,
        device=DeviceIn(model=owned.model["model"], serial=owned.serial),
        contact=owned.contact,
        urgency=scene.some(URGENCIES),
        waited_s=int(scene.dice.expovariate(1 / 40)),
        purchase_proof=PurchaseProof(kind=ProofKind.ORDER, number=f"DD{scene.dice.randrange(10**10):010d}"),
        **more,
    )
    return reception.create(scene.session, counter, wanted).public_id


def act(scene: Scene, ticket: str, actor: Actor, action: str, *, note: str | None = None, **details: Any) -> None:
    """Take one action, now."""
    tickets.act(scene.session, actor, ticket, ActionIn(action=action, note=note, details=details))


def consultation(scene: Scene, owned: Owned, counter: Actor) -> Life:
    """A question, answered at once or when it was promised."""
    ticket = take_in(scene, Kind.CONSULTATION, owned, counter, symptom=scene.some(words()["questions"]))
    if scene.chance(0.4):
        yield scene.after(now(), 0.05, 0.5)
        promised_at = scene.after(now(), 3, 30)
        act(scene, ticket, counter, "promise", promised_at=rfc3339(promised_at))
        yield promised_at - timedelta(hours=scene.dice.uniform(-1, 2))
    else:
        yield scene.after(now(), 0.05, 4)
    act(scene, ticket, counter, "answer", answer=scene.some(words()["answers"]))
    yield scene.after(now(), 0.5, 30)
    act(scene, ticket, counter, "inform", outcome="客户表示问题已解决")


def return_exchange(scene: Scene, owned: Owned, counter: Actor) -> Life:
    """Goods that come back; somebody else decides."""
    ticket = take_in(scene, Kind.RETURN_EXCHANGE, owned, counter, symptom=scene.some(words()["returns"]))
    yield scene.after(now(), 2, 72)
    act(scene, ticket, counter, "taken")
    yield scene.after(now(), 0.5, 20)
    decision = scene.some(["refund", "exchange", "exchange", "repair"])
    act(scene, ticket, counter, "propose", decision=decision, reason=scene.some(words()["appearance"]))
    yield scene.after(now(), 1, 48)
    manager = scene.one(owned.shop, Role.SUPERVISOR, Role.MANAGER)
    if scene.chance(0.12):
        act(scene, ticket, manager, "refuse", reason="超过退换期限")
    else:
        act(scene, ticket, manager, "approve")
        yield scene.after(now(), 2, 96)
        payer = scene.one(owned.shop, Role.SENIOR_TECHNICIAN) if decision == "refund" else counter
        act(scene, ticket, payer, "fulfil")
    yield scene.after(now(), 1, 24)
    act(scene, ticket, counter, "close")


def installation(scene: Scene, owned: Owned, counter: Actor) -> Life:
    """An appointment at the customer's."""
    ticket = take_in(scene, Kind.INSTALLATION, owned, counter, symptom=scene.some(words()["wishes"]))
    yield scene.after(now(), 0.5, 10)
    if scene.chance(0.06):
        act(scene, ticket, counter, "cancel")
        return
    visit = _visit(scene, ticket, owned, counter)
    yield visit.starts_at
    appointments.close(scene.session, counter, visit.public_id, "kept")
    yield scene.after(now(), 1, 4)
    act(scene, ticket, counter, "installed", result="in_order", report="安装完成 已教客户使用")
    yield scene.after(now(), 0.2, 30)
    act(scene, ticket, counter, "close")


def inspection(scene: Scene, owned: Owned, counter: Actor) -> Life:
    """A look at a device that works."""
    ticket = take_in(scene, Kind.INSPECTION, owned, counter, symptom="年度检查")
    yield scene.after(now(), 1, 20)
    visit = _visit(scene, ticket, owned, counter)
    yield visit.starts_at
    appointments.close(scene.session, counter, visit.public_id, "kept")
    yield scene.after(now(), 0.3, 2)
    result = "defect" if scene.chance(0.15) else "in_order"
    worker = scene.one(owned.shop, Role.TECHNICIAN, Role.SENIOR_TECHNICIAN)
    act(scene, ticket, worker, "inspected", result=result, report=scene.some(words()["appearance"]))
    yield scene.after(now(), 0.5, 24)
    act(scene, ticket, counter, "close")


def complaint(scene: Scene, owned: Owned, counter: Actor) -> Life:
    """Somebody is not content; one person is responsible until they are."""
    told = scene.some(words()["complaints"])
    ticket = take_in(scene, Kind.COMPLAINT, owned, counter, symptom=told["symptom"])
    yield scene.after(now(), 0.2, 6)
    owner = scene.one(owned.shop, Role.SUPERVISOR, Role.MANAGER)
    act(scene, ticket, counter, "name_owner", owner=owner.id)
    act(scene, ticket, counter, "classify", complaint_class=told["class"])
    yield scene.after(now(), 0.5, 20)
    act(scene, ticket, owner, "taken")
    for last in (False, True):
        yield scene.after(now(), 2, 40)
        act(scene, ticket, owner, "finding", note="已调取服务记录并与当事员工核实")
        act(scene, ticket, owner, "conclude", cause=told["cause"], because="服务记录与客户描述一致")
        yield scene.after(now(), 1, 20)
        act(scene, ticket, owner, "propose_remedy", remedy=told["remedy"], offer="优先处理并延长保修半年")
        yield scene.after(now(), 1, 30)
        act(scene, ticket, counter, "agree", how="phone")
        yield scene.after(now(), 4, 60)
        act(scene, ticket, counter, "fulfil")
        act(scene, ticket, owner, "feedback", how="phone", outcome="已落实处理方案", apology="已当面致歉")
        yield scene.after(now(), 4, 72)
        if last or not scene.chance(0.2):
            break
        act(scene, ticket, counter, "dispute", reason="客户认为处理不彻底")
    act(scene, ticket, owner, "close")


def _visit(scene: Scene, ticket: str, owned: Owned, counter: Actor) -> Appointment:
    """Make an appointment, now. Nobody asks the roster, which is not made for the year that has passed."""
    starts_at = scene.after(now(), 20, 120)
    people = owned.shop.people
    worker = (people.get(Role.TECHNICIAN) or people.get(Role.SENIOR_TECHNICIAN) or [counter])[0]
    slot = Slot(starts_at, starts_at + timedelta(hours=2), worker.id, owned.shop.benches[0].name)
    row = tickets.get(scene.session, counter, ticket)
    visit = appointments.hold(scene.session, counter, row, slot, "on_site", "客户登记的地址")
    appointments.confirm(scene.session, counter, visit.public_id)
    return visit

"""One function per command on customers (M1, M2). Reading personal data is an act, too: it leaves an event."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.etags import Precondition
from hub.core.i18n import Words
from hub.core.ids import public_id as numbered
from hub.core.problems import FieldError, Problem, ProblemType
from hub.customers import queries, tiers
from hub.customers.models import CUSTOMER_PREFIX, ContactPoint, Customer, Purchase
from hub.customers.registry import ContactFacts
from hub.customers.schemas import CustomerChange, NewCustomer, NewPurchase
from hub.dispatch import rejudging
from hub.dispatch.service import DISPATCHER
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission

CUSTOMER_NOT_FOUND = ProblemType(
    "customer-not-found",
    404,
    {"en": "No such customer", "zh-CN": "客户不存在"},
    {"en": "There is no customer {customer}.", "zh-CN": "没有客户 {customer}。"},
)
CONTACT_TAKEN = ProblemType(
    "contact-taken",
    409,
    {"en": "Another customer has this contact", "zh-CN": "联系方式已属于其他客户"},
    {
        "en": "{customers} can be reached that way already; change that record, or merge the two.",
        "zh-CN": "{customers} 已使用该联系方式；请修改该客户，或合并两条记录。",
    },
)
NO_CONTACT = ProblemType(
    "no-contact",
    422,
    {"en": "Nobody could reach the customer any more", "zh-CN": "将无法联系客户"},
    {
        "en": "{customer} keeps a telephone number or an e-mail address at least; replace the last one by another.",
        "zh-CN": "{customer} 至少须保留一个电话或电子邮箱；请将最后一个改为其他联系方式。",
    },
)
NOT_A_CUSTOMER_NOW = ProblemType(
    "customer-ended",
    409,
    {"en": "The record has ended", "zh-CN": "客户记录已终止"},
    {"en": "{customer} was {how}; nothing can be changed there.", "zh-CN": "{customer} 已{how}，不可更改。"},
)
INTO_ITSELF = ProblemType(
    "merge-into-itself",
    422,
    {"en": "A customer is not merged into itself", "zh-CN": "不能合并到自身"},
    {"en": "{customer} is both records; name another one.", "zh-CN": "两条记录都是 {customer}；请填写另一位客户。"},
)
OTHER_STORES_TOO = ProblemType(
    "customer-of-other-stores",
    403,
    {"en": "Other stores deal with this customer, too", "zh-CN": "该客户也属于其他门店"},
    {
        "en": "Other stores, or the chain itself, have tickets or purchases of {customer}; ask somebody who works for "
        "the whole chain.",
        "zh-CN": "{customer} 在其他门店或总部也有工单或购买记录；请由负责全部门店的人员操作。",
    },
)
PURCHASE_TAKEN = ProblemType(
    "purchase-taken",
    409,
    {"en": "The order's number is taken", "zh-CN": "订单号已登记"},
    {
        "en": "The order {number} is known with other facts or for another customer; take it back there first.",
        "zh-CN": "订单 {number} 已登记，但内容或客户不同；请先撤销原登记。",
    },
)
PURCHASE_NOT_FOUND = ProblemType(
    "purchase-not-found",
    404,
    {"en": "No such purchase", "zh-CN": "购买记录不存在"},
    {"en": "{customer} has no purchase {number}.", "zh-CN": "{customer} 没有购买记录 {number}。"},
)
_MERGED: Words = {"en": "merged into another", "zh-CN": "合并到其他客户"}
_ERASED: Words = {"en": "erased", "zh-CN": "注销"}


def create(session: Session, actor: Actor, wanted: NewCustomer) -> Customer:
    """Know somebody new; no contact may be another customer's."""
    actor.require(Permission.CUSTOMER_WRITE)
    points = wanted.points()
    _require_free(session, points, None)
    at = now()
    customer = Customer(name=wanted.name, created_at=at, updated_at=at)
    session.add(customer)
    session.flush()
    _add_points(session, customer, points)
    events.append(session, actor, "customer.created", customer.record, {"contacts": len(points)})
    return customer


def get(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> Customer:
    """Return a customer; raise not-found before forbidden.

    A customer is the whole chain's, and seen by the stores that dealt with them (S5).
    """
    customer = queries.customer(session, actor, public_id, for_update=for_update)
    if customer is None:
        raise Problem(CUSTOMER_NOT_FOUND, customer=public_id[:40])
    actor.require(Permission.CUSTOMER_READ)
    return customer


def get_open(session: Session, actor: Actor, public_id: str, permission: Permission) -> Customer:
    """Return a customer who can be changed, locked."""
    customer = get(session, actor, public_id, for_update=True)
    actor.require(permission)
    if customer.merged_into is not None or customer.erased_at is not None:
        how = _MERGED if customer.merged_into is not None else _ERASED
        raise Problem(NOT_A_CUSTOMER_NOW, customer=customer.public_id, how=how)
    return customer


def require_own_stores_alone(session: Session, actor: Actor, *customers: Customer) -> None:
    """Raise the customer-of-other-stores problem where an act on all of a customer goes beyond the actor's stores.

    To see a customer takes one common store; to hand out, merge or erase everything, all of theirs (S5).
    """
    if actor.stores is None:
        return
    for customer in customers:
        if not queries.stores_of(session, customer.id) <= actor.stores:
            raise Problem(OTHER_STORES_TOO, customer=customer.public_id)


def note_access(session: Session, actor: Actor, customers: Iterable[Customer], kind: str) -> None:
    """Log that somebody read personal data (M1): one event for each customer."""
    events.append_each(session, actor, kind, [customer.record for customer in customers], {"by": actor.person})


def note_access_to(session: Session, actor: Actor, customer_ids: Iterable[int], kind: str) -> None:
    """Log that somebody read the contact of customers, known by their row's number, elsewhere than in their records."""
    records = [("customer", numbered(CUSTOMER_PREFIX, one)) for one in customer_ids]
    events.append_each(session, actor, kind, records, {"by": actor.person})


def change(session: Session, actor: Actor, public_id: str, wanted: CustomerChange, expected: Precondition) -> Customer:
    """Change a name, or replace the telephone numbers or addresses."""
    customer = get_open(session, actor, public_id, Permission.CUSTOMER_WRITE)
    expected.check(customer.version)
    _require_reachable(session, customer, wanted)
    changed = []
    if wanted.name is not None and wanted.name != customer.name:
        customer.name = wanted.name
        changed.append("name")
    for kind, values in (("phone", wanted.phones), ("email", wanted.emails)):
        if values is not None and _replace(session, customer, kind, values):
            changed.append(kind)
    if changed:
        customer.updated_at = now()
        session.flush()
        events.append(session, actor, "customer.changed", customer.record, {"changed": changed})
    return customer


def add_purchase(
    session: Session, actor: Actor, public_id: str, wanted: NewPurchase
) -> tuple[Customer, Purchase, bool]:
    """Record a purchase and compute the tier; the same again changes nothing. Return whether it is new."""
    customer = get_open(session, actor, public_id, Permission.CUSTOMER_WRITE)
    found = queries.purchase(session, wanted.number)
    if found is not None:
        same = all(getattr(found, name) == value for name, value in wanted.model_dump().items())
        if found.customer_id != customer.id or not same:
            raise Problem(PURCHASE_TAKEN, number=wanted.number)
        return customer, found, False
    row = Purchase(customer_id=customer.id, **wanted.model_dump(), created_at=now())
    session.add(row)
    customer.spent_minor += wanted.amount_minor
    customer.purchases += 1
    session.flush()
    facts = {"number": row.number, "amount_minor": row.amount_minor, "currency": row.currency}
    events.append(session, actor, "customer.purchased", customer.record, facts)
    recompute_tier(session, customer, actor)
    return customer, row, True


def take_back_purchase(session: Session, actor: Actor, public_id: str, number: str) -> Customer:
    """Forget a purchase, as its goods came back."""
    customer = get_open(session, actor, public_id, Permission.CUSTOMER_WRITE)
    row = queries.purchase(session, number)
    if row is None or row.customer_id != customer.id:
        raise Problem(PURCHASE_NOT_FOUND, customer=public_id, number=number[:64])
    customer.spent_minor -= row.amount_minor
    customer.purchases -= 1
    session.delete(row)
    session.flush()
    events.append(session, actor, "customer.purchase_taken_back", customer.record, {"number": number})
    recompute_tier(session, customer, actor)
    return customer


def recompute_tier(session: Session, customer: Customer, actor: Actor) -> bool:
    """Give the customer the tier that the purchases reach (M2), and open tickets their new priority."""
    policy = tiers.in_force(session)
    since = None if policy.within_days is None else now().date() - timedelta(days=policy.within_days)
    spent, count = queries.bought(session, customer.id, since)
    tier = policy.tier(spent, count)
    name = tier.name if tier is not None else None
    if name == customer.tier:
        return False
    before, customer.tier = customer.tier, name
    customer.updated_at = now()
    session.flush()
    events.append(session, actor, "customer.tier_changed", customer.record, {"from": before, "to": name})
    rejudging.rejudge_customer(session, customer.id)
    return True


def recompute_tiers(session: Session, limit: int = 1000, after: int = 0) -> tuple[int, int | None]:
    """Compute the tiers of customers who bought something, by number after ``after``; return (changed, go on after).

    Tiers fall as purchases get old, and change with the policy: a job calls this until nothing is left.
    """
    found = queries.customers_who_bought(session, after, limit)
    changed = sum(recompute_tier(session, customer, DISPATCHER) for customer in found)
    return changed, found[-1].id if len(found) == limit else None


def merge(session: Session, actor: Actor, public_id: str, into: str) -> Customer:
    """Make two records of one person one (M1): everything goes to ``into``, the other names it from now on."""
    first, second = sorted((public_id, into))
    locked = {one: get_open(session, actor, one, Permission.CUSTOMER_MERGE) for one in (first, second)}
    customer, target = locked[public_id], locked[into]
    if customer is target:
        words: Words = {"en": "name the record that goes on", "zh-CN": "请填写要保留的另一条记录"}
        raise Problem(INTO_ITSELF, errors=(FieldError("#/into", words),), customer=into)
    require_own_stores_alone(session, actor, customer, target)
    moved = queries.move_everything(session, customer.id, target.id)
    at = now()
    target.spent_minor += customer.spent_minor
    target.purchases += customer.purchases
    customer.spent_minor = customer.purchases = 0
    customer.name, customer.tier, customer.merged_into = None, None, target.id
    customer.updated_at = target.updated_at = at
    session.flush()
    events.append(session, actor, "customer.merged", customer.record, {"into": target.public_id, **moved})
    events.append(session, actor, "customer.absorbed", target.record, {"from": customer.public_id, **moved})
    recompute_tier(session, target, actor)
    return target


def _require_reachable(session: Session, customer: Customer, wanted: CustomerChange) -> None:
    """Raise the no-contact problem for a change that takes the last way to reach a customer."""
    given = {"phone": wanted.phones, "email": wanted.emails}
    emptied = [kind for kind, values in given.items() if values == []]
    if not emptied or any(given.values()):
        return
    if not any(one.kind not in emptied for one in queries.contact_points(session, customer.id)):
        words: Words = {"en": "give a telephone number or an e-mail address", "zh-CN": "请填写电话或电子邮箱"}
        errors = [FieldError(f"#/{kind}s", words) for kind in emptied]
        raise Problem(NO_CONTACT, errors=errors, customer=customer.public_id)


def _replace(session: Session, customer: Customer, kind: str, values: Sequence[str]) -> bool:
    facts = [ContactFacts("", one, None) if kind == "phone" else ContactFacts("", None, one) for one in values]
    points = [point for one in facts for point in one.points()]
    there = {one.key: one for one in queries.contact_points(session, customer.id) if one.kind == kind}
    wanted = {key: (kind, value, key) for _, value, key in points}
    if {key: one.value for key, one in there.items()} == {key: value for key, (_, value, _) in wanted.items()}:
        return False
    _require_free(session, list(wanted.values()), customer.id)
    for point in there.values():
        session.delete(point)
    session.flush()
    _add_points(session, customer, wanted.values())
    return True


def _require_free(session: Session, points: Sequence[tuple[str, str, str]], own: int | None) -> None:
    owners = queries.owners(session, [(kind, key) for kind, _, key in points])
    taken = {pair: owner for pair, owner in owners.items() if owner.id != own}
    if not taken:
        return
    errors = []
    for (kind, _), owner in taken.items():
        words: Words = {"en": f"it is {owner.public_id}'s", "zh-CN": f"已属于 {owner.public_id}"}
        errors.append(FieldError(f"#/{kind}s", words))
    names = ", ".join(sorted({owner.public_id for owner in taken.values()}))
    raise Problem(CONTACT_TAKEN, errors=errors, customers=names)


def _add_points(session: Session, customer: Customer, points: Iterable[tuple[str, str, str]]) -> None:
    for kind, value, key in points:
        session.add(ContactPoint(customer_id=customer.id, kind=kind, value=value, key=key))
    session.flush()

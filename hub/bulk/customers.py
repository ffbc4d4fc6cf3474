"""Customers as rows of a file."""

from sqlalchemy.orm import Session

from hub.bulk.tables import NUMBER, Column, Rows, Table, Taken
from hub.customers import queries, service
from hub.customers.schemas import NewCustomer
from hub.identity.actors import Actor
from hub.identity.permissions import Permission


def _take(session: Session, actor: Actor, body: NewCustomer) -> Taken:
    actor.require(Permission.CUSTOMER_WRITE)
    owners = {one.id: one for one in queries.owners(session, [(k, key) for k, _, key in body.points()]).values()}
    if len(owners) == 1:
        (known,) = owners.values()
        return known.public_id, False
    return service.create(session, actor, body).public_id, True


def _rows(session: Session, actor: Actor, after: int, limit: int) -> Rows:
    found = queries.customers_after(session, actor, after, limit)
    service.note_access(session, actor, found, "customer.exported")
    points = queries.contact_points_of(session, [one.id for one in found])
    rows: Rows = []
    for one in found:
        mine = points.get(one.id, ())
        ways = [";".join(point.value for point in mine if point.kind == kind) for kind in ("phone", "email")]
        rows.append([one.public_id, one.name, *ways, one.tier, one.spent_minor, one.purchases, one.created_at])
    return rows


TABLE = Table(
    prefix="C",
    imported=(
        Column("name", "姓名", ("name",)),
        Column("phones", "电话", ("phones",), is_list=True),
        Column("emails", "邮箱", ("emails",), is_list=True),
    ),
    exported=(
        NUMBER,
        Column("name", "姓名"),
        Column("phones", "电话"),
        Column("emails", "邮箱"),
        Column("tier", "会员等级"),
        Column("spent_minor", "消费额（分）"),
        Column("purchases", "购买次数"),
        Column("created_at", "建档时间"),
    ),
    body=NewCustomer,
    may_import=Permission.CUSTOMER_WRITE,
    may_export=Permission.CUSTOMER_EXPORT,
    take=_take,
    rows=_rows,
)

"""One function per command on stores."""

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.etags import Precondition
from hub.core.i18n import Words
from hub.core.problems import FieldError, Problem, ProblemType
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.stores import queries
from hub.stores.models import Store
from hub.stores.schemas import NewStore, StoreChange

STORE_NOT_FOUND = ProblemType(
    "store-not-found",
    404,
    {"en": "No such store", "zh-CN": "门店不存在"},
    {"en": "There is no store {store} that you may see.", "zh-CN": "没有您可查看的门店 {store}。"},
)
STORE_EXISTS = ProblemType(
    "store-exists",
    409,
    {"en": "The store's code is taken", "zh-CN": "门店代码已被使用"},
    {
        "en": "The code {store} belongs to a store already, perhaps a closed one; choose another.",
        "zh-CN": "代码 {store} 已属于某门店（可能已停业），请另选代码。",
    },
)
UNKNOWN_STORES = ProblemType(
    "unknown-stores",
    422,
    {"en": "There are no such stores", "zh-CN": "门店不存在"},
    {"en": "No store has the code {stores}; make it first.", "zh-CN": "没有代码为 {stores} 的门店，请先创建。"},
)
STORE_CLOSED = ProblemType(
    "store-closed",
    422,
    {"en": "The store is closed", "zh-CN": "门店已停业"},
    {
        "en": "The store {stores} is closed: nothing new begins there; name an open one, or open it again first.",
        "zh-CN": "门店 {stores} 已停业，不能新建业务；请选择营业中的门店，或先重新开业。",
    },
)
_AMONG: Words = {"en": "use a code of GET /api/v1/stores", "zh-CN": "请使用 GET /api/v1/stores 中的代码"}
_OPEN: Words = {"en": "name a store that is open", "zh-CN": "请选择营业中的门店"}


def create(session: Session, actor: Actor, wanted: NewStore) -> Store:
    """Open a store."""
    actor.require(Permission.STORE_WRITE)
    if queries.existing(session, [wanted.code]):
        raise Problem(STORE_EXISTS, store=wanted.code)
    store = Store(**wanted.model_dump(), created_at=now())
    session.add(store)
    session.flush()
    events.append(session, actor, "store.created", ("store", store.code), {"name": store.name})
    return store


def get(session: Session, actor: Actor, code: str, *, for_update: bool = False) -> Store:
    """Return a store that ``actor`` may see; raise not-found before forbidden."""
    store = queries.visible_store(session, actor, code, for_update=for_update)
    if store is None:
        raise Problem(STORE_NOT_FOUND, store=code[:64])
    actor.require(Permission.STORE_READ)
    return store


def change(session: Session, actor: Actor, code: str, wanted: StoreChange, expected: Precondition) -> Store:
    """Change what is known of a store, or close it."""
    store = get(session, actor, code, for_update=True)
    actor.require(Permission.STORE_WRITE)
    expected.check(store.version)
    changes: dict[str, Any] = wanted.model_dump(exclude_unset=True, exclude={"closed"})
    if wanted.name is None:
        changes.pop("name", None)
    if wanted.closed is not None and wanted.closed != (store.closed_at is not None):
        changes["closed_at"] = now() if wanted.closed else None
    changes = {name: value for name, value in changes.items() if getattr(store, name) != value}
    for name, value in changes.items():
        setattr(store, name, value)
    if changes:
        session.flush()
        events.append(session, actor, "store.changed", ("store", store.code), {"changed": sorted(changes)})
    return store


def check_open(session: Session, codes: Collection[str], where: str) -> None:
    """Raise the unknown-stores or store-closed problem unless each of ``codes`` is a store that is open.

    ``where`` is the place in the request that names them.
    """
    found = queries.existing(session, codes)
    unknown = sorted(set(codes) - found.keys())
    if unknown:
        raise Problem(UNKNOWN_STORES, errors=(FieldError(where, _AMONG),), stores=", ".join(unknown)[:400])
    closed = sorted(code for code, closed_at in found.items() if closed_at is not None)
    if closed:
        raise Problem(STORE_CLOSED, errors=(FieldError(where, _OPEN),), stores=", ".join(closed)[:400])

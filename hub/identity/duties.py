"""Whom a record can name: somebody who works for its store, and whose role may do what they are named for (S5, H1)."""

from sqlalchemy.orm import Session

from hub.core.i18n import Words
from hub.core.problems import FieldError, Problem, ProblemType
from hub.identity import queries, users, words
from hub.identity.actors import Actor
from hub.identity.permissions import Permission, Role, may

UNKNOWN_PERSON = ProblemType(
    "unknown-person",
    422,
    {"en": "There is no such person", "zh-CN": "人员不存在"},
    {
        "en": "No enabled account has the number {person}; see GET /api/v1/users.",
        "zh-CN": "没有编号为 {person} 的有效账号，请查看 GET /api/v1/users。",
    },
)
PERSON_UNFIT = ProblemType(
    "person-unfit",
    422,
    {"en": "The person cannot be named for this", "zh-CN": "该人员不能承担此事"},
    {"en": "{person}: {reason}.", "zh-CN": "{person}：{reason}。"},
)
UNKNOWN: Words = {
    "en": "name the number of a user who works here, such as U-000007; see GET /api/v1/users",
    "zh-CN": "请填写在职用户的编号，例如 U-000007；见 GET /api/v1/users",
}


def objection(session: Session, actor: Actor, person: str, store: str | None, permission: Permission) -> Words | None:
    """Return why ``person`` cannot be named for a record of ``store`` (``None``: of the whole chain).

    Who works for all stores works for this one. Of people whom ``actor`` does not see, and who cannot be named, nothing
    is told but what is told of a number that nobody has.
    """
    user = queries.user(session, person)
    if user is None or user.disabled_at is not None:
        return UNKNOWN
    here = user.stores is None or (store is not None and store in user.stores)
    able = may(Role(user.role), permission)
    if not (here and able) and not users.visible(actor, user):
        return UNKNOWN
    if not here and store is not None:
        return {
            "en": f"they do not work for the store {store}; name somebody who does",
            "zh-CN": f"不在门店 {store} 任职；请填写该门店的人员",
        }
    if not able:
        role, wanted = words.role(Role(user.role)), words.permission(permission)
        return {
            "en": f"the role {role['en']} lacks the permission {wanted['en']}; name somebody whose role has it",
            "zh-CN": f"角色{role['zh-CN']}没有权限：{wanted['zh-CN']}；请填写有此权限的人员",
        }
    return None


def require_fit(
    session: Session, actor: Actor, person: str, store: str | None, permission: Permission, *, where: str
) -> None:
    """Raise the unknown-person or person-unfit problem; ``where`` is the place in the request that names the person."""
    reason = objection(session, actor, person, store, permission)
    if reason is not None:
        kind = UNKNOWN_PERSON if reason is UNKNOWN else PERSON_UNFIT
        raise Problem(kind, errors=(FieldError(where, reason),), person=person[:40], reason=reason)


def require_colleague(session: Session, actor: Actor, person: str, where: str) -> None:
    """Raise the unknown-person problem unless ``person`` has an enabled account within the stores of ``actor``."""
    user = queries.user(session, person)
    if user is None or user.disabled_at is not None or not users.visible(actor, user):
        raise Problem(UNKNOWN_PERSON, errors=(FieldError(where, UNKNOWN),), person=person[:40])

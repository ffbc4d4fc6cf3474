"""Nobody gives what they do not have: which roles, stores and scopes an actor may hand on."""

from collections.abc import Collection

from hub.core.problems import Problem, ProblemType
from hub.identity.actors import Actor
from hub.identity.permissions import ROLE_PERMISSIONS, Permission, Role

GRANT_TOO_WIDE = ProblemType(
    "grant-too-wide",
    403,
    {"en": "You cannot give more than you have", "zh-CN": "不能授予超出自身的权限"},
    {
        "en": "The role, the stores or the scopes reach further than your own; ask somebody who has them.",
        "zh-CN": "所授角色、门店或范围超出您自身的权限，请联系拥有该权限的人员。",
    },
)


def check_grant(
    actor: Actor, role: Role, stores: Collection[str] | None, scopes: Collection[Permission] | None = None
) -> None:
    """Raise the grant-too-wide problem when ``actor`` itself may do less, or in fewer stores.

    Only a bench may upload captures, so that permission comes with a bench's key and from nobody.
    """
    given = ROLE_PERMISSIONS[role] - {Permission.CAPTURE_UPLOAD}
    if scopes is not None:
        given &= frozenset(scopes)
    within_stores = actor.stores is None or (stores is not None and actor.stores.issuperset(stores))
    if not within_stores or not given <= actor.permissions:
        raise Problem(GRANT_TOO_WIDE)

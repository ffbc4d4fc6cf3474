"""The actor: whoever does something, as every service sees it."""

from dataclasses import dataclass

from hub.core.problems import Problem, ProblemType
from hub.identity import words
from hub.identity.permissions import ROLE_PERMISSIONS, Permission, Role

FORBIDDEN = ProblemType(
    "forbidden",
    403,
    {"en": "Not allowed", "zh-CN": "没有权限"},
    {
        "en": "The role {role} does not have the permission {permission}.",
        "zh-CN": "角色{role}没有权限：{permission}。",
    },
)
OUTSIDE_SCOPES = ProblemType(
    "outside-scopes",
    403,
    {"en": "The key was not made for this", "zh-CN": "密钥未授权此操作"},
    {
        "en": "The key's scopes do not hold {permission}; make another key with this scope.",
        "zh-CN": "密钥的授权范围不含：{permission}；请另建包含该范围的密钥。",
    },
)
PASSWORD_CHANGE_NEEDED = ProblemType(
    "password-change-needed",
    403,
    {"en": "First choose a password of your own", "zh-CN": "请先设置自己的密码"},
    {
        "en": "Somebody else knows your password; change it with PUT /api/v1/me/password.",
        "zh-CN": "您的密码由他人设置；请通过 PUT /api/v1/me/password 修改。",
    },
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. ``kind`` says what ``id`` is: a person (``user``), an API key (``key``), a bench over MQTT
    (``bench``), ourselves (``system``).

    ``bench`` is set for actors that are bound to one bench: they see and do only what concerns it.
    ``stores`` are the codes of the stores whose records the actor sees and changes; ``None``: every store's (S5).
    ``scopes`` narrow what the role allows; ``None``: all of it. ``session`` names a person's session, and who has to
    change a given password first may do nothing else.
    ``person`` tells people apart where an act needs two: a key made by a user counts as that user.
    """

    kind: str
    id: str
    name: str
    role: Role
    bench: str | None = None
    stores: frozenset[str] | None = None
    scopes: frozenset[Permission] | None = None
    session: str | None = None
    must_change_password: bool = False
    made_by: str | None = None

    @property
    def person(self) -> str:
        """Whose act it is, e.g. ``user:U-000007``."""
        return self.made_by or f"{self.kind}:{self.id}"

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything that the actor may do."""
        if self.must_change_password:
            return frozenset()
        allowed = ROLE_PERMISSIONS[self.role]
        return allowed if self.scopes is None else allowed & self.scopes

    def may(self, permission: Permission) -> bool:
        """Return whether the actor has ``permission``."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise the forbidden problem unless the actor has ``permission``."""
        if self.must_change_password:
            raise Problem(PASSWORD_CHANGE_NEEDED)
        if permission not in ROLE_PERMISSIONS[self.role]:
            raise Problem(FORBIDDEN, role=words.role(self.role), permission=words.permission(permission))
        if self.scopes is not None and permission not in self.scopes:
            raise Problem(OUTSIDE_SCOPES, permission=words.permission(permission))

    def sees_store(self, store: str | None) -> bool:
        """Return whether records of ``store`` exist for the actor; ``None`` is the whole chain's."""
        return self.stores is None or store in self.stores


def bench_actor(bench: str, operator: str | None) -> Actor:
    """Return the actor of what a technician did at a bench, known by the bench's broker credential."""
    return Actor(kind="bench", id=bench, name=operator or bench, role=Role.BENCH, bench=bench)


def command_line_actor() -> Actor:
    """Return the actor of commands that an administrator gives on the hub's own machine."""
    return Actor(kind="system", id="command-line", name="command line", role=Role.ADMIN)

"""The actor: whoever does something, as every service sees it."""

from dataclasses import dataclass

from hub.core.problems import Problem, ProblemType
from hub.identity.permissions import Permission, Role, may

FORBIDDEN = ProblemType(
    "forbidden",
    403,
    {"en": "Not allowed", "zh-CN": "没有权限"},
    {
        "en": "The role {role} does not have the permission {permission}.",
        "zh-CN": "角色 {role} 没有权限 {permission}。",
    },
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. ``kind`` says what ``id`` is: an API key (``key``), a bench over MQTT (``bench``), us (``system``).

    ``bench`` is set for actors that are bound to one bench: they see and do only what concerns it.
    """

    kind: str
    id: str
    name: str
    role: Role
    bench: str | None = None

    def may(self, permission: Permission) -> bool:
        """Return whether the actor's role has ``permission``."""
        return may(self.role, permission)

    def require(self, permission: Permission) -> None:
        """Raise the forbidden problem unless the actor's role has ``permission``."""
        if not self.may(permission):
            raise Problem(FORBIDDEN, role=self.role.value, permission=permission.value)


def bench_actor(bench: str, operator: str | None) -> Actor:
    """Return the actor of what a technician did at a bench, known by the bench's broker credential."""
    return Actor(kind="bench", id=bench, name=operator or bench, role=Role.BENCH, bench=bench)


def command_line_actor() -> Actor:
    """Return the actor of commands that an administrator gives on the hub's own machine."""
    return Actor(kind="system", id="command-line", name="command line", role=Role.ADMIN)

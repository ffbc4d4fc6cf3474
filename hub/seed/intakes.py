"""The tickets of the year: how many of each kind, when, and about what."""

from collections.abc import Callable, Iterator
from datetime import datetime

from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.seed import desk, repairs
from hub.seed.scene import Owned, Scene, in_hours
from hub.seed.timeline import Life
from hub.tickets.kinds import Kind

LIVES: dict[Kind, tuple[int, Callable[[Scene, Owned, Actor], Life]]] = {
    Kind.REPAIR: (62, repairs.repair),
    Kind.CONSULTATION: (12, desk.consultation),
    Kind.RETURN_EXCHANGE: (7, desk.return_exchange),
    Kind.INSTALLATION: (6, desk.installation),
    Kind.UPGRADE: (5, repairs.upgrade),
    Kind.INSPECTION: (4, desk.inspection),
    Kind.COMPLAINT: (4, desk.complaint),
}
"""How many of a hundred tickets are of each kind, and how one of them goes."""


def fill_tickets(scene: Scene) -> None:
    """Let the tickets come, more of them as more devices are out."""
    kinds = [kind for kind, (share, _) in LIVES.items() for _ in range(share)]
    span = scene.end - scene.begin
    for _ in range(scene.size.tickets):
        moment = min(in_hours(scene.begin + span * (0.02 + 0.98 * scene.dice.random() ** 0.7)), scene.end)
        owned = _sold_before(scene, moment)
        scene.timeline.begin(_ticket(scene, scene.some(kinds), owned, moment))


def _ticket(scene: Scene, kind: Kind, owned: Owned, moment: datetime) -> Iterator[datetime]:
    yield moment
    yield from LIVES[kind][1](scene, owned, scene.one(owned.shop, Role.COUNTER))


def _sold_before(scene: Scene, moment: datetime) -> Owned:
    """Return a device that is out by then, or else one that is about to be: some customers ask before they buy."""
    owned = scene.some(scene.devices)
    for _ in range(100):
        if owned.sold_at < moment:
            break
        owned = scene.some(scene.devices)
    return owned

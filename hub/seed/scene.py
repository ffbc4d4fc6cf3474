"""What all shares of the seed use: the sizes, the dice, the people, and the time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy.orm import Session

from hub.identity.actors import Actor, command_line_actor
from hub.identity.permissions import Role
from hub.seed.timeline import Timeline
from hub.tickets.schemas import Contact

T = TypeVar("T")
SHANGHAI = ZoneInfo("Asia/Shanghai")
OPENS, CLOSES = timedelta(hours=9, minutes=30), timedelta(hours=20, minutes=30)


@dataclass(frozen=True, slots=True)
class Size:
    """How big the chain is."""

    stores: int = 5
    staff: int = 21
    devices: int = 2000
    tickets: int = 1000
    days: int = 365


@dataclass(slots=True)
class Bench:
    """A bench, its spool, and who works at it."""

    name: str
    epoch: str
    operator: str
    seq: int = 0


@dataclass(slots=True)
class Shop:
    """A store with its people and benches."""

    code: str
    region: str
    people: dict[Role, list[Actor]] = field(default_factory=dict)
    benches: list[Bench] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Owned:
    """A device in a customer's hands, near a store."""

    model: dict[str, Any]
    serial: str
    contact: Contact
    shop: Shop
    sold_at: datetime


@dataclass(slots=True)
class Scene:
    """One seed while it is made. ``dice`` decide everything, so that one number decides everything."""

    session: Session
    dice: random.Random
    begin: datetime
    end: datetime
    size: Size
    password_hash: str
    timeline: Timeline
    admin: Actor = field(default_factory=command_line_actor)
    shops: list[Shop] = field(default_factory=list)
    devices: list[Owned] = field(default_factory=list)

    def some(self, among: Sequence[T]) -> T:
        """Return one of ``among``."""
        return among[self.dice.randrange(len(among))]

    def chance(self, probability: float) -> bool:
        """Return whether something happens that does so with ``probability``."""
        return self.dice.random() < probability

    def one(self, shop: Shop, *roles: Role) -> Actor:
        """Return somebody of the store with the first of these roles that anybody has there, or else the manager."""
        managers = [person for one in self.shops for person in one.people.get(Role.MANAGER, [])]
        found = next((people for role in roles if (people := shop.people.get(role))), managers)
        return self.some(found) if found else self.admin

    def after(self, moment: datetime, least_h: float, most_h: float) -> datetime:
        """Return a moment that many hours later, when the store is open."""
        return in_hours(moment + timedelta(hours=self.dice.uniform(least_h, most_h)))


def in_hours(moment: datetime) -> datetime:
    """Return ``moment``, or the same time span after the next opening when the store is closed then."""
    local = moment.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    since = local - midnight
    if since < OPENS:
        local = midnight + OPENS + since / 4
    elif since > CLOSES:
        local = midnight + timedelta(days=1) + OPENS + (since - CLOSES) / 4
    return local.astimezone(UTC)


@cache
def words() -> dict[str, Any]:
    """Return the made-up words."""
    text = Path(__file__).with_name("words.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found

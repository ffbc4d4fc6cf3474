"""Know customers by their contact points and devices by their serials again."""

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.database import insert_now
from hub.customers import queries
from hub.customers.models import Customer
from hub.events.service import News


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """How to reach somebody. ``name`` and one of the others at least."""

    name: str
    phone: str | None
    email: str | None

    def points(self) -> list[tuple[str, str, str]]:
        """Return (kind, value, key) of each way."""
        found = []
        if self.phone and (key := phone_key(self.phone)):
            found.append(("phone", self.phone, key))
        if self.email:
            found.append(("email", self.email, email_key(self.email)))
        return found


def phone_key(text: str) -> str:
    """Return a telephone number's normal form: digits alone, without China's country code."""
    digits = re.sub(r"\D", "", text)
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            return digits[len(prefix) :]
    return digits


def email_key(text: str) -> str:
    """Return an e-mail address's normal form."""
    return text.strip().casefold()


def recognise(session: Session, contact: ContactFacts) -> tuple[Customer | None, tuple[News, ...]]:
    """Return the customer who has one of the contact points, made new when nobody has; ``None`` without any.

    Besides it returns what the caller has to append to the events, where it is told with what else happened. When the
    points belong to several customers the telephone's is taken; ``queries.owners`` shows that they may be one.
    """
    points = contact.points()
    if not points:
        return None, ()
    keys = {kind: key for kind, _, key in points}
    owners = queries.owners_of(session, keys.get("phone"), keys.get("email"))
    customer = next((owners[kind, key] for kind, _, key in points if (kind, key) in owners), None)
    news: tuple[News, ...] = ()
    if customer is None:
        at = now()
        customer = Customer(name=contact.name, created_at=at, updated_at=at)
        insert_now(session, customer)
        news = (News("customer.created", customer.record, {}),)
    queries.add_contact_points(session, customer.id, [point for point in points if (point[0], point[2]) not in owners])
    return customer, news


def known_model(session: Session, model: str, serial: str) -> str:
    """Return how a device's model is spelt: one device does not become two by the case of its model's name."""
    return queries.known_model(session, model, serial) if model and serial else model


def register_device(session: Session, model: str, serial: str, customer: Customer | None) -> None:
    """Know the device with this serial from now on; it is whose ticket it comes with."""
    if model and serial:
        queries.register_device(session, model, serial, customer.id if customer is not None else None, now())

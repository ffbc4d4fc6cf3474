"""Customers and the devices that they bought over the year."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from hub.customers import registry
from hub.events import service as events
from hub.seed.chain import person
from hub.seed.scene import Owned, Scene, in_hours, words
from hub.tickets.schemas import Contact

ANOTHER_DEVICE = 0.25
"""How often a device belongs to somebody who has one already."""


def fill_devices(scene: Scene) -> None:
    """Sell the devices, each at its own time."""
    models = [model for model in words()["models"] for _ in range(model["share"])]
    for number in range(scene.size.devices):
        model = scene.some(models)
        if scene.devices and scene.chance(ANOTHER_DEVICE):
            before = scene.some(scene.devices)
            contact, shop = before.contact, before.shop
        else:
            mail = f"owner{number:05d}@example.com" if scene.chance(0.4) else None
            contact = Contact(
                name=person(scene), phone=f"+86 100 {number // 10000:04d} {number % 10000:04d}", email=mail
            )
            shop = scene.some(scene.shops)
        serial = f"{model['model'].replace('-', '')}{scene.dice.randrange(10)}{number:06d}"
        span = (scene.end - scene.begin) * (scene.dice.random() ** 2 * 0.9)
        owned = Owned(model, serial, contact, shop, in_hours(scene.begin + timedelta(hours=1) + span))
        scene.devices.append(owned)
        scene.timeline.begin(_sold(scene, owned))


def _sold(scene: Scene, owned: Owned) -> Iterator[datetime]:
    yield owned.sold_at
    contact = registry.ContactFacts(owned.contact.name, owned.contact.phone, owned.contact.email)
    customer, news = registry.recognise(scene.session, contact)
    events.append_all(scene.session, scene.admin, news)
    registry.register_device(scene.session, owned.model["model"], owned.serial, customer)

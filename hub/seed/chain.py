"""The chain itself: stores, people, benches with their skills and shifts."""

from datetime import timedelta

from hub.dispatch import roster
from hub.dispatch.schemas import CertificateIn, NewShift, WorkplaceIn
from hub.fleet import service as fleet
from hub.identity import users
from hub.identity.permissions import Role
from hub.identity.service import user_actor
from hub.seed.scene import Bench, Scene, Shop, in_hours, words
from hub.stores import service as stores
from hub.stores.schemas import NewStore

ROSTER_DAYS = 7
SKILLS = ("board_repair", "firmware", "inspection")
PLACES = {Role.COUNTER: ("desk", "service", 2), Role.SUPERVISOR: ("field", "inspection", 4)}
"""Where those work who are at no bench: the group of the workplace, the skill it takes, and their level."""
TEAM = (Role.COUNTER, Role.TECHNICIAN, Role.SENIOR_TECHNICIAN, Role.SUPERVISOR, Role.TECHNICIAN, Role.COUNTER)
"""Who joins a store, in this order."""


def fill_stores(scene: Scene) -> None:
    """Open the stores."""
    known = words()["stores"]
    for number in range(scene.size.stores):
        told = known[number % len(known)]
        code = told["code"] if number < len(known) else f"{told['code']}-{number // len(known) + 1}"
        wanted = NewStore(
            code=code, name=told["name"], city=told["city"], address=told["address"], phone=f"100-5550-{number:04d}"
        )
        stores.create(scene.session, scene.admin, wanted)
        scene.shops.append(Shop(code, told["region"]))


def fill_people(scene: Scene) -> None:
    """Give every store its team, and the chain one manager; all have the password that was given."""
    for number in range(scene.size.staff):
        shop = scene.shops[number % len(scene.shops)]
        role = Role.MANAGER if number == scene.size.staff - 1 else TEAM[number // len(scene.shops) % len(TEAM)]
        user = users.create(
            scene.session,
            scene.admin,
            login=f"{role.value.replace('_', '-')}-{number + 1:02d}",
            name=person(scene),
            role=role,
            password_hash=scene.password_hash,
            stores=None if role is Role.MANAGER else [shop.code],
            must_change_password=False,
        )
        shop.people.setdefault(role, []).append(user_actor(user))


def fill_benches(scene: Scene) -> None:
    """Put two benches, a desk and a place for visits into each store, certify who works there, and plan the week that
    follows the end.
    """
    number = 0
    for shop in scene.shops:
        workers = [one for role in (Role.TECHNICIAN, Role.SENIOR_TECHNICIAN) for one in shop.people.get(role, [])]
        for group in ("board", "firmware"):
            number += 1
            name = f"bench-{number:02d}"
            fleet.register(scene.session, name)
            place = WorkplaceIn(store=shop.code, region=shop.region, skill_group=group, capacity=12)
            roster.put_workplace(scene.session, scene.admin, name, place)
            operator = workers[number % len(workers)].name if workers else person(scene)
            shop.benches.append(Bench(name, f"{scene.dice.getrandbits(128):032x}", operator))
        for place_number, worker in enumerate(workers):
            level = 4 if worker.role is Role.SENIOR_TECHNICIAN else 2
            for skill in SKILLS:
                roster.put_certificate(scene.session, scene.admin, worker.id, skill, CertificateIn(level=level))
            _roster(scene, worker.id, shop.benches[place_number % 2].name)
        for role, (group, skill, level) in PLACES.items():
            name = f"{group}-{shop.code}"
            fleet.register(scene.session, name)
            place = WorkplaceIn(store=shop.code, region=shop.region, skill_group=group, capacity=12)
            roster.put_workplace(scene.session, scene.admin, name, place)
            for one in shop.people.get(role, []):
                roster.put_certificate(scene.session, scene.admin, one.id, skill, CertificateIn(level=level))
                _roster(scene, one.id, name)


def _roster(scene: Scene, who: str, bench: str) -> None:
    today = scene.end.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(ROSTER_DAYS):
        starts_at = in_hours(today + timedelta(days=day))
        shift = NewShift(bench=bench, person=who, starts_at=starts_at, ends_at=starts_at + timedelta(hours=9))
        roster.add_shift(scene.session, scene.admin, shift)


def person(scene: Scene) -> str:
    """Return a name."""
    surnames, given = words()["surnames"].split(), words()["given"].split()
    return f"{scene.some(surnames)}{scene.some(given)}"

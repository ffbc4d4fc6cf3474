"""Sensitive acts over their whole way: no account, an administrator's included, takes two of their steps (S1, R7).

Each way is walked with every assignment of three persons to its steps. It ends exactly when no person stands twice
among the steps that need different people, whatever the roles, and through keys that a person made as well.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import pytest
from databases import NewDatabase

from hub.core.clock import now
from hub.core.database import Database
from hub.core.problems import Problem
from hub.identity import users
from hub.identity.actors import Actor, command_line_actor
from hub.identity.permissions import Role
from hub.identity.service import user_actor
from hub.tickets import service
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket

pytestmark = pytest.mark.any_database

CLERK = Actor("system", "clerk", "clerk", Role.ADMIN)
"""Who takes the steps that anybody may take."""


@dataclass(frozen=True)
class Way:
    """A sensitive act: ``steps`` are (action, details, whether it needs somebody else than the others that do)."""

    kind: Kind
    steps: tuple[tuple[str, dict[str, Any], bool], ...]


WAYS = {
    "refund": Way(
        Kind.RETURN_EXCHANGE,
        (
            ("taken", {}, False),
            ("propose", {"decision": "refund", "reason": "dead on arrival"}, True),
            ("approve", {}, True),
            ("fulfil", {}, True),
        ),
    ),
    "compensation": Way(
        Kind.COMPLAINT,
        (
            ("classify", {"complaint_class": "logistics"}, False),
            ("name_owner", {"owner": "U-000001"}, False),
            ("taken", {}, False),
            ("finding", {"text": "the box was wet"}, False),
            ("conclude", {"cause": "carrier", "because": "wet box"}, False),
            ("request_compensation", {"compensation_minor": 100, "offer": "postage"}, True),
            ("grant", {}, True),
            ("agree", {"how": "phone"}, False),
            ("fulfil", {}, True),
        ),
    ),
}


@pytest.fixture(scope="module")
def acts_database(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with new_database(tmp_path_factory.mktemp("acts")) as url:
        database = Database(url)
        with database.write() as session:
            users.create(
                session,
                command_line_actor(),
                login="han.meimei",
                name="韩梅梅",
                role=Role.COUNTER,
                stores=None,
                password_hash="x",
                must_change_password=False,
            )
        yield database
        database.close()


def person(number: int, role: Role, *, by_key: bool) -> Actor:
    owner = f"user:U-{number:06d}"
    return Actor("key", f"key-{number}", "k", role, made_by=owner) if by_key else Actor("user", owner[5:], "n", role)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MANAGER, Role.SUPERVISOR])
@pytest.mark.parametrize("name", sorted(WAYS))
def test_three_steps_take_three_persons(acts_database: Database, name: str, role: Role) -> None:
    """S1, R7."""
    way = WAYS[name]
    sensitive = [action for action, _, needs_another in way.steps if needs_another]
    for assigned in itertools.product((1, 2, 3), repeat=len(sensitive)):
        for keys in ((False, False, False), (False, True, False)):
            who = {
                action: person(number, role, by_key=by_key)
                for action, number, by_key in zip(sensitive, assigned, keys, strict=True)
            }
            reached = _walk(acts_database, way, who)
            allowed = len(set(assigned)) == len(sensitive)
            assert (reached == "fulfil") == allowed, (name, assigned, keys, reached)


@pytest.mark.parametrize("name", sorted(WAYS))
def test_an_account_counts_as_who_can_use_it(acts_database: Database, name: str) -> None:
    """S1: who makes an account, or gives it another password, is not a second person by it, whoever of both begins."""
    admin = person(1, Role.ADMIN, by_key=False)
    with acts_database.write() as session:

        def account(login: str, maker: Actor) -> Actor:
            row = users.create(
                session, maker, login=f"{login}.{name}", name=login, role=Role.ADMIN, password_hash="x",
                must_change_password=False,
            )  # fmt: skip
            return user_actor(row)

        made, other = account("made", admin), account("other", command_line_actor())
        deep, reset = account("deep", made), account("reset", command_line_actor())
        users.reset_password(session, person(1, Role.ADMIN, by_key=True), reset.id, "y")
    first, second, *_ = [action for action, _, needs_another in WAYS[name].steps if needs_another]
    for puppet in (made, deep, reset):
        for one, another in ((admin, puppet), (puppet, admin)):
            assert _walk(acts_database, WAYS[name], {first: one, second: another}) != second, puppet.name
    third = person(4_000, Role.ADMIN, by_key=False)
    assert _walk(acts_database, WAYS[name], {first: admin, second: other, "fulfil": third}) == "fulfil"
    assert _walk(acts_database, WAYS[name], {first: other, second: admin, "fulfil": made}) != "fulfil", "nor pays"


def _walk(database: Database, way: Way, who: dict[str, Actor]) -> str:
    """Take the steps until one is refused; return the last that was taken."""
    taken = ""
    with database.write() as session:
        at = now()
        ticket = Ticket(
            kind=way.kind.value,
            state=State.NEW.value,
            priority=5,
            model="M",
            serial=token_hex(8),  # one device is refunded once
            symptom="s",
            created_at=at,
            updated_at=at,
        )
        session.add(ticket)
        session.flush()
        for action, details, _ in way.steps:
            try:
                service.apply(session, ticket, action, who.get(action, CLERK), details={"details": details})
            except Problem as problem:
                assert problem.kind.slug == "action-guarded", (action, problem)
                assert "colleague" in str(problem) or "person" in str(problem)
                return taken
            taken = action
    return taken

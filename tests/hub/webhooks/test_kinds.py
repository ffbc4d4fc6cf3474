"""Which families of events an endpoint can name."""

import re
from pathlib import Path

import hub
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.webhooks import kinds

KIND = re.compile(r'"([a-z_]+)\.(?:[a-z_]+"|\{)')
"""The kind of an event where the code has it: written out, or a family and what is filled in."""


def families_appended() -> set[str]:
    sources = (path.read_text("utf-8") for path in Path(hub.__file__).parent.rglob("*.py"))
    return {family for text in sources if "events.append(" in text for family in KIND.findall(text)}


def test_every_family_that_the_hub_appends_can_be_asked_for() -> None:
    """All but what happens to endpoints themselves, which would feed on its own deliveries."""
    found = families_appended()
    assert {"ticket", "soak", "sla", "webhook"} <= found, "the pattern still finds them"
    assert found - {"webhook"} <= set(kinds.RECORDS)


def test_alarms_of_monitoring_come_to_a_store() -> None:
    """D7: they are events of tickets."""
    clerk = Actor("key", "0123456789ab", "erp", Role.STORE_SYSTEM, stores=frozenset({"north"}))
    kinds.check(clerk, ["soak.alarm", "soak.*"])

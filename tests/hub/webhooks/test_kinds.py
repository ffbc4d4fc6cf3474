"""Which events an endpoint can name."""

import re
from pathlib import Path

import pytest

import hub
from hub.core.problems import Problem
from hub.identity.actors import Actor, command_line_actor
from hub.identity.permissions import Role
from hub.webhooks import kinds

APPENDS = ("events.append", "News(", "_tell(", "note_access", "service.note(")
KIND = re.compile(r'"([a-z_]+)\.(?:([a-z_]+)"|\{)')
"""The kind of an event where the code has it: written out, or a family and what is filled in."""


def appended() -> set[tuple[str, str]]:
    """Return family and name of every event that the source appends; the name is empty where it is filled in."""
    sources = (path.read_text("utf-8") for path in Path(hub.__file__).parent.rglob("*.py"))
    return {kind for text in sources if any(one in text for one in APPENDS) for kind in KIND.findall(text)}


def test_every_event_that_the_hub_appends_can_be_asked_for() -> None:
    """All but what happens to endpoints themselves, which would feed on its own deliveries."""
    found = {kind for kind in appended() if kind[0] != "webhook"}
    assert len(found) > 80, "the pattern still finds them"
    assert {family for family, _ in found} == kinds.FAMILIES.keys()
    unknown = {(family, name) for family, name in found if name and name not in kinds.FAMILIES[family].names}
    assert not unknown


def test_every_name_that_can_be_asked_for_is_appended() -> None:
    """But for actions of tables and the states that they lead to, which are filled in."""
    found = appended()
    filled_in = {family for family, name in found if not name}
    assert filled_in <= {"ticket", "appointment", "escalation", "article", "improvement_task", "notification"}
    for family in kinds.FAMILIES.keys() - filled_in - {"backup"}:  # the command line notes one of its events
        assert kinds.FAMILIES[family].names == {name for one, name in found if one == family}


@pytest.mark.parametrize("family", sorted(kinds.FAMILIES))
def test_a_misspelt_event_of_any_family_is_refused_with_those_there_are(family: str) -> None:
    names = kinds.FAMILIES[family].names
    kinds.check(command_line_actor(), [f"{family}.*", *(f"{family}.{name}" for name in names)])
    with pytest.raises(Problem) as refused:
        kinds.check(command_line_actor(), [f"{family}.*", f"{family}.creatd"])
    (error,) = refused.value.errors
    assert (error.where, min(names) in error.words["en"]) == ("#/events/1", True)


def test_alarms_of_monitoring_come_to_a_store() -> None:
    """D7: they are events of tickets."""
    clerk = Actor("key", "0123456789ab", "erp", Role.STORE_SYSTEM, stores=frozenset({"north"}))
    kinds.check(clerk, ["soak.alarm", "soak.*"])

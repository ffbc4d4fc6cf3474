"""A Chinese refusal is made of words: no bare code of a state, kind, action, role or permission, and no pattern."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import StringConstraints, TypeAdapter, ValidationError

import hub
from hub.app import create_app
from hub.core.formats import FORMATS
from hub.core.problems import Problem, ProblemType
from hub.core.settings import Settings
from hub.core.states import TransitionTable
from hub.core.validation import field_errors
from hub.dispatch import priority
from hub.identity import words
from hub.identity.actors import Actor
from hub.identity.permissions import ROLE_PERMISSIONS, Permission, Role
from hub.tickets import actions, completeness, guards, intake, items, kinds, service
from hub.tickets.items import Item
from hub.tickets.kinds import Channel, Kind, State, Urgency
from hub.tickets.models import Ticket
from hub.tickets.states import ADDRESSES, TABLES


def everything(kind: type) -> list[Any]:
    """Return each value of a type that some module of the hub declares."""
    found: dict[int, Any] = {}
    for module in pkgutil.walk_packages(hub.__path__, "hub."):
        if ".migrations" not in module.name:
            values = vars(importlib.import_module(module.name)).values()
            found |= {id(value): value for value in values if isinstance(value, kind)}
    return list(found.values())


TRANSITIONS: list[TransitionTable[Any, Any]] = everything(TransitionTable)
STATES = {state.value for table in TRANSITIONS for row in table.transitions for state in row.sources}
ACTIONS = {action for table in TRANSITIONS for action in table.actions}
CODES = STATES | ACTIONS | {one.value for kind in (Kind, State, Role, Permission, Urgency, Item) for one in kind}
"""What nobody should have to read in a Chinese sentence; behind its word, in brackets, it may stand."""
_WORD = re.compile("(?<![A-Za-z0-9_/.`-])[a-z][a-z_]*(?::[a-z_]+)?(?![A-Za-z0-9_/`=-])")
_DRESSED = re.compile("（[a-z][a-z_:]*）|“[a-z][a-z_:]*”")


def bare(sentence: str) -> list[str]:
    """Return the codes that stand in a sentence by themselves."""
    return [found for found in _WORD.findall(_DRESSED.sub("", sentence)) if found in CODES]


def looks_like_a_pattern(sentence: str) -> bool:
    """Whether a sentence shows a regular expression."""
    return re.search(r"\[[^\]]*-[^\]]*\]|\(\?|\\[swd]|\{\d+,\d*\}|\^.*\$", sentence) is not None


def refusals() -> Iterator[str]:
    """Give what is said of each action in each state to an actor who may do nothing: no refusal reaches a database."""
    nobody = Actor("key", "K", "nobody", Role.BENCH, scopes=frozenset())
    for kind, table in TABLES.items():
        for state in State:
            ticket = Ticket(id=1, kind=kind.value, state=state.value)
            for action in sorted(ACTIONS | {"frobnicate"}):
                with pytest.raises(Problem) as refused:
                    service.apply(None, ticket, action, nobody)  # type: ignore[arg-type]
                yield refused.value.sentence("zh-CN")
                if table.find(state, action) is None:
                    assert refused.value.kind is service.ACTION_NOT_POSSIBLE


def test_every_refused_action_of_a_ticket_is_told_in_words() -> None:
    told = list(refusals())
    assert len(told) > 5000
    assert [sentence for sentence in told if bare(sentence)] == []
    assert sum("“frobnicate”" in one for one in told) == len(TABLES) * len(State), "what nobody knows is quoted"


def test_every_other_table_tells_its_states_and_actions_in_words() -> None:
    assert len(TRANSITIONS) == 14
    for table in TRANSITIONS:
        states = {state for row in table.transitions for state in (*row.sources, row.target) if state is not None}
        for state in states:
            for action in table.actions:
                said = table.refusal(state, action)
                assert not any(bare(one["zh-CN"]) for one in said.values()), said
                assert said["state"]["en"] == state.value


def test_every_role_and_permission_has_words() -> None:
    for role in Role:
        actor = Actor("key", "K", "key", role)
        for permission in Permission:
            limited = Actor("key", "K", "key", role, scopes=frozenset())
            with pytest.raises(Problem) as refused:
                (limited if permission in ROLE_PERMISSIONS[role] else actor).require(permission)
            sentence = refused.value.sentence("zh-CN")
            assert not bare(sentence) and words.PERMISSIONS[permission]["zh-CN"] in sentence


def test_intakes_guards_details_and_priorities_are_told_in_words() -> None:
    told = [words["zh-CN"] for error in items.field_errors(Item) for words in [error.words]]
    told += [items.names(Item)["zh-CN"]]
    absent = guards.Facts(
        missing_intake=tuple(Item),
        proposed_by="x",
        approved_by="x",
        actor="x",
        refund=True,
        refusal=True,
        refunded_with="T-000001",
    )
    for facts in (guards.Facts(), guards.Facts(approval="proposed"), absent, replace(absent, proof_numbered=False)):
        for table in TABLES.values():
            for row in table.transitions:
                told += [objection["zh-CN"] for guard in row.guards if (objection := guard(facts)) is not None]
    for action in actions.DETAILS:
        try:
            actions.checked(action, {"no_such_member": 1})
        except Problem as problem:
            told += [problem.sentence("zh-CN"), *(error.words["zh-CN"] for error in problem.errors)]
    for kind in Kind:
        for channel in Channel:
            with pytest.raises(Problem) as refused:
                completeness.require(intake.delivered(), kind, channel, frozenset())
            told.append(refused.value.sentence("zh-CN"))
    codes = [*(f"urgency:{one}" for one in Urgency), *(f"kind:{one}" for one in Kind)]
    told += [priority.words(code)["zh-CN"] for code in codes]
    assert len(told) > 100
    for way in ("凭同一购买凭证批准或办理了", "已批准或办理了该设备的退款或换货（序列号相同）"):
        assert way in "".join(told), "the other ticket may be approved only, and not paid yet"
    assert [sentence for sentence in told if bare(sentence)] == []


def test_no_template_has_a_bare_code() -> None:
    problems = everything(ProblemType)
    assert len(problems) > 100
    told = [re.sub(r"\{\w+\}", "", part["zh-CN"]) for one in problems for part in (one.title, one.detail)]
    assert [sentence for sentence in told if bare(sentence)] == []


def test_every_name_of_a_ticket_is_there() -> None:
    assert (set(kinds.KINDS), set(kinds.STATES), set(kinds.URGENCIES)) == (set(Kind), set(State), set(Urgency))
    assert len({one["zh-CN"] for one in kinds.STATES.values()}) == len(State), "no two states are called the same"
    assert ADDRESSES.keys() <= ACTIONS


@pytest.fixture(scope="module")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    document = create_app(Settings(data_dir=tmp_path_factory.mktemp("openapi"))).openapi()

    def found(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(part.get("pattern"), str) and part.get("type") == "string":
                yield part["pattern"]
            for one in part.values():
                yield from found(one)
        elif isinstance(part, list):
            for one in part:
                yield from found(one)

    return set(found(document))


OWN_WORDS = frozenset({"^([0-9]{1,4}h)?([0-9]{1,6}min)?$", "^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"})
"""Patterns in the document only: their values have parsers that say in words what is wrong."""


def test_every_pattern_of_the_api_is_told_in_words(patterns: set[str]) -> None:
    assert len(patterns) > 20
    assert patterns - FORMATS.keys() - OWN_WORDS == set()
    for pattern in FORMATS:
        with pytest.raises(ValidationError) as refused:
            TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)]).validate_python("\x00/@")
        (error,) = field_errors([{**one, "loc": ("body", "x")} for one in refused.value.errors()])
        for sentence in error.words.values():
            assert not looks_like_a_pattern(sentence) and pattern not in sentence, sentence


def test_the_values_of_an_enumeration_are_quoted() -> None:
    class Colour(StrEnum):
        RED = "red"
        BLUE = "blue"

    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Colour).validate_python("green")
    (error,) = field_errors([{**one, "loc": ("body", "x")} for one in refused.value.errors()])
    assert error.words["zh-CN"] == "应为以下之一：“red”、“blue”"

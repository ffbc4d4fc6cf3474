"""What the hub tells of a ticket, on the screen; and that what is recorded is what the hub's table of actions takes."""

from datetime import UTC, datetime, timedelta

import pytest
from bench_at_work import ITEMS
from tui_driving import work_at

from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.requests import GetWorklist
from hub.identity.actors import bench_actor
from hub.tickets import actions
from hub.tickets.kinds import Kind
from hub.tickets.states import TABLES
from protocols.messages.control import Desired
from protocols.messages.dossiers import (
    Deadline,
    Dossier,
    FaultName,
    Option,
    PastRepair,
    Picture,
    PlanOffered,
    RepairCover,
    Suggestion,
    settings_with,
)
from tui import dossier_words, i18n
from tui.screens.ticket_actions import LONGEST_PART, _offered, _requested, code_of

NOW = datetime.now(UTC)
DOSSIER = Dossier(
    kind="repair",
    received_at=NOW - timedelta(days=1),
    accessories=("cable",),
    proof="receipt R-77",
    approval="proposed",
    history=(PastRepair("T-000007", NOW - timedelta(days=90), "closed", "dark", "leaky_ldo", "U2 replaced", ("U2",)),),
    suggestions=(Suggestion("K-000003", 1, {"en": "Chatter of the relay", "zh-CN": "继电器抖动"}, {}, ("ripple",)),),
    pictures=(Picture("ab" * 32, "image/jpeg", 204_800, "fault", "front.jpg"),),
    plan=PlanOffered(2, "proposed", (Option("Replace C5", 4500, "CNY", ("C5",)), Option("New board", 19900, "CNY"))),
    deadlines=(Deadline("resolution", "running", NOW + timedelta(hours=3, minutes=55)),),
)
FAULTS = (
    FaultName(
        "dried_capacitor", {"en": "Dried-out capacitor", "zh-CN": "电容干涸"}, {"en": "Hardware", "zh-CN": "硬件故障"}
    ),
    FaultName("system_crash", {"en": "Crash or hang", "zh-CN": "系统崩溃"}, {"en": "Software", "zh-CN": "软件故障"}),
)


SENT = {
    "taken": {},
    "wait": {"waiting_for": "part"},
    "resume": {},
    "note": {"parts_requested": [{"part": "C5", "quantity": 2, "fault": "dried_capacitor"}]},
    "finding": {"root_cause": "dried_capacitor"},
    "repaired": {"root_cause": "dried_capacitor", "parts": ["C5"]},
    "rework": {"reason": "x"},
    "propose_plan": {"options": [{"work": "x", "cost_minor": 0, "currency": "CNY"}], "only_option_because": "x"},
    "handed_over": {},
}
"""What the flows of the terminal record, by example."""


@pytest.fixture
def informed(bench):
    """The bench with a ticket of which the hub told all."""
    bench.agent.worklist.apply(Desired("bench-01", 2, ITEMS, settings_with({"T-000101": DOSSIER}, FAULTS)))
    return bench


def events_of(bench):
    with SyncAgentClient(bench.socket) as agent:
        tickets = {one.item.ticket: one for one in agent.request(GetWorklist()).tickets}
    return tickets["T-000101"].events


def test_all_about_a_ticket_in_both_languages(informed):
    async def work(hands):
        await hands.sees("T-000101", "Due in", "3 h")
        await hands.type("T-000101")
        await hands.sees("due in 3 h", "1 earlier repair", "1 article", "⏎ all")
        await hands.press("enter")
        await hands.sees("receipt R-77", "T-000007", "leaky_ldo; U2 replaced; U2", "2. New board  199.00 CNY")
        await hands.press(*["pagedown"] * 3)
        await hands.sees("Chatter of the relay", "front.jpg", "Delivery note")
        await hands.press("ctrl+l")
        await hands.sees("继电器抖动", "交付说明")
        await hands.press("enter")
        await hands.sees("1 次历史维修")

    work_at(informed.socket, work, size=(90, 26))


def test_a_root_cause_is_one_of_the_taxonomy_typed_or_chosen(informed):
    async def work(hands):
        await hands.type("T-000101")
        await hands.sees("Test plan  rails")
        await hands.press("f7")
        await hands.sees("What you found", "F2 list")
        await hands.fill("bad luck")
        await hands.press("ctrl+s")
        await hands.sees("is not in the fault taxonomy")
        await hands.press("f2")
        await hands.sees("Hardware: Dried-out capacitor", "Software: Crash or hang")
        await hands.press("down", "enter")
        await hands.sees("Root cause *  Software: Crash or hang")
        await hands.press("ctrl+s")
        await hands.sees("root cause: Crash or hang")
        await hands.press("f8")
        await hands.sees("Parts replaced", "system_crash")
        await hands.sees("Root cause *  Software: Crash or hang")
        await hands.press("end", "ctrl+u")
        await hands.until(lambda: "Crash or hang" not in hands.text, "the words leave with their code")
        await hands.type("Dried-out capacitor")
        await hands.press("enter")
        await hands.fill("replaced")
        await hands.press("ctrl+s")
        await hands.sees("repaired", "root cause: Dried-out capacitor")

    work_at(informed.socket, work)
    assert [event.details["root_cause"] for event in events_of(informed)] == ["system_crash", "dried_capacitor"]


def test_a_plan_needs_two_ways_or_a_reason(informed):
    async def work(hands):
        await hands.type("T-000101")
        await hands.sees("Test plan  rails")
        await hands.press("ctrl+e")
        await hands.sees("Propose a repair plan")
        await hands.type("Replace C5")
        await hands.type("C5 220 uF")
        await hands.type("45,50")
        await hands.press("ctrl+s")
        await hands.sees("Offer a second way")
        await hands.press("enter", "enter", "enter")
        await hands.type("New board")
        await hands.type("199")
        await hands.press("ctrl+s")
        await hands.sees("plan proposed", "45.50 CNY / New board 199.00 CNY")

    work_at(informed.socket, work, size=(100, 30))
    (event,) = events_of(informed)
    assert actions.checked(event.action, event.details) is not None


def test_a_form_that_is_higher_than_the_screen_begins_at_its_title_and_keeps_its_notice(informed):
    async def work(hands):
        await hands.type("T-000101")
        await hands.sees("Test plan  rails")
        await hands.press("ctrl+e")
        await hands.sees("Nobody has taken this ticket")
        assert "Propose a repair plan" in hands.text and "First way: the work" in hands.text
        await hands.press(*["down"] * 5)
        await hands.sees("Why there is only one way", "Nobody has taken this ticket")
        assert "Propose a repair plan" not in hands.text

    work_at(informed.socket, work)


def test_every_action_of_the_terminal_is_one_of_the_hubs():
    table, actor = TABLES[Kind.REPAIR], bench_actor("bench-01", "li")
    known = {row.action: row for row in table.transitions}
    for action, details in SENT.items():
        assert action in known, f"the hub has no action {action}"
        actor.require(known[action].permission)
        actions.checked(action, details)


@pytest.mark.parametrize(
    ("verdict", "english", "chinese"),
    [
        ("possible", "free if the same fault", "同一故障再修免费"),
        ("repeat", "Repeat of T-000007 within its repair warranty", "维修质保期内的重复故障"),
        ("different", "this is another fault", "本次为其他故障"),
    ],
)
def test_a_repair_warranty_is_on_the_ticket_in_both_languages(bench, verdict, english, chinese):
    """T15: which repair, until when, and that a repeat is free."""
    until = NOW + timedelta(days=20)
    known = Dossier(cover=RepairCover("T-000007", until, "leaky_ldo", verdict))
    bench.agent.worklist.apply(Desired("bench-01", 2, ITEMS, settings_with({"T-000101": known}, ())))

    async def work(hands):
        await hands.sees("T-000101")
        await hands.type("T-000101")
        await hands.sees(english, "T-000007", f"until {until.astimezone():%Y-%m-%d}")
        await hands.press("ctrl+l")
        await hands.sees(chinese, "T-000007", f"至 {until.astimezone():%Y-%m-%d}")
        await hands.press("enter")
        await hands.sees(chinese, "leaky_ldo")

    work_at(bench.socket, work)


def test_a_part_with_too_long_a_name_is_not_cut_silently():
    values = {"part": "C" * LONGEST_PART, "quantity": "1", "fault": ""}
    assert _requested(values) == {"parts_requested": [{"part": values["part"], "quantity": 1}]}
    assert "at most 128 characters" in str(_requested(values | {"part": values["part"] + "5"}))


def test_prices_and_codes():
    base = {"work": "a", "parts": "滤波电容, U2", "cost": "1", "work2": "", "cost2": "", "because": "x"}
    offered = _offered(base)
    first, second = offered["options"][0]["parts"]
    assert (first["name"], second) == ("滤波电容", {"part": "U2", "name": "U2"})
    assert first["part"] != code_of("继电器"), "names without Latin letters have codes of their own"
    assert isinstance(_offered({**base, "cost": "much"}), str)
    assert (code_of("C5 220 µF"), code_of("-x-")) == ("C5-220--F", "x")


def test_time_left_in_words():
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def left(**span):
        return dossier_words.time_left(
            Dossier(deadlines=(Deadline("resolution", "running", now + timedelta(**span)),)), now
        )

    assert left(hours=30)[0] == "1 d"
    assert left(minutes=-5) == ("-5 min", "bold $text-error")
    assert dossier_words.time_left(None, now) == ("", "")
    assert dossier_words.time_left(Dossier(deadlines=(Deadline("resolution", "paused"),)), now)[0] == "paused"
    i18n.use("zh-CN")
    assert left(hours=3)[0] == "3 小时"


def test_a_clock_that_stands_still_is_due_in_no_time():
    held = Dossier(kind="upgrade", deadlines=(Deadline("resolution", "paused"),))
    assert dossier_words.summary(held, datetime(2026, 5, 4, tzinfo=UTC)).plain == "deadline paused"


def test_only_a_repair_asks_for_the_customers_word():
    now = datetime(2026, 5, 4, tzinfo=UTC)
    shown = [dossier_words.summary(Dossier(kind=kind), now).plain for kind in ("repair", "upgrade", "inspection")]
    assert shown == ["the customer was not asked yet", "", ""]

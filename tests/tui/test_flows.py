"""The flows of a working day against a real agent with simulated instruments."""

import msgspec
from bench_at_work import ITEMS
from tui_driving import work_at

from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.requests import (
    AcquireLease,
    Describe,
    GetRunState,
    GetWorklist,
    RecordTicketEvent,
    ReleaseLease,
)
from hub.tickets.actions import DETAILS
from protocols.messages.control import Desired, Receipt, Refusal, WorkItem
from protocols.messages.dossiers import Dossier, settings_with
from protocols.messages.records import Device, Outcome

REASON = "already taken by wang\nzh-CN: 已由 wang 接单"


def events_of(bench, ticket):
    with SyncAgentClient(bench.socket) as agent:
        tickets = {one.item.ticket: one for one in agent.request(GetWorklist()).tickets}
    return tickets[ticket].events


def test_what_is_scanned_before_the_worklist_is_known_is_looked_up_when_it_is(bench):
    async def work(hands):
        await hands.sees("T-000101")
        hands.app.bench.worklist = None  # as in the first moment
        await hands.type("T-000101")
        await hands.sees("“T-000101” is looked up as soon as the worklist is known.")
        hands.app.link.ask("worklist")
        await hands.sees("Test plan  rails")

    work_at(bench.socket, work)


def test_a_scan_from_anywhere_opens_the_ticket(bench):
    async def work(hands):
        await hands.sees("T-000101", "T-000102", "T-000103", "no hub")
        await hands.type("sp100-000043")
        await hands.sees("Switches off by itself", "Nothing has been done")
        await hands.press("f4")
        await hands.sees("Keysight 34461A")
        await hands.type("https://hub.example/t/T-000103")
        await hands.sees("Smells burnt", "sp100-functional")
        await hands.type("T-000199")
        await hands.sees("No ticket of this bench has the number or serial “T-000199”")
        await hands.press("f1")
        await hands.sees("Keys: Ticket")
        await hands.type("T-000102")
        await hands.sees("Switches off by itself", "Nothing has been done")
        await hands.press("f9")
        await hands.sees("Which test plan?", "Supply rails")
        await hands.fill("supply ra")
        await hands.until(lambda: "sp100-functional" not in hands.text, "the list is narrowed")
        await hands.fill("xx")
        await hands.sees("Nothing in the list has these words.")
        await hands.press("enter")
        await hands.sees("“supply raxx” is not in the list.", "Supply rails")
        await hands.type("sp100")
        await hands.sees("“sp100” is only a part of what is shown", "functional test")
        await hands.press(*["backspace"] * 5)
        await hands.type("T-000103")
        await hands.sees("Smells burnt", "sp100-functional")
        await hands.press("f2")
        await hands.sees("Switches off")
        await hands.fill("assigned")
        await hands.until(lambda: "T-000102" not in hands.text, "the worklist is narrowed")
        await hands.press("enter")
        await hands.sees("2 tickets have these words", "T-000103")
        await hands.press("down", "enter")
        await hands.sees("Smells burnt", "sp100-functional")
        await hands.press("f2")
        await hands.sees("Switches off")
        await hands.type("burnt")
        await hands.sees("Smells burnt", "sp100-functional")
        await hands.press("f2")
        await hands.type("sp100-00004")
        await hands.sees("“sp100-00004” is no ticket or serial here, only a part", "Switches off")
        await hands.press("down", "enter")
        await hands.sees("Nothing has been done")

    work_at(bench.socket, work)


def test_tickets_of_one_serial_are_told_apart_by_how_they_stand(bench):
    with SyncAgentClient(bench.socket) as agent:
        agent.request(RecordTicketEvent(ticket="T-000101", action="handed_over", operator="li"))
    twice = (ITEMS[0], WorkItem("T-000105", ITEMS[0].device, ITEMS[0].symptom, "in_progress", "rails", 2))
    bench.agent.worklist.apply(Desired("bench-01", 2, twice))

    async def work(hands):
        await hands.sees("T-000105")
        await hands.type(ITEMS[0].device.serial)
        await hands.sees("Several tickets have this serial", "handed over ", "in progress")

    work_at(bench.socket, work)


def test_take_hold_find_repair_hand_over(bench):
    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f12")
        await hands.sees("Nobody has taken this ticket")
        await hands.press("escape", "f5")
        await hands.sees("T-000101: kept here", "↑ taken")
        await hands.press("f5")
        await hands.sees("T-000101 is taken already")
        await hands.press("f12")
        await hands.sees("The ticket is in progress: the hub will refuse this")
        await hands.press("escape")
        await hands.press("enter")
        await hands.sees("assigned  priority 2")
        await hands.press("f6")
        await hands.sees("Put on hold", "F2 list")
        await hands.press("ctrl+s")
        await hands.sees("Fill in: Reason.")
        await hands.fill("no C5 here")
        await hands.press("ctrl+l")
        await hands.sees("挂起", "no C5 here")
        await hands.press("ctrl+l", "enter", "enter")
        await hands.sees("put on hold", "no C5 here", "waiting for: a part")
        await hands.press("f6")
        await hands.sees("Take up again")
        await hands.press("ctrl+s")
        await hands.sees("taken up again")
        await hands.press("ctrl+g")
        await hands.sees("Request a part")
        await hands.type("C5 220 uF")
        await hands.fill("10")
        await hands.press("enter")
        await hands.type("dried_capacitor")
        await hands.fill("bulged")
        await hands.press("ctrl+s")
        await hands.sees("part request", "parts requested: 10 × C5 220 uF (dried_capacitor)", "bulged")
        await hands.press("f7")
        await hands.sees("What you found")
        await hands.type("dried_capacitor")
        await hands.type("C5 has 8 µF")
        await hands.press("ctrl+s")
        await hands.sees("root cause: dried_capacitor")
        await hands.press("f8")
        await hands.sees("Parts replaced", "dried_capacitor")
        await hands.press("enter")
        await hands.type("C5 220 uF, R12")
        await hands.type("replaced both")
        await hands.press("enter")
        await hands.sees("parts: C5 220 uF, R12")
        await hands.press("f7")
        await hands.sees("The ticket is repaired: the hub will refuse this")
        await hands.press("escape", "f12")
        await hands.sees("Note for the counter")
        await hands.press("ctrl+s")
        await hands.sees("Handed over to the counter by li, 2", "waiting to be sent", "F5 Take")
        await hands.press("f9")
        await hands.sees("was handed over to the counter. Test it")
        await hands.press("escape")
        done.extend(events_of(bench, "T-000101"))
        bench.agent.worklist.apply(Desired("bench-01", 2, ITEMS[1:]))
        hands.app.link.ask("worklist")
        await hands.until(lambda: "F5 Take" not in hands.text, "the ticket has left the worklist")
        await hands.press("f2")
        await hands.until(lambda: "T-000101" not in hands.text, "the worklist")
        await hands.type("sp100-000042")
        await hands.sees("Handed over to the counter by li, 2", "F9 Test")
        await hands.press("f9")
        await hands.sees("was handed over to the counter. Test it")
        await hands.press("escape")

    done = []
    work_at(bench.socket, work)
    assert [(one.action, one.operator, one.state) for one in done] == [
        (action, "li", "waiting")
        for action in ("taken", "wait", "resume", "note", "finding", "repaired", "handed_over")
    ]
    assert (done[1].note, done[1].details) == ("no C5 here", {"waiting_for": "part"})
    assert done[3].note == "bulged"
    assert done[3].details == {"parts_requested": [{"part": "C5 220 uF", "quantity": 10, "fault": "dried_capacitor"}]}
    assert (done[4].note, done[4].details) == ("C5 has 8 µF", {"root_cause": "dried_capacitor"})
    assert done[5].details == {"root_cause": "dried_capacitor", "parts": ["C5 220 uF", "R12"]}


def test_each_kind_of_work_is_recorded_as_such(bench):
    """An upgrade and an inspection are no repair; what the customer does not want repaired is given back."""
    kinds = ("upgrade", "inspection", "repair")
    items = tuple(
        WorkItem(f"T-{kind}", Device("SP-100", f"S-{kind}"), kind, state)
        for kind, state in zip(kinds, ("in_progress", "in_progress", "declined"), strict=True)
    )
    settings = settings_with({f"T-{kind}": Dossier(kind=kind) for kind in kinds}, ())
    bench.agent.worklist.apply(Desired("bench-01", 2, items, settings))

    async def work(hands):
        await hands.sees("T-upgrade")
        await hands.press("f8")
        await hands.sees("Upgraded", "Work done")
        await hands.type("128 GB")
        await hands.press("ctrl+s")
        await hands.sees("T-upgrade: kept")
        await hands.press("down", "f8")
        await hands.sees("Inspected", "in order")
        await hands.press("enter")
        await hands.type("all well")
        await hands.press("ctrl+s")
        await hands.sees("T-inspection: kept")
        await hands.press("ctrl+w")
        await hands.sees("Recheck", "Note *")
        await hands.type("the relay, too")
        await hands.press("ctrl+s")
        await hands.sees("↑ recheck")
        await hands.press("down", "f12")
        await hands.sees("Give back unrepaired")
        await hands.press("ctrl+s")
        await hands.sees("T-repair: kept")

    work_at(bench.socket, work)
    done = {kind: events_of(bench, f"T-{kind}")[-1] for kind in kinds}
    assert [one.action for one in done.values()] == ["upgraded", "recheck", "give_back"]
    assert done["upgrade"].note == "128 GB"
    DETAILS["inspected"].model_validate(events_of(bench, "T-inspection")[0].details)


def test_leaving_a_form_records_nothing(bench):
    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f6")
        await hands.sees("Put on hold")
        await hands.type("changed my mind")
        await hands.press("escape")
        await hands.sees("Esc again leaves", "changed my mind")
        await hands.press("escape")
        await hands.sees("Scan or type")

    work_at(bench.socket, work)
    assert events_of(bench, "T-000101") == ()


def test_what_the_hub_refuses_comes_back_with_its_reason(bench):
    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f5")
        await hands.sees("↑ taken")
        seq = events_of(bench, "T-000101")[0].seq
        receipt = Receipt("bench-01", bench.agent.spool.epoch, refused=(Refusal(seq, REASON),))
        bench.agent.spool.apply_receipt(receipt)
        await hands.sees("✗ 1 refused", "✗ taken", "The hub refused 1 entry")
        await hands.press("ctrl+r")
        await hands.sees("already taken by wang", "You had entered: li")
        await hands.press("enter")
        await hands.sees("refused by the hub: already taken by wang")
        await hands.press("ctrl+l")
        await hands.sees("被中心拒绝：已由 wang 接单")

    work_at(bench.socket, work)


def test_what_came_here_anew_can_be_taken_again(bench):
    worklist, spool = bench.agent.worklist, bench.agent.spool
    with SyncAgentClient(bench.socket) as agent:
        seq = agent.request(RecordTicketEvent(ticket="T-000101", action="taken", operator="li")).seq
    spool.apply_receipt(Receipt("bench-01", spool.epoch, committed=((seq, seq),)))
    worklist.apply(Desired("bench-01", 2, ITEMS))  # it was away meanwhile, and is assigned once more

    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f7")
        await hands.sees("Nobody has taken this ticket")
        await hands.press("escape", "f5")
        await hands.sees("T-000101: kept here", "↑ taken")

    work_at(bench.socket, work)
    assert [(one.action, one.state) for one in events_of(bench, "T-000101")] == [("taken", "waiting")]


def test_a_run_from_scan_to_verdict_with_every_kind_of_question(bench):
    bench.instruments.device.inject("leaky_ldo")

    async def work(hands):
        await hands.sees("T-000101")
        await hands.type("SP100-000042")
        await hands.sees("Test plan  rails")
        await hands.press("f9")
        await hands.sees("meter → TP_3V3", "Setup: Set the feed", "Teardown: Switch the")
        await hands.type("xyz")
        await hands.sees("“xyz” is no answer")
        await hands.type("y")
        await hands.sees("What does the lamp do?", "▀▀▀")
        await hands.type("7")
        await hands.sees("Type a number from 1 to 3.")
        await hands.type("1")
        await hands.sees("Scan the label")
        await hands.until(lambda: "▀▀▀" not in hands.text, "the picture goes with its question")
        await hands.type("T-000103")
        await hands.sees("How many screws")
        await hands.type("four")
        await hands.sees("Type a number.")
        await hands.type("4")
        await hands.sees("✗  FAILED", "rail-3v3  3.0", "3.2 V … 3.4 V", "├", "┤")
        await hands.press("down", "down", "down", "down")
        await hands.sees("lamp  steady  pass", "expected steady")
        await hands.press("escape", "f12")
        await hands.sees("The ticket is in progress: the hub will refuse this")

    work_at(bench.socket, work, size=(100, 30))
    with SyncAgentClient(bench.socket) as agent:
        run = agent.request(GetRunState())
    assert (run.outcome, run.ticket, run.operator) == (Outcome.FAILED, "T-000101", "li")
    answers = {one.name: one.value for step in run.steps for one in step.measurements}
    assert answers["label"] == "T-000103", "a scan answers a question that asks for text"
    assert answers["screws"] == 4


def test_a_ticket_is_not_taken_by_a_run_that_is_refused(bench):
    async def work(hands):
        await hands.sees("T-000101")
        with SyncAgentClient(bench.socket) as other:
            lease = other.request(AcquireLease("meter", "wang"))
            await hands.press("f9")
            await hands.sees("meter", "wang")
            assert events_of(bench, "T-000101") == ()
            other.request(ReleaseLease(lease.token))
        await hands.press("f9")
        await hands.sees("meter → TP_3V3")
        await hands.until(lambda: [one.action for one in events_of(bench, "T-000101")] == ["taken"], "it is taken")

    work_at(bench.socket, work)


def test_skip_with_reason_abort_with_confirmation_and_again(bench):
    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f9")
        await hands.sees("meter → TP_3V3")
        await hands.press("f5")
        await hands.sees("Can it not be connected?")
        await hands.press("escape", "f9")
        await hands.sees("A test run is in progress: F8 ends it.", "meter → TP_3V3")
        await hands.press("f6")
        await hands.sees("Which step is to be skipped?", "Measure the gap")
        await hands.press("down", "enter")
        await hands.sees("Skip a step")
        await hands.type("no gauge")
        await hands.press("enter")
        await hands.sees("⏎ done / yes")
        await hands.press("f8")
        await hands.sees("Abort the test run?")
        await hands.press("enter")
        await hands.sees("meter → TP_3V3")
        await hands.press("f8")
        await hands.sees("Abort the test run?")
        await hands.press("right")
        await hands.type("no-ticket")
        await hands.sees("“no-ticket” is no answer")
        await hands.type("T-000103")
        await hands.sees("Smells burnt")
        await hands.press("f3")
        await hands.sees("meter → TP_3V3")
        await hands.press("f8")
        await hands.sees("Abort the test run?")
        await hands.press("right", "enter")
        await hands.sees("ABORTED")
        await hands.press("f9")
        await hands.sees("meter → TP_3V3")
        await hands.type("y")
        await hands.sees("What does the lamp do?")
        await hands.press("f6")
        await hands.sees("Skip this step")
        await hands.type("lamp is covered")
        await hands.press("enter")
        await hands.sees("Scan the label")
        await hands.type("x")
        await hands.type("4")
        await hands.sees("?  UNDECIDED", "skipped by the operator: lamp is covered")

    work_at(bench.socket, work)
    with SyncAgentClient(bench.socket) as agent:
        run = agent.request(GetRunState())
    assert [one.action for one in events_of(bench, "T-000101")] == ["taken"], "who tests a device has taken it"
    skipped = {one.step: one.detail for one in run.steps if one.outcome is Outcome.SKIPPED}
    assert list(skipped) == ["look"]
    assert "lamp is covered" in skipped["look"]


def test_pause_repeat_a_step_that_failed_and_go_on(bench):
    bench.instruments.device.inject("leaky_ldo")

    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f9")
        await hands.sees("meter → TP_3V3")
        await hands.type("y")
        await hands.sees("What does the lamp do?", "✗  3.3 V rail")
        await hands.press("f7")
        await hands.sees("paused")
        await hands.type("1")
        await hands.sees("PAUSED", "outputs stay as they are")
        await hands.press("ctrl+y")
        await hands.sees("Put the cursor on a step")
        await hands.press("down", "ctrl+y")
        await hands.sees("only a step of the main part")
        hands.app.screen.rows.move_to("rail-3v3")
        await hands.press("ctrl+y")
        await hands.sees("The step is done again next.")
        bench.instruments.device.repair("leaky_ldo")
        await hands.press("f7")
        await hands.sees("Scan the label", "✓  3.3 V rail")
        await hands.type("x")
        await hands.type("4")
        await hands.sees("✓  PASSED")

    work_at(bench.socket, work, size=(100, 30))
    with SyncAgentClient(bench.socket) as agent:
        run = agent.request(GetRunState())
    assert [one.outcome for one in run.steps if one.step == "rail-3v3"] == [Outcome.FAILED, Outcome.PASSED]


def test_a_paused_run_can_be_aborted(bench):
    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f9")
        await hands.sees("meter → TP_3V3")
        await hands.press("f7")
        await hands.sees("paused")
        await hands.type("y")
        await hands.sees("PAUSED")
        await hands.press("f8")
        await hands.sees("Abort the test run?")
        await hands.press("right", "enter")
        await hands.sees("ABORTED")

    work_at(bench.socket, work)


def test_an_interrupted_run_goes_on_and_the_connection_comes_back(bench):
    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f9")
        await hands.sees("meter → TP_3V3")
        await hands.type("y")
        await hands.sees("What does the lamp do?")
        bench.agent.stop()
        await hands.sees("▲ no agent", "cannot be reached")
        bench.start()
        await hands.sees("INTERRUPTED", "go on where it stopped", "✓  3.3 V rail")
        await hands.press("f7")
        await hands.sees("What does the lamp do?")
        await hands.type("1")
        await hands.sees("Scan the label")
        await hands.type("x")
        await hands.sees("How many screws")
        await hands.type("4")
        await hands.sees("✓  PASSED")
        bench.agent.stop()
        await hands.sees("▲ no agent")
        bench.start()
        await hands.until(lambda: hands.app.bench.connected, "connected again")
        await hands.press("f2", "ctrl+n")
        await hands.sees("Tests of the device", "✓ passed", "rails")
        await hands.press("enter")
        await hands.sees("Earlier test run", "✓  PASSED", "Teardown: Switch the")
        await hands.press("down", "down", "down")
        await hands.sees("3.2 V … 3.4 V")

    work_at(bench.socket, work)
    with SyncAgentClient(bench.socket) as agent:
        assert agent.request(Describe()).interrupted == ()


def test_what_was_typed_comes_back_when_the_agent_is_gone(bench):
    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f6")
        await hands.sees("Put on hold")
        await hands.press("enter")
        await hands.fill("waiting for C5")
        bench.agent.stop()
        await hands.until(lambda: not hands.app.bench.connected, "the loss is noticed")
        await hands.press("ctrl+s")
        await hands.sees("Not kept:", "waiting for C5")
        bench.start()
        await hands.until(lambda: hands.app.bench.connected, "connected again")
        await hands.press("ctrl+s")
        await hands.sees("put on hold")

    work_at(bench.socket, work)
    assert [one.note for one in events_of(bench, "T-000101")] == ["waiting for C5"]


def test_without_an_agent_the_screen_says_why_and_waits(tmp_path):
    async def work(hands):
        await hands.sees("no agent", "cannot be reached")
        await hands.press("f9", "f3", "f4", "enter", "f2", "f5")
        await hands.sees("Not kept" if hands.app.bench.worklist else "no agent")

    work_at(tmp_path / "agent.sock", work)


def test_records_are_plain_data(bench):
    """What the application records is what the hub's contract allows."""

    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("ctrl+o")
        await hands.type("备注")
        await hands.press("ctrl+s")
        await hands.until(lambda: events_of(bench, "T-000101"), "the note is kept")

    work_at(bench.socket, work)
    (event,) = events_of(bench, "T-000101")
    assert msgspec.to_builtins(event)["note"] == "备注"

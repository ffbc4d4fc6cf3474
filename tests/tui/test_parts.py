"""The parts that the screens are drawn from."""

import os
import pty
import string
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from inspect import signature

import pytest
from bench_at_work import lamp
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from textual.binding import Binding
from textual.geometry import Size
from textual.widgets import Input
from tui_driving import work_at

from benchwright.plan_view import value_text
from edge_agent.local_api import events, views
from edge_agent.plans.load import SHIPPED_PLANS, load_plan
from protocols.messages.control import WorkItem
from protocols.messages.records import Device, Limits, Measurement, Outcome, PlanReference, StepFinished, Verdict
from scripts import catalogues
from tui import i18n, pictures, run_panel, run_state
from tui.app import BenchApp
from tui.bench_state import BenchState
from tui.formatting import fit, limits, parse_number, since, with_uncertainty
from tui.keys import GLOBAL_KEYS
from tui.screens.base import BenchScreen
from tui.screens.by_hand import ByHandScreen
from tui.screens.console import ConsoleScreen
from tui.screens.discovery import DiscoveryScreen
from tui.screens.firmware import FirmwareScreen
from tui.screens.generator import GeneratorScreen
from tui.screens.heat import HeatScreen
from tui.screens.instruments import InstrumentsScreen
from tui.screens.meter import MeterScreen
from tui.screens.past_runs import PastRunScreen
from tui.screens.refused import RefusedScreen
from tui.screens.run import RunScreen
from tui.screens.scope import ScopeScreen
from tui.screens.supply import SupplyScreen
from tui.screens.ticket import TicketScreen
from tui.screens.worklist import WorklistScreen
from tui.statistics import statistics, trend
from tui.themes import THEMES
from tui.widgets.entry import Entry
from tui.widgets.limit_bar import limit_bar
from tui.widgets.notice import Notice
from tui.widgets.rows import Column, Row, Rows
from tui.widgets.status_bar import StatusBar

SCREENS = (
    WorklistScreen,
    TicketScreen,
    RunScreen,
    InstrumentsScreen,
    RefusedScreen,
    MeterScreen,
    SupplyScreen,
    ScopeScreen,
    HeatScreen,
    GeneratorScreen,
    ConsoleScreen,
    FirmwareScreen,
    DiscoveryScreen,
)
AT = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


# -- words ---------------------------------------------------------------------------------------------------------


def test_the_catalogue_is_complete_and_up_to_date():
    current = catalogues.updated()
    assert catalogues.untranslated(current) == [], (
        "translate these in benchwright.po, then run python -m scripts.catalogues"
    )
    assert catalogues.SCREEN.read_bytes() == catalogues.po_bytes(current), "run python -m scripts.catalogues"
    assert catalogues.SCREEN.with_suffix(".mo").read_bytes() == catalogues.mo_bytes(current)


def test_translations_have_the_places_of_their_messages():
    def places(text):
        return sorted(name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name)

    for message in catalogues.updated():
        if message.id:
            originals = [message.id] if isinstance(message.id, str) else message.id
            translations = [message.string] if isinstance(message.string, str) else message.string
            for translation in translations:
                assert places(translation) == places(originals[0]), message.id


def test_messages_inside_f_strings_are_found():
    source = "f\"{_('a')} {ngettext('b', 'c', n)}\"; N_('d'); _(name)"
    assert set(catalogues.messages_of(source)) == {"a", ("b", "c"), "d"}


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [({"LANG": "zh_CN.UTF-8"}, "zh-CN"), ({"LC_ALL": "C", "LANG": "zh_CN"}, "en"), ({}, "en")],
)
def test_the_terminals_language_is_the_first(environment, wanted):
    assert i18n.of_environment(environment) == wanted


def test_an_empty_message_stays_empty_in_every_language():
    i18n.use("zh-CN")
    assert (i18n._(""), i18n._("Help"), i18n.pick({"en": "lamp"})) == ("", "帮助", "lamp")


def test_a_hub_that_gives_no_receipts_is_called_silent():
    now = [0.0]
    bench = BenchState(lambda: now[0])
    bench.connected, bench.link = True, views.Link(True, True, None, None)

    def told(waiting, at, settled=0):
        now[0] = at
        bench.apply([events.SpoolChanged(views.SpoolDepth(waiting, 0, 0, 1, settled=settled))])
        return StatusBar(bench, "Tickets", lambda: datetime.now(UTC))._link().plain

    assert told(2, 0) == "● online"
    assert told(3, 29) == "● online"
    assert told(3, 31) == "◐ hub silent 31 s"
    assert told(3, 32, settled=1) == "● online", "one receipt, and one record more"
    assert told(4, 100, settled=1) == "◐ hub silent 1 min"
    assert told(0, 101, settled=5) == told(1, 102, settled=5) == "● online"
    for number, online in enumerate((False, True)):
        now[0] = 300.0 + number
        bench.apply([events.LinkChanged(views.Link(True, online, None, None))])
    assert told(1, 310, settled=5) == "● online", "what waited while there was no line is not its silence"
    assert told(1, 345, settled=5) == "◐ hub silent 35 s"


# -- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", SCREENS)
def test_no_printable_key_is_a_command_and_every_key_does_something(screen):
    everywhere = {key.key for key in GLOBAL_KEYS}
    used = [name for key in screen.KEYS for name in key.key.split(",")]
    assert len(used) == len(set(used))
    assert not everywhere & set(used), "a key means the same on every screen"
    for key in (*screen.KEYS, *GLOBAL_KEYS):
        assert all(len(name) > 1 and name != "space" for name in key.key.split(",")), "a scanner types these"
        owner, _, action = key.action.rpartition(".")
        method = "action_" + action.partition("(")[0]
        assert hasattr(BenchApp if owner == "app" else screen, method), key
    assert {binding.key for binding in screen.BINDINGS if isinstance(binding, Binding)} == {
        key.key for key in screen.KEYS
    }


def test_every_screen_has_one_of_each_of_its_clocks(tmp_path, monkeypatch):
    clocks = {screen: [] for screen in SCREENS}
    begin = BenchScreen.set_interval

    def noted(screen, seconds, what, **options):
        if not what.__name__.startswith("_on_"):  # Textual's own
            clocks[type(screen)].append(what.__name__)
        return begin(screen, seconds, what, **options)

    monkeypatch.setattr(BenchScreen, "set_interval", noted)

    async def work(hands):
        for screen in SCREENS[1:]:
            names = [name for name in ("ticket", "role") if name in signature(screen).parameters]
            await hands.app.push_screen(screen(*names))

    work_at(tmp_path / "none.sock", work)
    for screen, begun in clocks.items():
        by_hand = ["_renew", "take_control"] if issubclass(screen, ByHandScreen) else []
        assert sorted(begun) == [*by_hand, "tick"], screen


# -- numbers and cells -----------------------------------------------------------------------------------------------


@given(st.text(alphabet="aé漢字Ω…", max_size=30), st.integers(0, 25))
def test_fit_takes_exactly_its_cells(text, cells):
    assert cell_len(fit(text, cells)) == cells


@pytest.mark.parametrize(
    ("number", "unit", "uncertainty", "wanted"),
    [
        (3.301234, "V", 0.0004, "3.30123 ± 0.00080 V"),
        (0.0, "A", 0.001, "0.0 ± 2.0 mA"),
        (8_000_096.3, "Hz", 5.0, "8.000096 ± 0.000010 MHz"),
        (-120e-9, "V", 2e-6, "-0.1 ± 4.0 µV"),
        (3.3, "V", None, "3.3 V"),
        (3.3, "V", 0.0, "3.3 V"),
    ],
)
def test_a_value_is_written_to_the_digits_of_its_uncertainty_as_on_the_command_line(number, unit, uncertainty, wanted):
    assert with_uncertainty(number, unit, uncertainty) == wanted
    assert value_text(Measurement("v", number, unit, uncertainty)) == wanted


def test_limits_and_times_in_words():
    assert limits(Limits(4.75, 5.25), "V") == "4.75 V … 5.25 V"
    assert limits(Limits(high=0.02), "V") == "≤ 20 mV"
    assert limits(Limits(low=3.0), "V") == "≥ 3 V"
    assert limits(None, "V") == ""
    ages = [since(AT, AT + timedelta(seconds=seconds)) for seconds in (5, 300, 7200, 200_000)]
    assert ages == ["5 s", "5 min", "2 h", "2 d"]
    assert [parse_number(text) for text in ("3,3", " 5 ", "1e-3", "five", "nan", "")] == [3.3, 5, 0.001, *[None] * 3]


@given(st.floats(-1e6, 1e6), st.floats(-10, 10), st.floats(0.001, 10), st.floats(0, 5), st.integers(8, 60))
def test_a_limit_bar_shows_inside_and_outside_truly(value, low, span, uncertainty, width):
    allowed = Limits(low, low + span)
    bar = limit_bar(value, allowed, uncertainty, width).plain
    assert cell_len(bar) == width
    marks = [index for index, char in enumerate(bar) if char in "●◀▶"]
    assert len(marks) == 1
    scale_low, scale_high = low - span / 3, low + span + span / 3
    if value < scale_low - span / 10:
        assert bar[0] == "◀"
    elif value > scale_high + span / 10:
        assert bar[-1] == "▶"


def test_limit_bars_of_one_side():
    above = limit_bar(3.0, Limits(high=2.0), None, 31, Verdict.FAIL).plain
    assert above.index("┤") < above.index("●")
    below = limit_bar(1.0, Limits(low=2.0), None, 31, Verdict.FAIL).plain
    assert below.index("●") < below.index("├")
    assert limit_bar(1.0, None, None, 10).plain.strip() == ""


def test_statistics_and_trend():
    known = statistics([1.0, 2.0, 3.0])
    assert (known.count, known.minimum, known.maximum, known.mean, known.deviation) == (3, 1.0, 3.0, 2.0, 1.0)
    assert statistics([]) is None
    assert trend([1.0, None, 2.0], 10, 2).plain == "  █\n▁ █"
    noise = trend([1.0, 1.0001], 10, 4, least_span=1.0).plain.splitlines()
    assert (noise[0].strip(), noise[1].strip()) == ("", "▁"), "noise within the uncertainty is no change"


# -- rows ------------------------------------------------------------------------------------------------------------


def test_the_cursor_follows_its_row_when_others_come():
    rows = Rows(Column("Name"))
    rows.show([Row("a", ("a",)), Row("b", ("b",))])
    rows.move(1)
    rows.show([Row("z", ("z",)), Row("a", ("a",)), Row("b", ("b",))])
    assert rows.key == "b"
    rows.show([Row("z", ("z",))])
    assert rows.key == "z"
    rows.show([])
    assert rows.key is None


# -- state -----------------------------------------------------------------------------------------------------------


def run_of(*records, **changes):
    reference = PlanReference("rails", 1, "0" * 64)
    return views.RunState("r1", "running", reference, Device("SP-100", "1"), AT, steps=records, **changes)


def step(name, *measurements, outcome=Outcome.PASSED, attempt=1):
    return StepFinished("r1", name, "main", attempt, outcome, 1.0, tuple(measurements), {"en": name})


def test_events_change_a_run_as_the_agent_would_tell_it():
    began = views.StepView("a", "main", 1, {"en": "A"}, 1, 2)
    run = run_state.after(run_of(), events.StepBegan("r1", began))
    newest = (Measurement("v", 3.3, "V"),)
    run = run_state.after(run, events.StepProgressed("r1", "a", 0.5, "3.3 V", newest))
    assert (run.step.fraction, run.step.text, run.step.newest) == (0.5, "3.3 V", newest)
    prompt = views.PromptView("p", "a", "confirm", {"en": "?"})
    run = run_state.after(run, events.PromptWanted("r1", prompt))
    assert (run.status, run.prompt) == ("asking", prompt)
    assert run_state.after(run, events.PromptSettled("r1", "other")) is run
    run = run_state.after(run, events.PromptSettled("r1", "p"))
    assert (run.status, run.prompt) == ("running", None)
    record = step("a")
    run = run_state.after(run, events.StepEnded(record))
    assert (run.steps, run.step) == ((record,), None)
    assert run_state.after(run, events.StepEnded(record)) is run, "told twice, shown once"
    assert run_state.after(run, events.StepBegan("r2", began)) is None
    assert run_state.after(None, events.StepBegan("r1", began)) is None


def test_a_reading_before_the_end_of_its_step_has_a_bar_and_no_verdict():
    low = Measurement("v", 2.06, "V", 0.05, Limits(2.0, 3.0), verdict=Verdict.UNDECIDED, reason="too close to a limit")
    after = run_panel.measured(low, 60).plain
    during = run_panel.measured(low, 60, decided=False).plain
    assert "undecided" in after
    assert "too close" in after
    assert "undecided" not in during
    assert "too close" not in during
    assert all(mark in during for mark in ("2.06", "├", "●", "┤"))
    began = views.StepView("a", "main", 1, {"en": "A"}, 1, 2, 0.5, "2.06 V", (low,))
    assert during in run_panel.in_progress(began, 60, AT).plain
    waits = views.StepView("a", "main", 1, {}, 1, 2, text="waiting for the device to settle", began_at=AT, timeout_s=60)
    said = run_panel.in_progress(waits, 60, AT + timedelta(seconds=7)).plain
    assert "waiting for the device to settle" in said and "0:07, at most 1:00" in said


def test_only_the_last_attempt_counts():
    bad = Measurement("v", 1.0, "V", limits=Limits(2.0, 3.0), verdict=Verdict.FAIL)
    good = Measurement("v", 2.5, "V", limits=Limits(2.0, 3.0), verdict=Verdict.PASS)
    run = run_of(step("a", bad, outcome=Outcome.FAILED), step("a", good, attempt=2), step("b", bad))
    assert [(record.step, one.name) for record, one in run_state.failing(run)] == [("b", "v")]


def test_a_plan_that_was_changed_does_not_describe_the_run():
    steps = (views.PlanStep("a", "main", {}), views.PlanStep("x", "main", {}, branch=True))
    same = views.PlanOutline(PlanReference("rails", 1, "0" * 64), "SP-100", {}, steps)
    other = views.PlanOutline(PlanReference("rails", 1, "1" * 64), "SP-100", {}, steps)
    run = run_of(step("b"))
    assert [one.step for one in run_state.listed_steps(run, same)] == ["b", "a"], "a branch is shown once it is taken"
    assert [one.step for one in run_state.listed_steps(run, other)] == ["b"]


def test_alarms_of_a_monitoring_are_told_first_and_where_the_run_stands():
    """D7: a run's own notes are in no plan; a technician who comes back has to see them at once."""
    steps = (views.PlanStep("a", "main", {}), views.PlanStep("rail", "soak", {}))
    outline = views.PlanOutline(PlanReference("rails", 1, "0" * 64), "SP-100", {}, steps)
    quiet = run_of(step("a"), step("rail"))
    assert run_panel.alarms(quiet) is None
    alarm = StepFinished(
        "r1", "soak-alarm", "soak", 1, Outcome.FAILED, 0.0, (), {"en": "Alarm: rail"}, "rail has drifted", 7200.0
    )
    run = run_state.after(quiet, events.StepEnded(alarm))
    assert [one.step for one in run_state.listed_steps(run, outline)] == ["soak-alarm", "a", "rail"]
    said = run_panel.alarms(run).plain
    assert "Alarms: 1" in said
    assert "Alarm: rail  2:00:00" in said
    assert "rail has drifted" in said


def test_the_bench_asks_again_for_what_events_do_not_tell():
    bench = BenchState()
    assert bench.apply([events.WorklistChanged(3)]) == (set(), {"worklist"})
    assert bench.apply([events.RunBegan("r1")])[1] == {"run", "about"}
    changed, _ = bench.apply([events.Reading("meter", AT)] * 1000)
    assert changed == {"readings"}
    assert len(bench.readings["meter"]) == 600


def test_a_code_means_its_ticket_however_it_is_typed():
    bench = BenchState()
    item = WorkItem(ticket="T-000007", device=Device("SP-100", "SP100-000042"), symptom="", state="assigned")
    bench.worklist = views.Worklist(1, (views.TicketView(item, ()),))
    for code in ("t-000007", "sp100-000042 ", "ＳＰ100－000042", "SP100 - 000042", "https://hub/t/T-000007/"):
        assert [one.item.ticket for one in bench.scanned(code)] == ["T-000007"], code
    assert bench.scanned("SP100") == ()


def test_a_result_shows_outside_words_harmlessly():
    nasty = Measurement("v", "[red]\x1b[31m\nboot", reason="[@click=app.quit]x[/]", verdict=Verdict.FAIL)
    run = run_of(step("a", nasty, outcome=Outcome.FAILED), outcome=Outcome.FAILED)
    shown = run_panel.result(run, Outcome.FAILED, 60)
    assert "\x1b" not in shown.plain
    assert "[@click=app.quit]x[/]" in shown.plain, "markup from outside is text"


def test_a_step_is_named_once_above_what_failed_in_it():
    low = [Measurement(name, 1.0, "V", verdict=Verdict.FAIL) for name in ("hot-spots", "heat-u2")]
    shown = run_panel.result(run_of(step("Heat", *low, outcome=Outcome.FAILED)), Outcome.FAILED, 60).plain
    assert [shown.count(one) for one in ("Heat", "hot-spots", "heat-u2")] == [1, 1, 1], shown


def test_what_a_key_does_stands_below_itself_where_it_needs_two_lines():
    run = run_of(outcome=Outcome.PASSED, ticket="T-1")
    lines = run_panel.result(run, Outcome.PASSED, 40).plain.splitlines()
    at = next(number for number, line in enumerate(lines) if "⏎" in line)
    assert lines[at : at + 2] == ["  ⏎    to the ticket: F12 hands the", "       device over"]


@pytest.mark.parametrize(
    ("ticket", "words"),
    [
        ("here", "⏎    to the ticket: F12 hands"),
        ("handed_over", "⏎    to the ticket: its device was handed over"),
        ("gone", "The ticket has left this bench's worklist."),
    ],
)
def test_a_result_names_keys_that_do_something(ticket, words):
    shown = run_panel.result(run_of(outcome=Outcome.PASSED, ticket="T-1"), Outcome.PASSED, 70, ticket=ticket).plain
    assert words in shown
    assert ("F12" in shown, "⏎" in shown) == (ticket == "here", ticket != "gone")


def test_after_a_failed_retest_the_work_is_taken_up_again():
    run = run_of(outcome=Outcome.FAILED, ticket="T-1")
    assert "Ctrl+W takes up the work again" in run_panel.result(run, Outcome.FAILED, 70, ticket="done").plain


def test_no_key_of_a_screen_is_swallowed_by_the_empty_entry_line():
    editing = {key: one.action for one in Input.BINDINGS for key in one.key.split(",") if one.action != "submit"}
    wanted = {key for screen in SCREENS for one in (*screen.KEYS, *GLOBAL_KEYS) for key in one.key.split(",")}
    assert "ctrl+w" in wanted
    entry = Entry()
    taken = {key for key in wanted & editing.keys() if entry.check_action(editing[key].partition("(")[0], ())}
    assert not taken, "the screen never hears of them"


def test_a_notice_breaks_chinese_anywhere_and_its_lines_stand_below_each_other():
    notice = Notice()
    notice.say("工单状态为“已检查”：中心会拒绝此操作（移交）。")
    assert [line.plain for line in notice._lines(20)] == [
        "✗ 工单状态为“已检",
        "  查”：中心会拒绝此",
        "  操作（移交）。",
    ]
    assert notice.get_content_height(Size(20, 9), Size(20, 9), 20) == 3
    notice.say("/a/path/of/more/than/twenty/cells", "info")
    assert notice.get_content_height(Size(20, 9), Size(20, 9), 20) == 2


def test_a_step_is_repeated_while_its_run_goes_on():
    ended = replace(run_of(outcome=Outcome.FAILED), status="finished")
    assert [PastRunScreen(run).offers("repeat") for run in (run_of(), ended)] == [True, False]


def test_names_stand_before_their_words_with_the_colon_of_the_language():
    assert i18n.titled("U2", "hot") == "U2: hot"
    i18n.use("zh-CN")
    assert i18n.titled("U2", "hot") == "U2：hot"


# -- colours ---------------------------------------------------------------------------------------------------------


def contrast(one, other):
    """WCAG 2.2 contrast ratio of two colours ``#rrggbb``."""

    def luminance(colour):
        parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_colours_can_be_read(theme):
    least = 7.0 if "contrast" in theme.name else 4.5
    for colour in (theme.primary, theme.accent, theme.success, theme.warning, theme.error, theme.foreground):
        for ground in (theme.background, theme.surface):
            assert contrast(colour, ground) >= least, (theme.name, colour, ground)


# -- pictures --------------------------------------------------------------------------------------------------------


ASKS = "import sys; from tui import pictures; print(pictures.graphics_of(), file=sys.stderr)"


@pytest.mark.parametrize(
    ("environment", "answer", "wanted"),
    [
        ({"TERM": "xterm-256color"}, b"\x1b[?64;1;2;4;6;9;15;22;28c", "sixel"),
        ({"TERM": "xterm-256color"}, b"\x1b[?64;1;2;6;9;15;22;28c", "None"),
        ({"TERM": "xterm-256color", "BENCHWRIGHT_PICTURES": "blocks"}, b"\x1b[?64;1;2;4c", "None"),
        ({"TERM": "xterm-kitty"}, b"\x1bP>|kitty(0.26.5)\x1b\\\x1b[?62;c", "None"),
        ({"TERM": "xterm-kitty"}, b"\x1bP>|kitty(0.41.1)\x1b\\\x1b[?62;c", "kitty"),
        ({"TERM": "xterm-ghostty"}, b"\x1bP>|ghostty 1.1.3\x1b\\\x1b[?62;22c", "kitty"),
    ],
)
def test_a_terminal_says_whether_it_draws_pictures(environment, answer, wanted):
    master, slave = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in {"TMUX", "TERM_PROGRAM"}}
    patiently = f"from tui import pictures; pictures.ANSWER_S = 15.0; {ASKS}"
    command = [sys.executable, "-c", patiently]
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=subprocess.PIPE, env={**kept, **environment}, text=True
    ) as child:
        os.close(slave)
        if answer and "BENCHWRIGHT_PICTURES" not in environment:
            assert os.read(master, 100) == b"\x1b[>q\x1b[c"
            time.sleep(0.4)  # a terminal over a slow line
            os.write(master, answer)
        _out, told = child.communicate(timeout=20)
    os.close(master)
    assert told.strip() == wanted


def test_what_was_typed_before_the_start_is_the_applications():
    master, slave = pty.openpty()
    os.write(master, b"T-0001")
    script = f"{ASKS}; import os, tty; tty.setcbreak(0, tty.TCSANOW); print(os.read(0, 99), file=sys.stderr)"
    environment = {name: value for name, value in os.environ.items() if name != "TERM_PROGRAM"} | {"TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        timeout=20,
        check=True,
    )
    os.close(slave)
    os.close(master)
    assert done.stderr.split() == ["None", "b'T-0001'"]


def test_a_keyboard_that_is_no_terminal_gives_no_answer():
    keyboard, screen = os.pipe()
    assert pictures._ask(keyboard, screen) == b""
    os.close(keyboard)
    os.close(screen)


@pytest.mark.parametrize(
    ("answer", "wanted"), [(b"\x1b[?4c", False), (b"x\x1b[?62;4;22c", True), (b"\x1b[?62;14;44c", False), (b"4", False)]
)
def test_sixel_is_attribute_four_beside_the_kind_of_terminal(answer, wanted):
    assert pictures.draws_sixels(answer) is wanted


def test_half_blocks_keep_shape_and_colours():
    lines = pictures.half_blocks(lamp(), 40, 40)
    assert len(lines) == 20
    assert all(sum(len(text) for text, _style in line) == 40 for line in lines)
    assert lines[10][1] == ("▀" * 20, "#ffff00#ffff00")
    assert lines[0] == [("▀" * 40, "#000000#000000")]
    small = pictures.half_blocks(lamp(), 10, 3)
    assert (len(small), sum(len(text) for text, _style in small[0])) == (3, 6)
    with pytest.raises(OSError, match="cannot be read"):
        pictures.half_blocks(b"\x89PNG\r\n\x1a\nbroken", 10, 10)
    assert not pictures.can_be_drawn(b"<svg/>")


def test_every_picture_of_the_plans_that_are_shipped_can_be_drawn():
    found = []
    for path in sorted(SHIPPED_PLANS.glob("*.plan.yaml")):
        plan = load_plan(path)
        questions = [step.parameters for _, _, step in plan.plan.steps() if step.action == "prompt"]
        found += [plan.files[str(one["picture"])] for one in questions if one.get("picture")]
    assert len(found) >= 3
    for content in found:
        assert pictures.can_be_drawn(content)
        drawn = pictures.half_blocks(content, 48, 14)
        assert len({style for line in drawn for _text, style in line}) > 3, "something is to be seen"

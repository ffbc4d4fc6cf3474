"""A test run: its steps, the question of the moment, what was measured, and the result."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content

from edge_agent.local_api.views import PlanOutline, RunState
from tui import run_panel, run_state
from tui.bench_state import Topic
from tui.formatting import duration, value
from tui.i18n import N_, _, pick, titled
from tui.keys import LIST_KEYS, Key, bindings
from tui.screens.run_actions import NOW, RunActions
from tui.standing import whereabouts
from tui.widgets.entry import Entry
from tui.widgets.picture import QuestionPicture
from tui.widgets.rows import Cell, Column, Row, Rows
from tui.widgets.said import Said
from tui.words import GROUPS, OUTCOME_MARKS, OUTCOMES, called

RUN_KEYS = (
    Key(
        "enter",
        "answer",
        N_("Yes"),
        N_("Answer: done, yes, or what was typed. At the end: to the ticket."),
        in_bar=False,
    ),
    Key("f5", "answer_no", N_("No"), N_("Answer the question with no.")),
    Key("f6", "skip", N_("Skip"), N_("Skip a step that the plan allows to be skipped, with the reason.")),
    Key(
        "f7",
        "go_on",
        N_("Pause/Go on"),
        N_("Hold the run before its next step, or go on with it."),
    ),
    Key("f8", "abort", N_("Abort"), N_("Stop the test run; all outputs go to a safe state.")),
    Key("ctrl+y", "repeat", N_("Repeat"), N_("Do the step under the cursor again, if it did not pass."), in_bar=False),
    Key("f9", "again", N_("Test again"), N_("Run the same plan on the same device again.")),
    Key("escape", "back", N_("Back"), N_("Go back; the test run goes on.")),
    *LIST_KEYS[:2],
    Key("pageup", "scroll_panel(-1)", N_("Page up"), N_("Scroll the right side up."), in_bar=False),
    Key("pagedown", "scroll_panel(1)", N_("Page down"), N_("Scroll the right side down."), in_bar=False),
)


class RunScreen(RunActions):
    """The run in progress, else the last one, else one that was interrupted."""

    TITLE_ID = N_("Test run")
    KEYS: ClassVar[Sequence[Key]] = RUN_KEYS
    BINDINGS: ClassVar = bindings(KEYS)
    PAST: ClassVar[bool] = False
    """The run is only looked at: nothing can be done with it here."""

    def __init__(self) -> None:
        super().__init__()
        self.outline: PlanOutline | None = None
        self.interrupted: RunState | None = None
        self.asked_since = 0.0

    def offers(self, action: str) -> bool:
        """Show the keys that the run has a use for now."""
        run = self.shown
        if run is None:
            return action == "back"
        active, interrupted = run.status in {"running", "asking"}, run.status == "interrupted"
        match action:
            case "answer_no":
                return run.prompt is not None and run.prompt.kind == "confirm"
            case "skip":
                return active and (
                    (run.prompt is not None and run.prompt.skippable)
                    or bool(run_state.skippable_ahead(run, self.outline))
                )
            case "go_on" | "abort":
                return active or interrupted
            case "again" | "ticket":
                return run.outcome is not None
            case "repeat":
                return active
        return True

    @property
    def shown(self) -> RunState | None:
        """The run on the screen."""
        return self.bench.run or self.interrupted

    def body(self) -> ComposeResult:
        """Lay out a line about the run, the steps on the left, and the panel on the right."""
        yield Said(self._head, id="run-head")
        with Horizontal(id="run"):
            yield Rows(
                Column("", 1), Column(N_("Step")), Column(N_("Value"), 12, from_width=56), empty=N_("No test run yet.")
            )
            with VerticalScroll(id="panel", can_focus=False):
                yield Said(self._panel, id="panel-text")
                yield QuestionPicture()

    def tick(self) -> None:
        """Let the times of run and step go on, too."""
        super().tick()
        if not self.can_draw:
            return
        self.query_one("#run-head", Said).localise()
        if self.shown is not None and self.shown.step is not None:
            self.query_one("#panel-text", Said).localise()

    def on_resize(self) -> None:
        """Draw the bars as wide as there is room."""
        self.call_after_refresh(self.query_one("#panel-text", Said).localise)

    def draw(self, changed: set[Topic]) -> None:
        """Show the run as it is now."""
        if not changed & {"run", "progress", "connection", "instruments", "worklist"}:
            return
        self.look_up()
        if changed & {"run", "connection"}:
            self.note_question()
            self.query_one(Entry).hint(self._hint())
            self.query_one("#run-head", Said).localise()
            self._draw_steps()
        self.query_one("#panel-text", Said).localise()
        self._show_picture()
        self.show_keys()

    def _show_picture(self) -> None:
        """Show the picture of the question, while that is what the right side is about."""
        prompt = None if self.shown is None else self.shown.prompt
        if prompt is None or self.rows.key not in {None, NOW}:
            self.query_one(QuestionPicture).show("", b"")
        else:
            self.query_one(QuestionPicture).show(prompt.picture, prompt.picture_data)

    def on_rows_moved(self) -> None:
        """Show the record of the next step."""
        self._show_picture()
        self.query_one("#panel-text", Said).localise()
        self.query_one("#panel").scroll_home(animate=False)

    def action_scroll_panel(self, pages: int) -> None:
        """Scroll the right side."""
        panel = self.query_one("#panel")
        panel.scroll_relative(y=pages * max(1, panel.size.height - 2), animate=False)

    def _draw_steps(self) -> None:
        run = self.shown
        if run is None:
            self.rows.show([])
            return
        done = run_state.last_attempts(run)
        present = None if run.step is None else run.step.step
        first = N_("Result") if run.outcome is not None else N_("Now")
        rows = [Row(NOW, (("▣", "$text-accent"), (_(first), "bold $text-accent"), ""))]
        for step in run_state.listed_steps(run, self.outline):
            title = pick(step.title, step.step)
            if step.group != "main":
                title = titled(called(GROUPS, step.group), title)
            mark: tuple[str, str] = ("·", "$text-muted")
            number: Cell = ""
            if (record := done.get(step.step)) is not None:
                mark = OUTCOME_MARKS[record.outcome]
                if record.measurements:
                    number = value(record.measurements[0].value, record.measurements[0].unit, 4)
            if step.step == present:
                mark = ("?", "bold $text-accent") if run.prompt is not None else ("▶", "bold $text-accent")
            style = "bold" if step.step == present else "" if record else "$text-muted"
            rows.append(Row(step.step, (mark, (title, style), number)))
        self.rows.show(rows, watch=present)

    def _hint(self) -> str | None:
        prompt = None if self.shown is None else self.shown.prompt
        if prompt is None:
            return None
        return {
            "confirm": N_("⏎ done / yes   F5 no   or scan"),
            "choice": N_("Type the number of your choice, then ⏎"),
            "text": N_("Type or scan the answer, then ⏎"),
            "number": N_("Type the number, then ⏎"),
        }[prompt.kind]

    def _head(self) -> Content:
        run = self.shown
        if run is None:
            return Content(_("No test run yet. Open a ticket and press F9."))
        name = run.plan.name
        if self.outline is not None and self.outline.reference.name == name:
            name = pick(self.outline.title, name)
        ticket = f"  {run.ticket}" if run.ticket else ""
        return Content.assemble(
            (name, "bold"),
            (f"  {run.device.model} {run.device.serial}{ticket}", ""),
            ("  ", ""),
            self._standing(run),
        )

    def _standing(self, run: RunState) -> tuple[str, str]:
        """Return how the run stands; its time is that from its start to its end, with all waiting for answers."""
        taken = duration(((run.ended_at or self.bench_app.now()) - run.started_at).total_seconds())
        if run.outcome is not None:
            return f"{_(OUTCOMES[run.outcome])}  {taken}", "bold"
        if run.status == "interrupted":
            return _("interrupted"), "bold $text-warning"
        if run.paused:
            return _("paused"), "bold $text-warning"
        return taken, "bold $text-accent"

    def _panel(self) -> Content:
        run = self.shown
        width = max(self.query_one("#panel").size.width - 3, 20)
        if run is None:
            return Content("")
        key = self.rows.key
        if key not in {None, NOW}:
            attempts = [record for record in run.steps if record.step == key]
            if attempts:
                return Content("\n\n").join([run_panel.record(one, width) for one in reversed(attempts)])
        if run.outcome is not None:
            name = run.ticket or ""
            where = whereabouts(self.bench.ticket(name), self.bench.handed_over(name))
            return run_panel.result(run, run.outcome, width, past=self.PAST, ticket=where)
        if run.status == "interrupted":
            waiting = () if self.bench.about is None else self.bench.about.interrupted
            unsafe = next((one.unsafe for one in waiting if one.run == run.run), {})
            return run_panel.interrupted(run, unsafe, width, past=self.PAST)
        if run.prompt is not None:
            return run_panel.question(run.prompt, width)
        parts = [run_panel.paused(width)] if run.paused else []
        parts += [] if run.step is None else [run_panel.in_progress(run.step, width, self.bench_app.now())]
        alarms = run_panel.alarms(run)
        parts += [] if alarms is None else [alarms]
        if run.steps:
            parts += [Content.styled(_("Before"), "$text-muted"), run_panel.record(run.steps[-1], width)]
        return Content("\n\n").join(parts)

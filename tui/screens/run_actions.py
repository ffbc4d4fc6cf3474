"""What the keys of the run screen do."""

import time
from typing import Any

from textual import work

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.requests import (
    AbandonRun,
    AbortRun,
    AnswerPrompt,
    GetPlanOutline,
    GetRunState,
    PauseRun,
    RepeatStep,
    Request,
    ResumeRun,
    SkipStep,
    StartRun,
)
from edge_agent.local_api.views import Interrupted, PlanOutline, PromptView, RunState
from tui import run_state
from tui.formatting import parse_number, unit_symbol
from tui.heard import heard
from tui.i18n import N_, _, pick
from tui.screens.base import ListScreen
from tui.screens.choose import ChooseDialog
from tui.screens.confirm import ConfirmDialog
from tui.screens.form import Field, FormDialog
from tui.screens.start import may_test
from tui.widgets.rows import Column, Row

NOW = "/now"
"""Key of the first row: the present of a run, or its result."""
MIN_SEEN_S = 0.25
"""A question that appeared a moment ago was not read: the Enter belonged to the one before."""
END_SEEN_S = 1.0
BEGIN_S = 90.0
YES = frozenset({"y", "yes", "j", "是", "好", "对"})
NO = frozenset({"n", "no", "否", "不"})
_REASON = (Field("reason", N_("Reason"), required=True),)
_COLUMNS = (Column(N_("Plan"), 20), Column(N_("Device")), Column(N_("Ticket"), 12))


def _number_wanted(unit: str) -> str:
    symbol = unit_symbol(unit)
    return _("Type a number in {unit}.").format(unit=symbol) if symbol else _("Type a number.")


class RunActions(ListScreen):
    """Mixed into the run screen; ``shown`` is the run on it, ``outline`` its plan where it is known."""

    outline: PlanOutline | None
    interrupted: RunState | None
    asked_since: float
    _asked_id: str | None = None
    _outline_of: str | None = None
    _ended: str | None = None

    @property
    def shown(self) -> RunState | None:
        """The run on the screen."""
        raise NotImplementedError

    def note_question(self) -> None:
        """Remember since when the present question, or the result, can be seen."""
        run = self.shown
        ended = None if run is None or run.outcome is None else run.run
        if ended != self._ended:
            self._ended, self.asked_since = ended, time.monotonic()
        prompt = None if self.shown is None else self.shown.prompt
        if prompt is not None and prompt.id != self._asked_id:
            self.asked_since = time.monotonic()
            self.rows.move_to(NOW)  # what is asked is on the screen before it can be answered
        self._asked_id = None if prompt is None else prompt.id

    def look_up(self) -> None:
        """Fetch what is missing on the screen: the plan's steps, or an interrupted run."""
        run = self.shown
        about = self.bench.about
        if self.bench.run is None and self.bench.connected and about is not None:
            open_runs = {one.run for one in about.interrupted}
            if self.interrupted is None and open_runs:
                self._fetch_interrupted(about.interrupted[0].run)
            elif self.interrupted is not None and self.interrupted.run not in open_runs:
                self.interrupted = None
        if run is not None and self._outline_of != run.plan.sha256 and self.bench.connected:
            self._outline_of = run.plan.sha256
            self._fetch_outline(run.plan.name)

    @work(group="outline", exclusive=True)
    async def _fetch_outline(self, plan: str) -> None:
        try:
            self.outline = await self.bench_app.link.request(GetPlanOutline(plan))
        except AgentError:  # the plan is gone or was changed for the worse: what ran is shown without it
            self.outline = None
        if self.can_draw:
            self.draw({"run"})

    @work(group="interrupted", exclusive=True)
    async def _fetch_interrupted(self, run: str) -> None:
        try:
            self.interrupted = await self.bench_app.link.request(GetRunState(run))
        except AgentError as error:
            self.notice.say(heard(error))
            return
        self.draw({"run"})

    # -- answers -------------------------------------------------------------------------------------------------

    def entered(self, text: str) -> None:
        """Answer the question; without one, open what was scanned."""
        prompt = None if self.shown is None else self.shown.prompt
        if prompt is None:
            if text:
                self.bench_app.scan(text)
            else:
                self._to_the_ticket()
            return
        match prompt.kind:
            case "confirm":
                self._confirm(prompt, text)
            case "choice":
                names = list(prompt.choices)
                if text.isdecimal() and 1 <= int(text) <= len(names):
                    self._answer(prompt, names[int(text) - 1])
                elif text in prompt.choices:
                    self._answer(prompt, text)
                else:
                    self._other(text, _("Type a number from 1 to {count}.").format(count=len(names)))
            case "number":
                number = parse_number(text)
                if number is None:
                    self._other(text, _number_wanted(prompt.unit))
                else:
                    self._answer(prompt, number)
            case "text":
                if text:
                    self._answer(prompt, text)
                else:
                    self.notice.say(_("Type or scan the answer."))

    def _to_the_ticket(self) -> None:
        """Go to the ticket of a run that has ended, unless that was so short ago that Enter meant the last question."""
        run = self.shown
        if run is None or run.outcome is None or run.ticket is None:
            return
        known = self.bench.ticket(run.ticket) or self.bench.handed_over(run.ticket)
        if known is not None and time.monotonic() - self.asked_since > END_SEEN_S:
            self.bench_app.open_ticket(run.ticket)

    def action_answer(self) -> None:
        """Enter outside the entry line is Enter alone."""
        self.entered("")

    def action_choose(self, number: int) -> None:
        """Take a choice that was clicked."""
        self.entered(str(number))

    def action_answer_no(self) -> None:
        """Answer no."""
        prompt = None if self.shown is None else self.shown.prompt
        if prompt is not None and prompt.kind == "confirm":
            self._no(prompt)
        else:
            self.notice.say(_("There is no question to be answered with no."), "info")

    def _confirm(self, prompt: PromptView, text: str) -> None:
        word = text.casefold()
        if not text and self.rows.key not in {None, NOW}:  # a record hides the question
            self.rows.move_to(NOW)
            self.asked_since = time.monotonic()
            return
        if not text and time.monotonic() - self.asked_since < MIN_SEEN_S:
            return
        if not text or word in YES:
            self._answer(prompt, True)
        elif word in NO:
            self._no(prompt)
        else:
            self._other(text, _("⏎ says yes, F5 says no."))

    def _no(self, prompt: PromptView) -> None:
        """Answer no; to a request to connect something that ends the step, so it is asked once more."""
        if prompt.connect:
            self._not_connected(prompt)
        else:
            self._answer(prompt, False)

    @work(group="dialog", exclusive=True)
    async def _not_connected(self, prompt: PromptView) -> None:
        question = N_("Can it not be connected?")
        consequence = N_("Then the test run ends with an error. With No the question stays: connect it, then press ⏎.")
        if await self.bench_app.push_screen_wait(ConfirmDialog(question, consequence, N_("Not connected"))):
            self._answer(prompt, False)

    def _other(self, text: str, wanted: str) -> None:
        """Open a ticket that was scanned instead of an answer; else say what is wanted."""
        if text and self.bench.scanned(text):
            self.bench_app.scan(text)
        else:
            self.notice.say(_("“{text}” is no answer. {wanted}").format(text=text, wanted=wanted))

    def _answer(self, prompt: PromptView, answer: bool | float | str) -> None:
        self._send(AnswerPrompt(prompt.id, answer))

    @work(group="send")
    async def _send(self, request: Request[Any], timeout_s: float = 30.0) -> None:
        try:
            await self.bench_app.link.request(request, timeout_s)
        except AgentError as error:
            self.notice.say(heard(error))
        else:
            self.bench_app.link.ask("run", "about")

    # -- skip, abort, go on ----------------------------------------------------------------------------------------

    @work(group="dialog", exclusive=True)
    async def action_skip(self) -> None:
        """Skip the step that asks, or one that comes later, where the plan allows it."""
        run, app = self.shown, self.bench_app
        if run is None or run.status not in {"running", "asking"}:
            self.notice.say(_("No test run is in progress."), "info")
            return
        if run.prompt is not None and run.prompt.skippable:
            if values := await app.push_screen_wait(FormDialog(N_("Skip this step"), _REASON, N_("Skip"))):
                self._send(AnswerPrompt(run.prompt.id, skip_reason=values["reason"]))
            return
        steps = run_state.skippable_ahead(run, self.outline)
        if not steps:
            self.notice.say(_("The plan allows none of the steps that are left to be skipped."), "info")
            return
        rows = [Row(step.step, (pick(step.title, step.step),)) for step in steps]
        chosen = await app.push_screen_wait(ChooseDialog(N_("Which step is to be skipped?"), rows))
        if chosen and (values := await app.push_screen_wait(FormDialog(N_("Skip a step"), _REASON, N_("Skip")))):
            self._send(SkipStep(chosen, values["reason"]))

    @work(group="dialog", exclusive=True)
    async def action_abort(self) -> None:
        """Stop the run, once it is confirmed; or end an interrupted one."""
        run, app = self.shown, self.bench_app
        if run is None or run.outcome is not None:
            self.notice.say(_("No test run is in progress."), "info")
            return
        if run.status == "interrupted":
            question = N_("End the interrupted test run as aborted?")
            consequence = N_("What was measured is kept; the run cannot be gone on with.")
            if await app.push_screen_wait(ConfirmDialog(question, consequence, N_("End it"))):
                self._end_interrupted(run.run)
            return
        question = N_("Abort the test run?")
        consequence = N_("All outputs go to a safe state. What was measured is kept; the run ends as aborted.")
        if await app.push_screen_wait(ConfirmDialog(question, consequence, N_("Abort"))):
            self._send(AbortRun(run.run))

    @work(group="dialog", exclusive=True)
    async def action_go_on(self) -> None:
        """Hold the run in progress, or let it go on; or go on with an interrupted one."""
        run = self.shown
        if run is not None and run.status in {"running", "asking"}:
            self._send(PauseRun(run.run, on=not run.paused))
            return
        about = self.bench.about
        waiting: tuple[Interrupted, ...] = () if about is None else about.interrupted
        if not waiting:
            self.notice.say(_("No test run is interrupted."), "info")
            return
        chosen: str | None = waiting[0].run
        if len(waiting) > 1:
            rows = [
                Row(one.run, (one.plan.name, f"{one.device.model} {one.device.serial}", one.ticket or ""))
                for one in waiting
            ]
            title = N_("Which test run is to go on?")
            chosen = await self.bench_app.push_screen_wait(ChooseDialog(title, rows, _COLUMNS))
        if chosen is not None:
            self._resume(chosen)

    @work(group="resume", exclusive=True)
    async def _resume(self, run: str) -> None:
        """Go on with a run; a dialog opened meanwhile does not keep the outcome from the screen."""
        self.notice.say(_("Outputs go to a safe state, then the run goes on …"), "info")
        await self._begin(ResumeRun(run))

    @work(group="resume", exclusive=True)
    async def _end_interrupted(self, run: str) -> None:
        """End an interrupted run; the result tells of outputs that could not be switched off."""
        self.notice.clear()
        await self._begin(AbandonRun(run))

    def action_repeat(self) -> None:
        """Do the step under the cursor again."""
        run, step = self.shown, self.rows.key
        record = None if run is None or step is None else run_state.last_attempts(run).get(step)
        if record is None:
            self.notice.say(_("Put the cursor on a step that has ended without passing."), "info")
            return
        self._send(RepeatStep(record.step))
        self.notice.say(_("The step is done again next."), "info")

    @work(group="dialog", exclusive=True)
    async def action_again(self) -> None:
        """Start the same plan on the same device again."""
        run = self.bench.run
        if run is None or run.status in {"running", "asking"}:
            busy = _("A test run is in progress: F8 ends it.")
            self.notice.say(_("There is no finished test run to repeat.") if run is None else busy, "info")
            return
        if run.ticket is not None and not await may_test(self.bench_app, run.ticket):
            return
        self.notice.say(_("Starting …"), "info")
        await self._begin(
            StartRun(
                serial=run.device.serial,
                plan=run.plan.name,
                model=run.device.model,
                ticket=run.ticket,
                operator=self.bench_app.operator,
            )
        )

    async def _begin(self, request: StartRun | ResumeRun | AbandonRun) -> None:
        try:
            await self.bench_app.link.request(request, BEGIN_S)
        except AgentError as error:
            self.notice.say(heard(error))
            return
        self.notice.clear()
        self.bench_app.link.ask("run", "about")

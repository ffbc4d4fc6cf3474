"""What stands beside the step list of a run: the question, the step in progress, a record, or the result."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from textual.content import Content

from edge_agent.local_api.views import PromptView, RunState, StepView
from protocols.messages.records import Measurement, Outcome, StepFinished, Verdict
from tui import run_state
from tui.formatting import duration, fit, hanging, limits, one_line, unit_symbol, value, with_uncertainty
from tui.heard import heard
from tui.i18n import _, pick, titled
from tui.standing import Whereabouts
from tui.widgets.limit_bar import STYLES, limit_bar
from tui.words import OUTCOME_MARKS, OUTCOMES, VERDICTS

_BANNERS = {
    Outcome.PASSED: "bold $background on $success",
    Outcome.FAILED: "bold $background on $error",
    Outcome.ERROR: "bold $background on $error",
}
_OTHER_BANNER = "bold $background on $warning"
SHOWN_SUSPECTS = 5
SHOWN_ALARMS = 5


def question(prompt: PromptView, width: int) -> Content:
    """Return the instruction, what goes where, and how to answer."""
    lines = [
        Content.styled(fit(" " + _("PLEASE"), width), "bold $background on $accent"),
        Content(""),
        Content.styled(pick(prompt.text), "bold"),
        Content(""),
    ]
    for role, point in prompt.connect.items():
        lines.append(Content.assemble((f"  {role}", "bold $accent"), (" → ", ""), (point, "bold $accent")))
    if prompt.connect:
        lines.append(Content(""))
    match prompt.kind:
        case "confirm":
            lines.append(_answer("⏎", _("done / yes"), width))
            lines.append(_answer("F5", _("no"), width))
        case "choice":
            for number, (name, words) in enumerate(prompt.choices.items(), 1):
                label = Content.from_markup(f"[@click=screen.choose({number})]$label[/]", label=pick(words, name))
                lines.append(_answer(f"{number} ⏎", "", width) + label)
        case "text":
            lines.append(_answer("…⏎", _("type or scan the answer"), width))
        case "number":
            unit = unit_symbol(prompt.unit)
            wanted = _("type the number in {unit}").format(unit=unit) if unit else _("type the number")
            lines.append(_answer("…⏎", wanted, width))
    if prompt.skippable:
        lines.append(_answer("F6", _("skip this step, with the reason"), width))
    return Content("\n").join(lines)


def _answer(key: str, words: str, width: int) -> Content:
    """Return what a key does; further lines stand below the first."""
    head = fit(f"  {key}", max(7, len(key) + 4))
    first, *others = hanging(words, width, head)
    return Content("\n").join([Content.styled(head, "bold $accent") + first[len(head) :], *others])


def in_progress(step: StepView, width: int, now: datetime) -> Content:
    """Return the step in progress with how far it is, what it reads, and how long it takes and may take."""
    attempt = f"  {_('attempt {count}').format(count=step.attempt)}" if step.attempt > 1 else ""
    head = f" {_('step {index} of {total}').format(index=step.index, total=step.total)}{attempt}"
    lines = [
        Content.styled(fit(head, width), "bold $background on $primary"),
        Content(""),
        Content.styled(pick(step.title, step.step), "bold"),
        Content(""),
    ]
    if step.fraction is not None:
        done = round(min(max(step.fraction, 0.0), 1.0) * (width - 6))
        lines.append(
            Content.assemble(
                ("█" * done, "$primary"), ("░" * (width - 6 - done), "$text-muted"), (f" {step.fraction:4.0%}", "")
            )
        )
    if step.newest:  # the same reading, held against its limits, says more than the text
        for reading in step.newest:
            lines += [Content(""), measured(reading, width, decided=False)]
    elif step.text:
        lines.append(Content.styled(heard(step.text), "bold $text-primary"))
    if step.began_at is not None and step.timeout_s is not None:
        words = _("{time}, at most {longest}").format(
            time=duration((now - step.began_at).total_seconds()), longest=duration(step.timeout_s)
        )
        lines += [Content(""), Content.styled(words, "$text-muted")]
    return Content("\n").join(lines)


def measured(measurement: Measurement, width: int, *, decided: bool = True) -> Content:
    """Return one measurement: name, value with uncertainty, limits, verdict, and all of it as a bar.

    A reading while its step goes on is not ``decided``: its colour says where it lies, but nothing is said in words.
    """
    style = STYLES.get(measurement.verdict, "")
    verdict = VERDICTS[measurement.verdict]
    number = measurement.value
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    shown = (
        with_uncertainty(float(number), measurement.unit, measurement.standard_uncertainty)  # type: ignore[arg-type]
        if is_number
        else value(number, measurement.unit)
    )
    head = Content.assemble((f"{measurement.name}  ", ""), (shown, f"bold {style}".strip()))
    if verdict and decided:
        head = head + Content.styled(f"  {_(verdict)}", f"bold {style}".strip())
    lines = [head]
    allowed = limits(measurement.limits, measurement.unit)
    if measurement.expected is not None:
        allowed = _("expected {value}").format(value=value(measurement.expected))
    if is_number and allowed and measurement.verdict is not Verdict.NONE:
        bar_width = min(width, 40)
        bar = limit_bar(
            float(number),  # type: ignore[arg-type]
            measurement.limits,
            measurement.standard_uncertainty,
            bar_width,
            measurement.verdict,
        )
        beside = bar + Content.styled(f"  {allowed}", "$text-muted")
        if beside.cell_length <= width:
            lines.append(beside)
        else:
            lines += [bar, Content.styled(allowed, "$text-muted")]
    elif allowed:
        lines.append(Content.styled(allowed, "$text-muted"))
    if measurement.reason and decided:
        lines.append(Content.styled(heard(measurement.reason), "$text-warning"))
    return Content("\n").join(lines)


def record(step: StepFinished, width: int) -> Content:
    """Return what a finished step measured."""
    mark, style = OUTCOME_MARKS[step.outcome]
    attempt = f"  {_('attempt {count}').format(count=step.attempt)}" if step.attempt > 1 else ""
    lines = [
        Content.styled(pick(step.title, step.step), "bold"),
        Content.assemble(
            (f"{mark} {_(OUTCOMES[step.outcome])}", f"bold {style}"),
            (f"  {duration(step.duration_s)}{attempt}", "$text-muted"),
        ),
    ]
    if step.detail:
        lines.append(Content.styled(heard(step.detail), "$text-warning"))
    lines += _measurements(step.measurements, width)
    return Content("\n").join(lines)


def alarms(run: RunState) -> Content | None:
    """Return what the monitoring has raised alarm about, the newest first; ``None`` while all is well."""
    raised = run_state.alarms(run)
    if not raised:
        return None
    lines = [Content.styled("✗ " + titled(_("Alarms"), len(raised)), "bold $text-error")]
    for one in raised[:SHOWN_ALARMS]:
        after = "" if one.elapsed_s is None else f"  {duration(one.elapsed_s)}"
        lines.append(Content.assemble((pick(one.title, one.step), "bold"), (after, "$text-muted")))
        lines.append(Content.styled(one_line(one.detail or ""), "$text-warning"))
    return Content("\n").join(lines)


def _measurements(measurements: Iterable[Measurement], width: int) -> list[Content]:
    lines = []
    for measurement in measurements:
        lines += [Content(""), measured(measurement, width)]
    return lines


def result(run: RunState, outcome: Outcome, width: int, *, past: bool = False, ticket: Whereabouts = "here") -> Content:
    """Return the verdict, what failed, and the suspects in their order; what to do now, unless it is ``past``."""
    mark, _style = OUTCOME_MARKS[outcome]
    banner = _BANNERS.get(outcome, _OTHER_BANNER)
    blank = Content.styled(" " * width, banner)
    words = Content.styled(fit(f"   {mark}  {_(OUTCOMES[outcome]).upper()}", width), banner)
    lines = [blank, words, blank]
    if run.suspects:  # the answer first: on a small screen the rest is a page further down
        likeliest = pick(run.suspects[0].title, run.suspects[0].cause)
        lines.append(Content.assemble((_("Likeliest") + "  ", "$text-muted"), (likeliest, "bold $text-accent")))
        lines.append(Content.styled(_("PgDn: measurements, evidence, remedy"), "$text-muted"))
    lines += [] if past else list(_what_next(run, outcome, width, ticket))
    failing = list(run_state.failing(run))
    if failing:
        lines += [Content(""), Content.styled(_("Failed or undecided"), "bold")]
        said = None
        for step, measurement in failing:
            lines += [] if step is said else [Content.styled(pick(step.title, step.step), "$text-muted")]
            lines.append(measured(measurement, width))
            said = step
    for step in run_state.unsuccessful(run):
        lines += [
            Content(""),
            Content.styled("! " + titled(pick(step.title, step.step), _(OUTCOMES[step.outcome])), "$text-error"),
        ]
        if step.detail:
            lines.append(Content(heard(step.detail)))
    if run.suspects:
        lines += [Content(""), Content.styled(_("Suspects, the likeliest first"), "bold")]
    for rank, suspect in enumerate(run.suspects[:SHOWN_SUSPECTS], 1):
        lines.append(Content.styled(f"{rank}. {pick(suspect.title, suspect.cause)}", "bold $text-accent"))
        for evidence in suspect.evidence:
            lines += hanging(one_line(pick(evidence)), width, "   · ", "$text-muted")
        if suspect.remedy:
            lines += hanging(titled(_("Remedy"), one_line(pick(suspect.remedy))), width, "   ")
    lines += list(_next_best(run))
    skipped = list(run_state.skipped(run))
    if outcome is Outcome.PASSED and not failing:
        done = _("Everything that was done is within its limits.")
        lines += [Content(""), Content(done if skipped else _("Everything is within its limits."))]
    if skipped:
        lines += [Content(""), Content.styled(_("Not done"), "bold")]
    for step in skipped:
        title = pick(step.title, step.step)
        lines += hanging(titled(title, heard(step.detail)) if step.detail else title, width, "– ", "$text-muted")
    return Content("\n").join(lines)


def _what_next(run: RunState, outcome: Outcome, width: int, ticket: Whereabouts) -> Iterable[Content]:
    """Yield what a technician does with the result."""
    if run.ticket is None:
        return
    if ticket == "gone":
        words = _("The ticket has left this bench's worklist.")
    elif ticket == "handed_over":
        words = _("to the ticket: its device was handed over")
    elif outcome is Outcome.PASSED:
        words = _("to the ticket: F12 hands the device over")
    elif ticket == "done":
        words = _("to the ticket: Ctrl+W takes up the work again")
    else:
        words = _("to the ticket: F7 records the finding, F8 the repair")
    yield Content.styled(words, "$text-muted") if ticket == "gone" else _answer("⏎", words, width)
    if outcome is not Outcome.PASSED:
        yield _answer("F9", _("test again"), width)


def _next_best(run: RunState) -> Iterable[Content]:
    if len(run.suspects) < 2:
        return
    names = {one.cause: pick(one.title, one.cause) for one in run.suspects}
    yield Content("")
    yield Content.styled(_("Measure next"), "bold")
    for one in run.next_best:
        apart = [names.get(cause, cause) for cause in one.apart]
        why = _("tells {first} from {second}").format(first=apart[0], second=apart[1]) if len(apart) == 2 else ""
        yield Content.assemble(
            ("   → ", "$accent"), (pick(one.title, one.name), "bold"), (f"  ({one.name})  {why}", "$text-muted")
        )
    if not run.next_best:
        yield Content("   " + _("All that the fault dictionary knows is measured: mend the likeliest and test again."))


def paused(width: int) -> Content:
    """Return that the run holds, and how to go on."""
    lines = [
        Content.styled(fit(" " + _("PAUSED"), width), _OTHER_BANNER),
        Content(_("Nothing more is begun; outputs stay as they are.")),
        _answer("F7", _("go on"), width),
        _answer("Ctrl+Y", _("do the step under the cursor again"), width),
        _answer("F8", _("abort: outputs to a safe state"), width),
    ]
    return Content("\n").join(lines)


def _not_off(unsafe: Mapping[str, str]) -> Iterable[Content]:
    """Yield the outputs that nobody knows to be off, each with the reason."""
    if not unsafe:
        return
    words = _("Not known to be off: {roles}. Switch it off by hand.").format(roles=", ".join(unsafe))
    yield Content("")
    yield Content.styled("! " + words, "bold $text-error")
    for role, why in unsafe.items():
        yield Content.styled(titled(role, heard(why)), "$text-muted")


def interrupted(run: RunState, unsafe: Mapping[str, str], width: int, *, past: bool = False) -> Content:
    """Return that a run has no end, and what may be on; how to go on, unless it is looked at as ``past``."""
    lines = [
        Content.styled(fit(" " + _("INTERRUPTED"), width), _OTHER_BANNER),
        Content(""),
        Content(_("This test run was begun and not finished. What was measured is kept.")),
        *_not_off(unsafe),
    ]
    if not past:
        lines += [
            Content(""),
            _answer("F7", _("go on where it stopped"), width),
            _answer("F8", _("end it as aborted"), width),
        ]
    if run.fault:
        lines += [Content(""), Content.styled(heard(run.fault), "$text-error")]
    return Content("\n").join(lines)

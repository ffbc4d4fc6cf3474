"""``benchwright agent``: run the agent of this bench, and ask it."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchwright.errors import UsageError
from benchwright.printing import print_json, say
from tui.i18n import _, pick, titled

if TYPE_CHECKING:
    from edge_agent.local_api.client import SyncAgentClient
    from edge_agent.local_api.views import PromptView, RunState

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Run and question the agent of this bench.")

Socket = Annotated[
    Path | None,
    typer.Option("--socket", envvar="BENCHWRIGHT_SOCKET", help="The agent's socket; found by itself for one bench."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Operator = Annotated[str | None, typer.Option("--operator", help="Who works at the bench.")]


class LogLevel(StrEnum):
    """As ``edge_agent.logs.LEVELS``."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


EXIT_RUN_NOT_PASSED = 3


@app.command()
def run(
    bench: Annotated[Path, typer.Option("--bench", "-b", help="The bench's bench.toml.")],
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Folder for spool, worklist, captures and socket (default: XDG state folder)."),
    ] = None,
    socket: Annotated[Path | None, typer.Option("--socket", help="Socket of the local API.")] = None,
    socket_group: Annotated[str | None, typer.Option(help="Group that may use the local API too.")] = None,
    plans: Annotated[list[Path] | None, typer.Option("--plans", help="Folder with more test plans.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on with interrupted runs by itself at start.")] = False,
    log_level: Annotated[LogLevel, typer.Option(help="How much to log.")] = LogLevel.INFO,
    log_json: Annotated[bool, typer.Option(help="Log one JSON object a line.")] = False,
) -> None:
    """Run the agent until SIGTERM or Ctrl-C. A run in progress is suspended then, and can be resumed.

    This process becomes ``python -m edge_agent``, which does without the command line's libraries.
    """
    given: dict[str, Any] = {
        "--bench": bench,
        "--state": state,
        "--socket": socket,
        "--socket-group": socket_group,
        "--log-level": log_level.value,
    }
    arguments = [word for name, value in given.items() if value is not None for word in (name, str(value))]
    arguments += [word for folder in plans or () for word in ("--plans", str(folder))]
    arguments += ["--resume"] * resume + ["--log-json"] * log_json
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "edge_agent", *arguments])  # noqa: S606


@contextmanager
def _agent(socket: Path | None) -> Iterator["SyncAgentClient"]:
    """Connect to the agent; what it refuses ends in one sentence."""
    from edge_agent.local_api.client import AgentError, SyncAgentClient

    try:
        with SyncAgentClient(socket) as client:
            yield client
    except AgentError as error:
        raise UsageError(str(error)) from error


def _print(result: Any) -> None:
    """Print a result of the local API as JSON."""
    import msgspec

    print_json(msgspec.to_builtins(result))


@app.command()
def status(socket: Socket = None, as_json: AsJson = False) -> None:
    """Show instruments, the way to the hub, what waits for it, and the run in progress."""
    from edge_agent.local_api.requests import Describe
    from tui.heard import heard

    with _agent(socket) as agent:
        about = agent.request(Describe())
    if as_json:
        _print(about)
        return
    link = _("online") if about.link.online else f"{_('offline')} ({heard(about.link.detail) or _('not connected')})"
    say(f"{about.bench} · benchwright {about.version} · {titled(_('hub'), link)}")
    say(_waiting(about.spool))
    for instrument in about.instruments:
        one = instrument.status
        held = " · " + _("held by {who}").format(who=instrument.holder) if instrument.holder else ""
        fault = f" · {heard(one.fault)}" if one.fault else ""
        role = (f" ● {one.role:10} ", "green" if one.healthy else "red")
        _line(role, f"{one.identity or one.profile}{held}{fault}")
    say(titled(_("run in progress"), about.run or _("none")))
    for run_ in about.interrupted:
        interrupted = f"{run_.run} ({run_.plan.name}, {run_.device.serial}) {heard(run_.fault or '')}"
        _line((titled(_("interrupted"), ""), "yellow"), interrupted)
    if about.set_aside:
        _line((_("a damaged spool was set aside as {path}").format(path=about.set_aside), "red"))


def _line(*parts: str | tuple[str, str]) -> None:
    """Print a line whose parts may have colours; it is not folded."""
    from benchwright.terminal import Terminal, styled

    Terminal().print(styled(*parts), soft_wrap=True)


def _waiting(spool: Any) -> str:
    from tui.heard import heard

    counts = _("{records} records, {captures} captures")
    text = titled(_("waiting for the hub"), counts.format(records=spool.waiting, captures=spool.captures_waiting))
    if spool.refused or spool.captures_refused:
        text += " · " + titled(_("refused"), counts.format(records=spool.refused, captures=spool.captures_refused))
    return text + (f" · {heard(spool.upload_fault)}" if spool.upload_fault else "")


@app.command()
def worklist(socket: Socket = None, as_json: AsJson = False) -> None:
    """Show the tickets of this bench, also while offline, with what was done here."""
    from edge_agent.local_api.requests import GetWorklist
    from tui.words import ACTIONS, EVENT_STATES, STATES, called

    with _agent(socket) as agent:
        work = agent.request(GetWorklist())
    if as_json:
        _print(work)
        return
    rows = []
    for ticket in work.tickets:
        item = ticket.item
        done = ", ".join(f"{called(ACTIONS, one.action)} ({_(EVENT_STATES[one.state])})" for one in ticket.events)
        device = f"{item.device.model} {item.device.serial}"
        rows.append((item.ticket, called(STATES, item.state), device, item.symptom, item.plan or "", done))
    columns = (_("Ticket"), _("State"), _("Device"), _("Symptom"), _("Test plan"), _("Done here"))
    _table(_("Tickets, revision {number}").format(number=work.revision), columns, rows)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from benchwright.terminal import Terminal, folded_table

    table = folded_table(*columns, title=title)
    for row in rows:
        table.add_row(*row)
    Terminal().print(table)


@app.command()
def event(
    ticket: Annotated[str, typer.Argument(help="The ticket.")],
    action: Annotated[
        str,
        typer.Argument(
            help="One of taken, finding, note, wait, resume, propose_plan, name_cause, repaired, upgraded, inspected, "
            "recheck, rework, give_back, handed_over."
        ),
    ],
    note: Annotated[str | None, typer.Option(help="Words for the record.")] = None,
    operator: Operator = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Record what was done on a ticket; it is kept while offline and sent later. What the hub will refuse is said."""
    from edge_agent.local_api.requests import RecordTicketEvent

    request = _valid(RecordTicketEvent, ticket=ticket, action=action, note=note, operator=operator)
    with _agent(socket) as agent:
        foreseen = _objection(agent, ticket, action)
        recorded = agent.request(request)
    if foreseen:
        say(foreseen, error=True)
    _print(recorded) if as_json else say(_("recorded as number {number}").format(number=recorded.seq))


def _objection(agent: "SyncAgentClient", ticket: str, action: str) -> str:
    """Return why the hub will refuse this, as far as the bench knows; a ticket of another bench ends in one sentence.

    A bench that cannot reach its hub may not have heard of its newest tickets yet.
    """
    from edge_agent.local_api.requests import Describe, GetRuns, GetWorklist
    from protocols.messages.records import TICKET_ACTIONS
    from tui.standing import handed_over, objection

    if action not in TICKET_ACTIONS:
        return ""  # the agent refuses it and names those that there are
    work = agent.request(GetWorklist())
    known = (*work.tickets, *map(handed_over, work.handed_over))
    if (view := next((one for one in known if one.item.ticket == ticket), None)) is not None:
        return objection(view, action, agent.request(GetRuns(ticket=ticket, limit=20)))
    if work.revision and agent.request(Describe()).link.online:
        raise UsageError(
            f"ticket {ticket} is not on this bench's worklist: 'benchwright agent worklist' shows those that are"
        )
    words = _("The bench does not know ticket {ticket}: unless it is of this bench, the hub will refuse this.")
    return words.format(ticket=ticket)


def _valid(request_type: Any, **fields: Any) -> Any:
    """Make a request from words; one that does not follow the contract ends in one sentence."""
    import msgspec

    from protocols.mistakes import mistakes

    given = {name: value for name, value in fields.items() if value is not None}
    asked = given | {"do": request_type.__struct_config__.tag}
    try:
        return msgspec.convert(asked, request_type)
    except msgspec.ValidationError as error:
        words = "; ".join(one.named() for one in mistakes(asked, request_type))
        raise UsageError(words) from error


@app.command()
def plans(socket: Socket = None, as_json: AsJson = False) -> None:
    """Show the test plans that this bench can run."""
    from edge_agent.local_api.requests import GetPlans
    from tui.heard import heard

    with _agent(socket) as agent:
        found = agent.request(GetPlans())
    if as_json:
        _print(found)
        return
    for plan in found:
        if plan.fault:
            say(titled(plan.name, heard(plan.fault)))
        else:
            say(f"{plan.name} v{plan.version}  {plan.model}  {pick(plan.title)}")


@app.command("start-run")
def start_run(
    serial: Annotated[str, typer.Option(help="Serial number of the device.")],
    plan: Annotated[str | None, typer.Option(help="Test plan; the ticket's if left out.")] = None,
    ticket: Annotated[str | None, typer.Option(help="Ticket that the run belongs to.")] = None,
    model: Annotated[str | None, typer.Option(help="Model of the device; the plan's if left out.")] = None,
    operator: Operator = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Show the run until it ends; exit code 3 unless it passed.")
    ] = False,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Run a test plan on a device. Questions are answered with 'benchwright agent answer'."""
    from edge_agent.local_api.requests import StartRun, Subscribe

    with _agent(socket) as agent:
        if wait:
            agent.request(Subscribe(streams=("run",)))
        started = agent.request(
            _valid(StartRun, serial=serial, plan=plan, ticket=ticket, model=model, operator=operator)
        )
        if wait:
            _follow(agent, started.run, as_json=as_json)
    if not wait:
        _print(started) if as_json else say(started.run)


@app.command()
def resume(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="The interrupted run.")],
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Go on with an interrupted run."""
    from edge_agent.local_api.requests import ResumeRun

    with _agent(socket) as agent:
        started = agent.request(_valid(ResumeRun, run=run_name), timeout_s=90)
    _print(started) if as_json else say(started.run)


@app.command()
def abandon(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="The interrupted run.")],
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """End an interrupted run as aborted."""
    from edge_agent.local_api.requests import AbandonRun
    from tui.words import OUTCOMES

    with _agent(socket) as agent:
        finished = agent.request(_valid(AbandonRun, run=run_name))
    _print(finished) if as_json else say(titled(finished.run, _(OUTCOMES[finished.outcome])))


@app.command()
def abort(
    reason: Annotated[str, typer.Option(help="Words for the record.")] = "aborted by the operator",
    socket: Socket = None,
) -> None:
    """Stop the run in progress; teardown brings the outputs to a safe state."""
    from edge_agent.local_api.requests import AbortRun

    with _agent(socket) as agent:
        agent.request(_valid(AbortRun, run=_state(agent, None).run, reason=reason))


@app.command("run-state")
def run_state(
    run_name: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="The present or last one if left out; 'runs' lists them.")
    ] = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Show how a run stands or ended: its steps and readings, the open question, the verdict and the suspects."""
    from benchwright.agent_runs import print_state

    with _agent(socket) as agent:
        state = _state(agent, run_name)
    _print(state) if as_json else print_state(state)


@app.command()
def runs(
    ticket: Annotated[str | None, typer.Option(help="Only those of this ticket.")] = None,
    serial: Annotated[str | None, typer.Option(help="Only those on this device.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many, the newest.")] = 20,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """List the runs done on this bench, the newest first; also while offline. 'run-state RUN' shows all of one."""
    from benchwright.agent_runs import print_runs
    from edge_agent.local_api.requests import GetRuns

    with _agent(socket) as agent:
        found = agent.request(_valid(GetRuns, ticket=ticket, serial=serial, limit=limit))
    _print(found) if as_json else print_runs(found)


@app.command()
def answer(
    value: Annotated[str, typer.Argument(help="yes, no, a choice's name, a number or a text.")] = "yes",
    skip: Annotated[str | None, typer.Option(help="Skip the step instead, for this reason.")] = None,
    socket: Socket = None,
) -> None:
    """Answer the question that the run in progress asks."""
    from edge_agent.local_api.requests import AnswerPrompt

    with _agent(socket) as agent:
        prompt = _state(agent, None).prompt
        if prompt is None:
            raise UsageError("no question is open: see 'benchwright agent run-state'")
        agent.request(AnswerPrompt(prompt.id, _value_of(prompt, value), skip))


def _value_of(prompt: "PromptView", value: str) -> bool | float | str:
    if prompt.kind == "confirm":
        if value.lower() not in {"yes", "y", "no", "n"}:
            raise UsageError(f"{value!r} does not answer the question: say yes or no")
        return value.lower() in {"yes", "y"}
    if prompt.kind == "number":
        try:
            return float(value)
        except ValueError:
            raise UsageError(f"{value!r} is no number: give one in {prompt.unit}") from None
    return value


@app.command()
def spool(
    refused: Annotated[bool, typer.Option("--refused", help="Show the records that the hub refused, and why.")] = False,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Show how much waits for the hub, and what it refused."""
    from edge_agent.local_api.requests import GetRefused, GetSpool
    from tui.heard import heard

    with _agent(socket) as agent:
        depth = agent.request(GetSpool())
        rejected = agent.request(GetRefused()) if refused else ()
    if as_json:
        _print(rejected if refused else depth)
        return
    say(_waiting(depth))
    used = _("{size:.1f} MB of {most:.0f} MB used")
    say(used.format(size=depth.size_bytes / 1e6, most=depth.max_bytes / 1e6))
    if refused:
        rows = [
            (
                str(one.record.seq),
                one.record.at.isoformat(timespec="seconds"),
                type(one.record.body).__name__,
                heard(one.reason),
            )
            for one in rejected
        ]
        _table(_("Refused by the hub"), (_("Number"), _("Time"), _("What"), _("Reason")), rows)


def _state(agent: "SyncAgentClient", run_name: str | None) -> "RunState":
    from edge_agent.local_api.requests import GetRunState

    request: GetRunState = _valid(GetRunState, run=run_name)
    state = agent.request(request)
    if state is None:
        raise UsageError(
            f"this bench knows no run {run_name}: 'benchwright agent runs' lists those that it does"
            if run_name
            else "no run is in progress, and none has ended here: 'benchwright agent runs' lists what there is"
        )
    return state


def _follow(agent: "SyncAgentClient", run_name: str, *, as_json: bool) -> None:
    """Show steps and questions as they come, then the end; leave with its exit code."""
    from benchwright.agent_runs import print_state
    from benchwright.plan_view import step_line
    from benchwright.terminal import Terminal
    from edge_agent.local_api import events
    from edge_agent.local_api.client import Lost
    from protocols.messages.records import Outcome

    console = Terminal()
    for happened in agent.events():
        match happened:
            case events.StepEnded() if not as_json and happened.record.run == run_name:
                console.print(step_line(happened.record), soft_wrap=True)
            case events.PromptWanted() if not as_json:
                say(f"?         {pick(happened.prompt.text)}  (benchwright agent answer)")
            case events.RunEnded() if happened.run == run_name:
                break
            case Lost() if _state(agent, run_name).status in {"finished", "interrupted"}:
                break
            case _:
                pass
    state = _state(agent, run_name)
    _print(state) if as_json else print_state(state)
    raise typer.Exit(0 if state.outcome is Outcome.PASSED else EXIT_RUN_NOT_PASSED)

"""``benchwright hub jobs``: run the periodic work, look at it, and run one job now."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Column, Table

from benchwright.commands.hub_common import AsJson, Config, LogJson, LogLevel, open_database, read_settings
from benchwright.errors import UsageError
from benchwright.printing import print_json, say
from benchwright.terminal import Terminal
from tui.i18n import N_, _

app = typer.Typer(no_args_is_help=True, help="Run the hub's periodic work, and look at it.")
EXIT_FAILED = 1


@app.command("run")
def run(config: Config = None, log_level: LogLevel = "info", log_json: LogJson = False) -> None:
    """Run the jobs in a process of its own; of any number one is elected."""
    from hub.core.logs import configure_logging
    from hub.serve import run_jobs

    configure_logging(log_level, as_json=log_json)
    with read_settings(config) as settings:
        run_jobs(settings)


@app.command("list")
def list_jobs(config: Config = None, as_json: AsJson = False) -> None:
    """Show every job, when it is due (UTC) and how its last run went; --json says what each is for."""
    from hub.jobs import queries
    from hub.jobs.schemas import JobOut, JobsOut
    from hub.jobs.table import JOBS

    with read_settings(config) as settings, open_database(config) as database, database.read() as session:
        states = queries.states(session)
        rows = [JobOut.of(job, states.get(job.name), "en", wanted=job.wanted(settings)) for job in JOBS]
        shown = JobsOut.of(queries.lease(session), rows)
    if as_json:
        print_json(shown.model_dump(mode="json"))
        return
    table = Table(*(Column(_(name), no_wrap=True) for name in (N_("Job"), N_("Due"), N_("Last run"))), _("Result"))
    for row in shown.items:
        due = _moment(row.due_at) if row.wanted else _("off")
        running = row.started_at is not None and row.ended_at is None
        result = _("in progress") if running else row.report
        if row.failures:
            result = _("failed {count} ×: {reason}").format(count=row.failures, reason=row.error)
        table.add_row(row.name, due, _moment(row.started_at), result)
    Terminal().print(table)
    say(_("run by {process}").format(process=shown.holder or _("no process")))


def _moment(at: datetime | None) -> str:
    """Return a moment in UTC, without the day when that is today's."""
    if at is None:
        return ""
    return f"{at:%H:%M:%S}" if at.date() == datetime.now(UTC).date() else f"{at:%Y-%m-%d %H:%M}"


@app.command("run-now")
def run_now(
    name: Annotated[str, typer.Argument(help="The job's name, from `jobs list`.")],
    config: Config = None,
    log_level: LogLevel = "warning",
    log_json: LogJson = False,
) -> None:
    """Run one job in this process, whether it is due or not."""
    from hub.core.logs import configure_logging
    from hub.jobs import queries, service
    from hub.jobs.job import JobRun
    from hub.jobs.scheduler import run_once

    configure_logging(log_level, as_json=log_json)
    with read_settings(config) as settings, open_database(config) as database:
        job = service.find(name)
        if not job.wanted(settings):
            raise UsageError(f"job {name} is switched off by the settings; docs/operations.md says which it needs")
        done = run_once(job, JobRun(database, settings))
        with database.read() as session:
            state = queries.states(session)[name]
    say(f"{name}: {state.report or _('done') if done else state.error}")
    if not done:
        raise typer.Exit(EXIT_FAILED)

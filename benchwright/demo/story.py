"""One device, one repair: what happens in the demonstration, and what must be true at its end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from benchwright.demo.desk import Desk, DeskError
from benchwright.demo.scene import BENCH, Scene
from benchwright.demo.technician import Technician
from benchwright.demo.words import say
from benchwright.plan_view import limits_text, value_text, verdict_text
from benchwright.plots import braille
from benchwright.real_captures import captures_folder, checks
from benchwright.real_captures import table as captures_table
from benchwright.terminal import Terminal, styled
from drivers.simulated.products import Product
from edge_agent.local_api import events
from edge_agent.local_api.views import RunState
from protocols.messages.records import CaptureTaken, Measurement, Outcome, StepFinished, Verdict
from protocols.quantity import format_value
from tui.i18n import Language, _
from tui.words import OUTCOMES

OPERATOR = "韩梅梅"
SETTLE_S = 30.0
LOOK_AGAIN_S = 0.05
_GOOD, _LEFT_OUT, _BAD = ("✓ ", "green"), ("– ", "dim"), ("✗ ", "red")


@dataclass(slots=True)
class Story:
    """Tells the repair of one device. ``outcomes`` holds what must be true at the end, in words."""

    scene: Scene
    product: Product
    fault: str
    console: Terminal
    language: Language
    pictures: Path | None = None
    """Folder for SVG pictures of what was shown; the console must record."""
    outcomes: list[tuple[bool, str]] = field(default_factory=list)

    def tell(self) -> bool:
        """Tell it all; return whether everything came out as it should."""
        desk = self.scene.desk()
        serial = str(self.scene.hand(do="state")["state"]["device"]["serial"])
        technician = self.scene.technician(OPERATOR)
        try:
            ticket = self._intake(desk, technician, serial)
            first = self._run("first_run", technician, ticket, serial)
            self._show_failures(first)
            cause = self._show_suspects(first)
            self._repair(technician, ticket, cause)
            second = self._run("second_run", technician, ticket, serial)
            self._hand_over(technician, ticket)
            self._check_runs(first, second, cause)
            self._show_hub(desk, technician, ticket, first)
        finally:
            technician.close()
        self._picture("repair")
        self._show_captures()
        good = self._summary()
        self._picture("captures")
        return good

    @property
    def plan(self) -> str:
        """The product's functional test."""
        return f"{self.product.slug}-functional"

    def _picture(self, name: str) -> None:
        if self.pictures is not None:
            self.pictures.mkdir(parents=True, exist_ok=True)
            self.console.save_svg(str(self.pictures / f"{name}.svg"), title="make demo", clear=True)

    def _heading(self, key: str) -> None:
        self.console.rule(Text(say(key, self.language), "bold cyan"), align="left")

    def _must(self, holds: bool, key: str, **values: object) -> None:
        self.outcomes.append((holds, say(key, self.language, **values)))

    def _await(self, key: str, holds: Callable[[], bool]) -> bool:
        """Wait until ``holds`` says so, telling what is waited for; return whether it did within `SETTLE_S`."""
        return awaited(self.console, say(key, self.language), holds, SETTLE_S)

    def _intake(self, desk: Desk, technician: Technician, serial: str) -> str:
        self._heading("intake")
        ticket: str = desk.call(
            "POST",
            "/api/v1/tickets",
            {
                "kind": "repair",
                "device": {"model": self.product.model, "serial": serial},
                "symptom": say("symptom", self.language),
                "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
            },
        )["id"]
        agreed = {"limit_minor": 0, "how": "in_person", "said_by": "李雷"}
        desk.call("POST", f"/api/v1/tickets/{ticket}/actions", {"action": "preapprove", "details": agreed})
        desk.call("PUT", f"/api/v1/tickets/{ticket}/assignment", {"bench": BENCH, "plan": self.plan})
        if not self._await("on_worklist", lambda: ticket in technician.tickets()):
            raise DeskError(f"{ticket} did not come to the worklist of {BENCH} within {SETTLE_S:g} s")
        technician.note(ticket, "taken")
        symptom = say("symptom", self.language)
        self.console.print(f"{ticket}  {self.product.model} {serial}  “{symptom}”  → {BENCH}")
        return ticket

    def _run(self, heading: str, technician: Technician, ticket: str, serial: str) -> RunState:
        self._heading(heading)
        run = ""
        words = TextColumn("{task.description}", markup=False)
        with Progress(SpinnerColumn(), words, console=self.console, transient=True) as bar:
            task = bar.add_task("")
            for event in technician.run(ticket, self.plan, serial):
                if isinstance(event, events.StepBegan):
                    bar.update(task, description=event.step.title[self.language])
                elif isinstance(event, events.StepEnded):
                    self._show_step(event.record)
                elif isinstance(event, events.RunEnded):
                    run = event.run
        return technician.state(run)

    def _show_step(self, step: StepFinished) -> None:
        mark = {Outcome.PASSED: _GOOD, Outcome.SKIPPED: _LEFT_OUT}.get(step.outcome, _BAD)
        judged = [m for m in step.measurements if m.verdict is not Verdict.NONE]
        values = "" if step.outcome is Outcome.SKIPPED else "   ".join(map(value_text, judged[:3]))
        title = step.title.get(self.language, step.step)
        self.console.print(styled(mark, f"{title:<40} ", (values, "dim")))

    def _show_failures(self, run: RunState) -> None:
        table = Table(*(say(key, self.language) for key in ("measurement", "value", "limits", "verdict", "instrument")))
        for measurement in _failures(run):
            table.add_row(
                measurement.name,
                value_text(measurement),
                limits_text(measurement),
                verdict_text(measurement.verdict),
                measurement.instrument or "",
            )
        self.console.print(table)
        self._show_curve(run)

    def _show_curve(self, run: RunState) -> None:
        """Draw the first captured curve of a failing step."""
        for capture in captures_behind_failure(run):
            if capture.curves:
                import numpy as np

                curve = capture.curves[0]
                columns = max(len(curve.minimum) // 144, 1)
                low = np.array(curve.minimum)[::columns][:144]
                high = np.array(curve.maximum)[::columns][:144]
                span = format_value(curve.span_s * len(curve.minimum), "s", 3)
                extremes = (
                    f"{format_value(min(curve.minimum), curve.unit)} … {format_value(max(curve.maximum), curve.unit)}"
                )
                self.console.print(f"{capture.name} {curve.name}: {extremes}, {span}", style="dim")
                self.console.print("\n".join(braille(low, high, rows=5)), style="green")
                return

    def _show_suspects(self, run: RunState) -> str:
        self._heading("cause")
        for rank, suspect in enumerate(run.suspects[:3], 1):
            self.console.print(f"{rank}. {suspect.title.get(self.language, suspect.cause)}", style="bold")
            for line in suspect.evidence:
                self.console.print(f"   · {line[self.language]}", style="dim")
            if rank == 1 and suspect.remedy:
                self.console.print(f"   {say('remedy', self.language)}: {suspect.remedy[self.language]}")
        return run.suspects[0].cause if run.suspects else ""

    def _repair(self, technician: Technician, ticket: str, cause: str) -> None:
        self._heading("repair")
        technician.note(ticket, "finding", note=cause, details={"root_cause": cause})
        self.scene.hand(do="repair", fault=cause)
        technician.note(ticket, "repaired", note=cause, details={"root_cause": cause})
        self.console.print(repaired(self.product, cause, self.language))

    def _hand_over(self, technician: Technician, ticket: str) -> None:
        technician.note(ticket, "handed_over")

    def _check_runs(self, first: RunState, second: RunState, cause: str) -> None:
        self._must(first.outcome is Outcome.FAILED, "first_failed")
        self._must(cause == self.fault, "cause_found", cause=cause)
        self._must(second.outcome is Outcome.PASSED, "retest_passed")

    def _show_hub(self, desk: Desk, technician: Technician, ticket: str, first: RunState) -> None:
        self._heading("hub")
        self._await("receipts", lambda: not technician.waiting())
        found = desk.call("GET", f"/api/v1/tickets/{ticket}")
        for event in reversed(found["timeline"]):
            line = f"  {event['kind']:<22} {event['actor']['name']}"
            self.console.print(styled((event["recorded_at"], "dim"), line))
        for run in found["runs"]:
            measured = sum(len(step["measurements"]) for step in run["steps"])
            counts = say("counts", self.language, steps=len(run["steps"]), measured=measured)
            outcome = _(OUTCOMES.get(run["outcome"], "–"))
            self.console.print(f"{run['id']}  {outcome}  {counts}")
        query = "/api/v1/measurements"
        rows = desk.call("GET", query, serial=found["device"]["serial"], verdict="fail")["items"]
        self.console.print(f"GET {query}?serial={found['device']['serial']}&verdict=fail → {len(rows)}", style="dim")
        spools = desk.call("GET", f"/api/v1/benches/{BENCH}/spools")
        gapless = all(spool["records"] == spool["last"] and spool["first"] == 1 for spool in spools)
        self._must(bool(spools) and gapless and technician.waiting() == 0, "at_hub",
                   count=sum(spool["records"] for spool in spools))  # fmt: skip
        self._must(found["state"] == "handed_over", "ticket_closed", ticket=ticket)
        self._check_capture(desk, found["runs"], first)

    def _check_capture(self, desk: Desk, runs: list[dict[str, Any]], first: RunState) -> None:
        held = {capture["sha256"] for run in runs for capture in run["captures"]}
        behind = captures_behind_failure(first)
        wanted = next(iter(behind or first.captures), None)
        arrived = wanted is not None and wanted.sha256 in held and desk.capture_size(wanted.sha256) == wanted.size
        name = "–" if wanted is None else wanted.name
        self._must(arrived, "curve_at_hub" if behind else "capture_at_hub", name=name)

    def _show_captures(self) -> None:
        self._heading("captures")
        folder = captures_folder()
        if folder is None:
            self.console.print(say("captures_absent", self.language), style="yellow")
            return
        found = list(checks(folder))
        self.console.print(captures_table(found))
        good = sum(check.passed for check in found)
        self._must(good == len(found) > 0, "captures_right", good=good, total=len(found))

    def _summary(self) -> bool:
        self._heading("summary")
        for holds, words in self.outcomes:
            self.console.print(styled(_GOOD if holds else _BAD, words))
        return all(holds for holds, _ in self.outcomes)


def awaited(console: Terminal, words: str, holds: Callable[[], bool], limit_s: float) -> bool:
    """Look again and again until ``holds`` says so, with ``words`` on the terminal; return whether it did in time."""
    deadline = time.monotonic() + limit_s
    with console.status(words):
        while not holds():
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_AGAIN_S)
    return True


def repaired(product: Product, cause: str, language: Language) -> str:
    """Return which part was mended of which fault; a cause that the product does not know as it is."""
    fault = product.faults.get(cause)
    return cause if fault is None else say("repaired", language, part=fault.part, title=fault.title[language])


def captures_behind_failure(run: RunState) -> list[CaptureTaken]:
    """Return what was captured by steps that failed or could not be judged, in the order of the run."""
    fine = {Outcome.PASSED, Outcome.SKIPPED}
    failing = {step.step for step in run.steps if step.outcome not in fine}
    return [capture for capture in run.captures if capture.step in failing]


def _failures(run: RunState) -> Iterator[Measurement]:
    for step in run.steps:
        yield from (m for m in step.measurements if m.verdict in (Verdict.FAIL, Verdict.UNDECIDED))

"""The technician at the bench: a client of the agent's local API, who also moves the probes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge_agent.local_api import events
from edge_agent.local_api.client import AgentError, Lost, SyncAgentClient
from edge_agent.local_api.requests import (
    AnswerPrompt,
    Describe,
    GetRunState,
    GetSpool,
    GetWorklist,
    RecordTicketEvent,
    StartRun,
    Subscribe,
)
from edge_agent.local_api.views import PromptView, RunState

EVENT_TIMEOUT_S = 60.0


class Technician:
    """One person with one device on the bench. ``move_probe(instrument, point)`` is their hand."""

    def __init__(self, socket: Path, name: str, move_probe: Callable[[str, str], object]) -> None:
        self._agent = SyncAgentClient(socket)
        self._name = name
        self._move_probe = move_probe
        self._agent.request(Subscribe(streams=("run",)))

    def close(self) -> None:
        """Leave the bench."""
        self._agent.close()

    def tickets(self) -> list[str]:
        """Return the numbers of the tickets on the worklist."""
        return [ticket.item.ticket for ticket in self._agent.request(GetWorklist()).tickets]

    def note(self, ticket: str, action: str, note: str | None = None, details: dict[str, Any] | None = None) -> None:
        """Record what was done on a ticket: durable on the bench when this returns."""
        self._agent.request(
            RecordTicketEvent(ticket=ticket, action=action, operator=self._name, note=note, details=details or {})
        )

    def instruments(self) -> dict[str, str]:
        """Return role and identity of the instruments."""
        found = self._agent.request(Describe()).instruments
        return {one.status.role: one.status.identity or one.status.fault or "?" for one in found}

    def waiting(self) -> int:
        """Return how many records and captures the hub has not acknowledged yet."""
        spool = self._agent.request(GetSpool())
        return spool.waiting + spool.captures_waiting

    def run(self, ticket: str, plan: str, serial: str) -> Iterator[events.AnyEvent]:
        """Run a plan to its end, doing what it asks for; yield what happens."""
        run = self._agent.request(StartRun(ticket=ticket, plan=plan, serial=serial, operator=self._name)).run
        state = self.state(run)
        if state.prompt is not None:  # asked before this client listened
            self._obey(state.prompt)
        for event in self._agent.events(timeout_s=EVENT_TIMEOUT_S):
            if isinstance(event, Lost):
                raise AgentError("failed", f"{event.count} events were lost: this client reads too slowly")
            if isinstance(event, events.PromptWanted):
                self._obey(event.prompt)
            yield event
            if isinstance(event, events.RunEnded) and event.run == run:
                return
        raise AgentError("failed", f"run {run} showed no sign of life for {EVENT_TIMEOUT_S:g} s")

    def state(self, run: str) -> RunState:
        """Return everything about a run."""
        found = self._agent.request(GetRunState(run=run))
        if found is None:
            raise AgentError("failed", f"the bench knows no run {run}")
        return found

    def _obey(self, prompt: PromptView) -> None:
        for instrument, point in prompt.connect.items():
            self._move_probe(instrument, point)
        try:
            self._agent.request(AnswerPrompt(prompt=prompt.id))
        except AgentError as error:
            if error.kind != "refused":  # answered already: it was both in the state and among the events
                raise

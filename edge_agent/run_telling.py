"""What is known of the run in progress, kept up with its journal and its events, and told to clients."""

import threading
from datetime import UTC, datetime
from typing import Any

from edge_agent.bus import EventBus
from edge_agent.local_api import events as told
from edge_agent.local_api.views import PromptView, StepView
from edge_agent.plans import events
from edge_agent.plans.prompts import Prompt
from edge_agent.run_view import RunView
from edge_agent.spool import Spool
from protocols.messages.records import Body, CaptureTaken, RunFinished, RunStarted, StepFinished


class RunTelling:
    """Its methods are called in the runner's thread, ``journalled`` also in that of whoever abandons a run.

    ``view`` and ``begun`` are read from any thread; ``begun`` is set with the first record of a run that starts or is
    resumed.
    """

    def __init__(self, bus: EventBus, spool: Spool) -> None:
        self._bus = bus
        self._spool = spool
        self.view: RunView | None = None
        self.begun = threading.Event()

    def journalled(self, body: Body) -> None:
        """Take in what has just been journalled: in the runner's thread, or of a run that somebody abandons."""
        match body:
            case RunStarted():
                self.view = RunView(body, datetime.now(UTC))
                self._bus.publish(told.RunBegan(body.run))
                self.begun.set()
            case StepFinished():
                self._shown(body)
                self._bus.publish(told.StepEnded(body))
            case CaptureTaken():
                self._shown(body)
                self._bus.publish(told.CaptureSaved(body))
            case RunFinished():
                self._shown(body)
                self._bus.publish(told.RunEnded(body.run, body.outcome, body.suspects))
            case _ if hasattr(body, "run"):  # RunResumed
                self.view = RunView.of(self._spool.run_records(body.run))
                self._bus.publish(told.RunBegan(body.run, resumed=True))
                self.begun.set()
            case _:
                pass

    def _shown(self, body: StepFinished | CaptureTaken | RunFinished) -> None:
        """Take a record into the view, if that is of the record's run."""
        view = self.view
        if view is not None and view.started.run == body.run:
            view.journalled(body, datetime.now(UTC))

    def asked(self, prompt: Prompt) -> None:
        """Show a question that has just been opened (in the runner's thread)."""
        view = self.view
        if view is not None:
            shown = _prompt_view(prompt)
            view.asked(shown)
            self._bus.publish(told.PromptWanted(view.started.run, shown))

    def happened(self, event: events.Event) -> None:
        """Take in what the runner tells beside the journal (in its thread)."""
        view = self.view
        if view is None:
            return
        match event:
            case events.StepStarted():
                step = StepView(
                    event.step,
                    event.group,
                    event.attempt,
                    event.title,
                    event.index,
                    event.total,
                    began_at=datetime.now(UTC),
                    timeout_s=event.timeout_s,
                )
                view.began(step)
                self._bus.publish(told.StepBegan(event.run, step))
            case events.StepProgress():
                view.progressed(event.fraction, event.text, event.newest)
                progressed = told.StepProgressed(event.run, event.step, event.fraction, event.text, event.newest)
                self._bus.publish(progressed, key="progress")
            case events.PromptSettled():
                view.asked(None)
                self._bus.publish(told.PromptSettled(event.run, event.prompt_id))
            case _:
                pass


def _prompt_view(prompt: Prompt) -> PromptView:
    kind: Any = prompt.kind.value
    return PromptView(
        id=prompt.id,
        step=prompt.step,
        kind=kind,
        text=prompt.text,
        connect=prompt.connect,
        choices=prompt.choices,
        unit=prompt.unit,
        skippable=prompt.skippable,
        picture=prompt.picture or "",
        picture_data=prompt.picture_data,
    )

"""What happens on the bench, as the local API streams it."""

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from edge_agent.local_api.firmware import FirmwareJob
from edge_agent.local_api.heat import HeatFrame
from edge_agent.local_api.scope import ScopeFrame
from edge_agent.local_api.views import (
    DiscoveryState,
    Finding,
    Instrument,
    Link,
    PromptView,
    Quantity,
    SpoolDepth,
    StepView,
)
from protocols.messages.records import CaptureTaken, Identifier, Measurement, Outcome, StepFinished, Suspect

Stream = Literal["run", "readings", "link", "spool", "instruments", "worklist", "discovery"]


class Event(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="is"):
    """Something happened. The stream that it belongs to is ``STREAM_OF[type(event)]``."""


class RunBegan(Event, frozen=True, tag="run_began"):
    """A run began or went on."""

    run: Identifier
    resumed: bool = False


class StepBegan(Event, frozen=True, tag="step_began"):
    """A step (or another attempt of it) begins."""

    run: Identifier
    step: StepView


class StepProgressed(Event, frozen=True, tag="step_progressed"):
    """How far the step is, if that is known, or what it reads; ``newest`` holds the reading against its limits."""

    run: Identifier
    step: Identifier
    fraction: float | None
    text: str
    newest: tuple[Measurement, ...] = ()


class StepEnded(Event, frozen=True, tag="step_ended"):
    """The outcome of a step, as journalled."""

    record: StepFinished


class CaptureSaved(Event, frozen=True, tag="capture_saved"):
    """A step saved a capture; here with its preview."""

    record: CaptureTaken


class PromptWanted(Event, frozen=True, tag="prompt_wanted"):
    """The operator is asked."""

    run: Identifier
    prompt: PromptView


class PromptSettled(Event, frozen=True, tag="prompt_settled"):
    """The question is answered, or no longer asked."""

    run: Identifier
    prompt: str


class RunPaused(Event, frozen=True, tag="run_paused"):
    """The run holds before its next step (or will), or no longer."""

    run: Identifier
    paused: bool


class RunEnded(Event, frozen=True, tag="run_ended"):
    """The run ended, or stopped without an end: then with the ``fault``, and it can be resumed."""

    run: Identifier
    outcome: Outcome | None = None
    suspects: tuple[Suspect, ...] = ()
    fault: str | None = None


class Reading(Event, frozen=True, tag="reading"):
    """What an instrument read."""

    role: str
    at: datetime
    values: tuple[Quantity, ...] = ()
    fault: str | None = None


class ScopeTaken(Event, frozen=True, tag="scope"):
    """An oscilloscope that runs has taken a record, or why it has not."""

    role: str
    frame: ScopeFrame | None = None
    fault: str | None = None


class HeatTaken(Event, frozen=True, tag="heat"):
    """A thermal camera that runs has taken a picture, or why it has not."""

    role: str
    frame: HeatFrame | None = None
    fault: str | None = None


class ConsoleSaid(Event, frozen=True, tag="console"):
    """What the device said since the last one of these: any part of a line, or several lines."""

    role: str
    at: datetime
    text: str = ""
    fault: str | None = None


class FirmwareChanged(Event, frozen=True, tag="firmware"):
    """A firmware job began, went on or ended."""

    job: FirmwareJob


class LinkChanged(Event, frozen=True, tag="link"):
    """The way to the hub changed."""

    link: Link


class SpoolChanged(Event, frozen=True, tag="spool"):
    """More or less waits for the hub."""

    spool: SpoolDepth


class InstrumentsChanged(Event, frozen=True, tag="instruments"):
    """An instrument came, went or changed its identity."""

    instruments: tuple[Instrument, ...]


class WorklistChanged(Event, frozen=True, tag="worklist"):
    """There is a new worklist; ask for it."""

    revision: int


class InstrumentFound(Event, frozen=True, tag="instrument_found"):
    """A search found something; the same address again replaces what was told before."""

    search: str
    finding: Finding


class DiscoveryProgressed(Event, frozen=True, tag="discovery_progressed"):
    """How far a search is."""

    search: str
    fraction: float
    text: str


class DiscoveryEnded(Event, frozen=True, tag="discovery_ended"):
    """A search ended; here is all of it."""

    state: DiscoveryState


STREAM_OF: dict[type[Event], Stream] = {
    RunBegan: "run",
    StepBegan: "run",
    StepProgressed: "run",
    StepEnded: "run",
    CaptureSaved: "run",
    PromptWanted: "run",
    PromptSettled: "run",
    RunPaused: "run",
    RunEnded: "run",
    Reading: "readings",
    ScopeTaken: "readings",
    HeatTaken: "readings",
    ConsoleSaid: "readings",
    FirmwareChanged: "readings",
    LinkChanged: "link",
    SpoolChanged: "spool",
    InstrumentsChanged: "instruments",
    WorklistChanged: "worklist",
    InstrumentFound: "discovery",
    DiscoveryProgressed: "discovery",
    DiscoveryEnded: "discovery",
}
AnyEvent: TypeAlias = (
    RunBegan
    | StepBegan
    | StepProgressed
    | StepEnded
    | CaptureSaved
    | PromptWanted
    | PromptSettled
    | RunPaused
    | RunEnded
    | Reading
    | ScopeTaken
    | HeatTaken
    | ConsoleSaid
    | FirmwareChanged
    | LinkChanged
    | SpoolChanged
    | InstrumentsChanged
    | WorklistChanged
    | InstrumentFound
    | DiscoveryProgressed
    | DiscoveryEnded
)

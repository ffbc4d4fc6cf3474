"""What an action is: typed parameters, declared result fields (plans are checked without instruments), and a body."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

import msgspec

from drivers import capabilities
from edge_agent.analysis.result import Accuracy, NoAnswer
from edge_agent.plans.model import Strict
from edge_agent.plans.prompts import Answer, Prompt
from edge_agent.plans.units import decode_hook
from protocols.quantity import Quantity
from protocols.waveform import ThermalImage, Waveform

Value: TypeAlias = Quantity | str | bool | NoAnswer
P = TypeVar("P", bound=Strict)
T = TypeVar("T")

KINDS: Mapping[str, type] = {
    "multimeter": capabilities.Multimeter,
    "oscilloscope": capabilities.Oscilloscope,
    "generator": capabilities.SignalGenerator,
    "supply": capabilities.PowerSupply,
    "camera": capabilities.ThermalCamera,
    "programmer": capabilities.FirmwareProgrammer,
    "console": capabilities.SerialConsole,
    "scanner": capabilities.Scanner,
}
"""Kinds of instruments as plans name them."""


class FieldKind(StrEnum):
    """What a result field holds (or ``NoAnswer``)."""

    QUANTITY = "quantity"
    TEXT = "text"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Field:
    """One result field; ``unit`` is a UCUM code and belongs to a quantity."""

    unit: str = "1"
    kind: FieldKind = FieldKind.QUANTITY


THERMAL = "thermal"
TEXT = Field(kind=FieldKind.TEXT)
FLAG = Field(kind=FieldKind.FLAG)


@dataclass(frozen=True, slots=True)
class Captured:
    """What an action recorded besides its fields: input of the analyses of the step."""

    waveforms: tuple[Waveform, ...] = ()
    thermal: ThermalImage | None = None
    text: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Further files by name, kept when the step says ``save``."""
    accuracies: Mapping[str, Accuracy] = field(default_factory=dict)
    """Accuracy of the instrument for each waveform by name (``THERMAL`` for the image), where its driver tells it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What an action gives back: a value for each declared field, what it captured, and words for the record."""

    values: Mapping[str, Value] = field(default_factory=dict)
    captured: Captured = Captured()
    detail: str | None = None


Live: TypeAlias = tuple[str, Mapping[str, Value]]
"""A reading of the moment in words, and as result fields."""


class Context(Protocol):
    """What a running action may use. Everything here ends with the step: at its deadline or when it is cancelled."""

    @property
    def workspace(self) -> Path:
        """Folder of this run, for files that an action makes (backups)."""

    @property
    def role(self) -> str:
        """Role of the instrument that the action works with."""

    def call(self, function: Callable[[Any], T]) -> T:
        """Run ``function(driver)`` on the worker of the step's instrument; raises as ``Rack.call`` does.

        The driver is of the capability class of the action's ``kind``.
        """

    @property
    def device(self) -> str:
        """Serial number of the device under repair."""

    @property
    def memory(self) -> Path:
        """Folder of the bench for what outlives a run."""

    def beside(self, role: str | None, kind: str | None) -> "Context":
        """Return the same context for another instrument of the plan."""

    def wait(self, seconds: float) -> None:
        """Wait; raise ``CallTimeout`` or ``CallCancelled`` when the step ends meanwhile."""

    def ask(self, prompt: Prompt) -> Answer:
        """Ask the operator; raise ``PromptUnanswered`` when nobody answers in time."""

    def settle(self, seconds: float, look: "Callable[[Any], Live] | None" = None, *, detail: str = "") -> None:
        """Wait like ``wait`` and tell how far that is, with what ``look(driver)`` reads meanwhile, or ``detail``.

        ``look`` must not disturb what is measured afterwards.
        """

    def progress(self, fraction: float | None, text: str, newest: Mapping[str, Value] | None = None) -> None:
        """Tell how far the action is, if that is known; ``newest`` are result fields as they read at this moment."""

    def file(self, name: str) -> bytes:
        """Return a file that lies beside the plan and is part of its identity."""


class Action(ABC, Generic[P]):
    """One thing that a step can do. Stateless: one object serves all steps of its name."""

    name: ClassVar[str]
    kind: ClassVar[str | None]
    """Kind of instrument that the role must be; ``None`` needs no instrument."""
    parameters: type[P]
    captures: ClassVar[frozenset[str]] = frozenset()
    """Inputs that it offers to analyses: ``waveform``, ``thermal``, ``text``."""
    summary: ClassVar[str]

    def decode(self, raw: Mapping[str, Any]) -> P:
        """Return the parameters of a step, typed; raise ``msgspec.ValidationError`` in words."""
        return msgspec.convert(raw, self.parameters, dec_hook=decode_hook)

    def problems(self, parameters: P) -> list[str]:  # noqa: ARG002 - most have none
        """Return what is wrong with parameters that are well-formed one by one."""
        return []

    def files(self, parameters: P) -> tuple[str, ...]:  # noqa: ARG002 - most have none
        """Return the names of files beside the plan that it needs."""
        return ()

    def channels(self, parameters: P) -> tuple[str, ...]:  # noqa: ARG002 - most have none
        """Return the names of the waveforms that it captures."""
        return ()

    def fields(self, parameters: P) -> Mapping[str, Field]:  # noqa: ARG002 - many give none
        """Return the result fields for these parameters."""
        return {}

    @abstractmethod
    def run(self, context: Context, parameters: P) -> Result:
        """Do it. Raises the errors of the rack and of drivers; nothing is caught here to look like a pass."""

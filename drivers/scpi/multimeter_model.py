"""The declaration of a SCPI multimeter: its functions with ranges and accuracy."""

from typing import Annotated, ClassVar, Literal

import msgspec

from drivers.accuracy import Accuracy
from drivers.capabilities import MeterFunction
from drivers.profile_base import Positive, Struct
from drivers.scpi.model import ScpiProfile


class MeterRange(Struct, frozen=True, kw_only=True):
    """One range: its full scale in the reading's unit, how it is asked for, and the limits of error on it."""

    full_scale: Positive
    argument: str = ""
    accuracy: tuple[Accuracy, ...] = ()


class MeterFunctionModel(Struct, frozen=True, kw_only=True):
    """One function. ``select`` names the command that sets it up, with the argument ``range`` where it has ranges."""

    select: str
    auto: str | None = None
    """What to write for autorange; ``None``: the function has fixed ranges or none."""
    auto_minimum: float = 0.0
    """Smallest full scale that autorange goes down to."""
    read: str = "read"
    ranges: Annotated[tuple[MeterRange, ...], msgspec.Meta(min_length=1)]
    range_query: str | None = None
    """The query that tells the range in use, in the reading's unit, after an autoranged reading."""
    confirm: str | None = None
    """What the command ``function`` answers when the function is in force, for meters without an error queue."""
    accuracy_by: Literal["reading", "signal_frequency"] = "reading"


class ScpiMultimeterProfile(ScpiProfile, tag="scpi-multimeter", frozen=True, kw_only=True):
    """A multimeter. Functions are keyed by ``MeterFunction``."""

    capability: ClassVar[str] = "multimeter"

    functions: dict[MeterFunction, MeterFunctionModel]
    overload_from: Positive = 9.0e37
    """Smallest magnitude that stands for an overload, for meters that do not answer SCPI's 9.9E37."""
    settle_s: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.0
    """Time after a change of function before a reading belongs to it, for free-running meters."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for function, model in self.functions.items():
            self.require(model.select, None)
            self.require(model.read, "number")
            if model.range_query is not None:
                self.require(model.range_query, "number")
            if model.confirm is not None:
                self.require("function", "text")
            takes_range = "range" in self.commands[model.select].arguments
            needs_range = model.auto is not None or any(one.argument for one in model.ranges)
            if takes_range != needs_range:
                raise ValueError(
                    f"the function {function} and its command {model.select!r} disagree on whether a range is given"
                )

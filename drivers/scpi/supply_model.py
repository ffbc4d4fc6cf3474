"""The declaration of a SCPI power supply: its channels, and how their state is told."""

from typing import Annotated, ClassVar

import msgspec

from drivers.accuracy import Accuracy
from drivers.profile_base import Positive, Struct
from drivers.scpi.model import ScpiProfile

SETTING = {
    "set_voltage": None,
    "set_current": None,
    "ask_voltage": "number",
    "ask_current": "number",
    "measure_voltage": "number",
    "measure_current": "number",
}
"""What a channel that can be set and read needs, with the kind of the answer."""

Bit = Annotated[int, msgspec.Meta(ge=0, le=31)]


class Ratings(Struct, frozen=True, kw_only=True):
    """What can be set on a channel, and in what steps."""

    maximum_v: Positive
    maximum_a: Positive
    step_v: Positive
    step_a: Positive


class SupplyChannel(Struct, frozen=True, kw_only=True):
    """One output. Without ``ratings`` its voltage is chosen on the panel and nothing of it can be set or read."""

    ratings: Ratings | None = None
    voltage_accuracy: Accuracy | None = None
    """Limit of error of what the supply measures (readback); ``None`` where the maker's is not known."""
    current_accuracy: Accuracy | None = None
    output_bit: Bit | None = None
    """Bit of ``ask_status`` that is set while this output is on, where that tells it."""
    current_limited_bit: Bit | None = None


class StatusWord(Struct, frozen=True, kw_only=True):
    """Bits of ``ask_status`` that say whether the channels are independent: ``status & mask == value``."""

    independent_mask: int = 0
    independent_value: int = 0


class ScpiSupplyProfile(ScpiProfile, tag="scpi-supply", frozen=True, kw_only=True):
    """A power supply.

    The state of an output is told either by ``ask_output`` (boolean) and ``ask_regulation`` (text, limited where it is
    one of ``limited``), or by the bits of ``ask_status`` (a whole number as text, ``0x…`` for hexadecimal).
    """

    capability: ClassVar[str] = "power_supply"

    channels: Annotated[tuple[SupplyChannel, ...], msgspec.Meta(min_length=1, max_length=8)]
    limited: tuple[str, ...] = ()
    status: StatusWord = StatusWord()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("output", None)
        for name, reply in SETTING.items():
            self.require(name, reply)
        if "ask_status" in self.commands:
            self.require("ask_status", "text")
        else:
            self.require("ask_output", "boolean")
            self.require("ask_regulation", "text")
            if not self.limited:
                raise ValueError("limited must list the answers of ask_regulation that mean current limiting")
        if not self.safe_state:
            raise ValueError("safe_state must switch every output off")

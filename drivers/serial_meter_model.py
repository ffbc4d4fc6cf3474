"""The declaration of a multimeter whose frames carry its display, sent by itself or asked for one by one."""

import re
from typing import ClassVar, Literal

import msgspec

from drivers.capabilities import MeterFunction
from drivers.profile_base import Positive, ProfileBase, SerialLine
from drivers.scpi.multimeter_model import MeterRange


class SerialMeterProfile(ProfileBase, tag="serial-meter", frozen=True, kw_only=True):
    """A meter whose function is set by its knob. ``functions`` gives the limits of error per range."""

    capability: ClassVar[str] = "multimeter"

    protocol: Literal["es51922", "es51978", "es51982", "fluke287", "bm869", "fs9721", "ut61e_plus", "ut71x", "ut8803"]
    """The chip or family, which is the format of the frames (a module of ``protocols.dmm``)."""
    symbols: dict[
        Literal["C2C1_00", "C2C1_01", "C2C1_10", "C2C1_11"], Literal["CELSIUS", "FAHRENHEIT", "MIN", "MAX"]
    ] = msgspec.field(default_factory=dict)
    """What the maker printed on the segments that an FS9721 leaves to him."""
    identity: str | None = None
    """A regular expression for the whole name that the meter answers, where its protocol can ask for one."""
    serial: SerialLine
    frame_interval_s: Positive
    functions: dict[MeterFunction, tuple[MeterRange, ...]]
    signal_frequency_functions: tuple[MeterFunction, ...] = (MeterFunction.AC_VOLTAGE, MeterFunction.AC_CURRENT)
    """Functions whose limits hold for frequencies of the signal."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.symbols and self.protocol != "fs9721":
            raise ValueError("symbols belong to the protocol fs9721, and to no other")
        if (self.identity is not None) != (self.protocol in ("fluke287", "ut61e_plus")):
            raise ValueError(
                "identity belongs to the protocols fluke287 and ut61e_plus, which need it, and to no other"
            )
        try:
            re.compile(self.identity or "")
        except re.error as error:
            raise ValueError(f"the identity is no regular expression ({error})") from error

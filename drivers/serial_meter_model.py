"""The declaration of a handheld multimeter that sends its display by itself."""

from typing import ClassVar, Literal

from drivers.capabilities import MeterFunction
from drivers.profile_base import Positive, ProfileBase, SerialLine
from drivers.scpi.multimeter_model import MeterRange


class SerialMeterProfile(ProfileBase, tag="serial-meter", frozen=True, kw_only=True):
    """A meter whose function is set by its knob. ``functions`` gives the limits of error per range."""

    capability: ClassVar[str] = "multimeter"

    protocol: Literal["es51922", "fs9721"]
    """The chip, which is the format of the frames (a module of ``protocols.dmm``)."""
    serial: SerialLine
    frame_interval_s: Positive
    functions: dict[MeterFunction, tuple[MeterRange, ...]]
    signal_frequency_functions: tuple[MeterFunction, ...] = (MeterFunction.AC_VOLTAGE, MeterFunction.AC_CURRENT)
    """Functions whose limits hold for frequencies of the signal."""

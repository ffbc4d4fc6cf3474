"""What a person does with one instrument by hand, through a lease."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Word = Annotated[str, Meta(min_length=1, max_length=64)]
Channel = Annotated[int, Meta(ge=1, le=16)]


class _Manual(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="act"):
    """One thing to do with one instrument."""


class Identify(_Manual, frozen=True, tag="identify"):
    """Ask the instrument who it is."""


class SafeState(_Manual, frozen=True, tag="safe_state"):
    """Switch its outputs off."""


class ReadMeter(_Manual, frozen=True, tag="read_meter"):
    """Take one reading, e.g. of ``dc_voltage``."""

    function: Word
    range_value: float | None = None


class SetSupply(_Manual, frozen=True, tag="set_supply"):
    """Set voltage and current limit of a channel."""

    voltage_v: float
    current_limit_a: float
    channel: Channel = 1


class SwitchOutput(_Manual, frozen=True, tag="switch_output"):
    """Switch an output of a supply or a generator."""

    on: bool
    channel: Channel = 1


class ReadSupply(_Manual, frozen=True, tag="read_supply"):
    """Read back voltage and current."""

    channel: Channel = 1


class SetGenerator(_Manual, frozen=True, tag="set_generator"):
    """Set the shape of a generator's channel (``sine``, ``square`` …)."""

    wave: Word
    frequency_hz: float
    amplitude_vpp: float
    offset_v: float = 0.0
    channel: Channel = 1


Manual: TypeAlias = Identify | SafeState | ReadMeter | SetSupply | SwitchOutput | ReadSupply | SetGenerator

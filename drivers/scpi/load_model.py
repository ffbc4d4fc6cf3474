"""The declaration of a SCPI electronic load: modes with their limits."""

from typing import ClassVar

from drivers.accuracy import Accuracy
from drivers.capabilities import LoadMode
from drivers.profile_base import Positive, Struct
from drivers.scpi.model import ScpiProfile

UNITS = {
    LoadMode.CONSTANT_CURRENT: "A",
    LoadMode.CONSTANT_VOLTAGE: "V",
    LoadMode.CONSTANT_RESISTANCE: "Ohm",
    LoadMode.CONSTANT_POWER: "W",
}
SETTING = {"set_mode": None, "set_level": None, "input": None}
QUERIES = {
    "ask_mode": "text",
    "ask_level": "number",
    "ask_input": "boolean",
    "measure_voltage": "number",
    "measure_current": "number",
    "measure_power": "number",
}


class LoadModeModel(Struct, frozen=True, kw_only=True):
    """One mode: the limits of its level, in its unit, and the answer of ``ask_mode`` that means it."""

    minimum: float
    maximum: Positive
    step: Positive
    told: str


class ScpiLoadProfile(ScpiProfile, tag="scpi-load", frozen=True, kw_only=True):
    """An electronic load. ``prepare`` are commands, with the argument ``mode`` or none, that choose a mode's ranges."""

    capability: ClassVar[str] = "electronic_load"

    modes: dict[LoadMode, LoadModeModel]
    prepare: tuple[str, ...] = ()
    voltage_accuracy: Accuracy | None = None
    """Limit of error of what the load measures; ``None`` where the maker's is not known."""
    current_accuracy: Accuracy | None = None
    power_accuracy: Accuracy | None = None
    maximum_v: Positive
    maximum_a: Positive
    maximum_w: Positive

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in (*SETTING, *self.prepare):
            self.require(name, None)
        for name, reply in QUERIES.items():
            self.require(name, reply)
        if not self.modes:
            raise ValueError("modes must have at least one mode")
        if not self.safe_state:
            raise ValueError("safe_state must switch the input off")

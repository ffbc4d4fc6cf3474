"""The declaration of a power supply that is a Modbus register map."""

from typing import Annotated, ClassVar

import msgspec

from drivers.accuracy import Accuracy
from drivers.profile_base import Positive, ProfileBase, SerialLine, Struct
from protocols.modbus_map import Access, Format, Register, RegisterMap, Table, WordOrder

REQUIRED = (
    "model_id", "serial_number", "firmware", "set_voltage", "set_current", "output_voltage", "output_current",
    "protection", "regulation", "output",
)  # fmt: skip
STATES = {"protection": {"none"}, "regulation": {"constant_voltage", "constant_current"}, "output": {"off", "on"}}


class RegisterModel(Struct, frozen=True, kw_only=True):
    """One register; the fields are those of ``protocols.modbus_map.Register``."""

    address: int
    table: Table = Table.HOLDING
    format: Format = Format.U16
    scale: float | dict[str, float] = 1.0
    unit: str = "1"
    access: Access = Access.READ
    word_order: WordOrder = WordOrder.HIGH_FIRST
    states: dict[int, str] = msgspec.field(default_factory=dict)


class SupplyModel(Struct, frozen=True, kw_only=True):
    """One model of the family, by its identification number."""

    name: str
    maximum_v: Positive
    maximum_a: Positive


class ModbusSupplyProfile(ProfileBase, tag="modbus-supply", frozen=True, kw_only=True):
    """A single-channel supply.

    ``supply_models`` are keyed by what ``model_id`` holds: the whole number, or else the number divided by
    ``model_id_divisor`` (the rest is the hardware's revision).
    """

    capability: ClassVar[str] = "power_supply"

    serial: SerialLine
    unit: Annotated[int, msgspec.Meta(ge=1, le=247)] = 1
    timeout_s: Positive = 1.0
    model_id_divisor: Annotated[int, msgspec.Meta(ge=1)] = 1
    supply_models: dict[int, SupplyModel]
    registers: dict[str, RegisterModel]
    voltage_accuracy: Accuracy
    current_accuracy: Accuracy

    def __post_init__(self) -> None:
        super().__post_init__()
        missing = [name for name in REQUIRED if name not in self.registers]
        if missing:
            raise ValueError(f"registers lacks {', '.join(missing)}")
        for name, states in STATES.items():
            if not states <= set(self.registers[name].states.values()):
                raise ValueError(f"the register {name} must have the states {', '.join(sorted(states))}")
        self.map()

    def map(self) -> RegisterMap:
        """Return the register map."""
        return RegisterMap(
            tuple(Register(name, **msgspec.structs.asdict(model)) for name, model in self.registers.items())
        )

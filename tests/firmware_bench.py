"""What an action on firmware may use: one programmer, one supply, a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.capabilities import SupplyReading
from edge_agent.plans.actions import ACTIONS
from edge_agent.plans.actions.base import Result
from protocols.quantity import Quantity


class Bench:
    """The context of an action, with one programmer and one supply."""

    def __init__(self, folder: Path, driver: object, supply: object = None, device: str = "SL20-0001") -> None:
        self.memory = self.workspace = folder
        self.device, self.role = device, "mcu"
        self._driver, self._supply = driver, supply

    def call(self, function: Callable[[Any], Any]) -> Any:
        return function(self._driver)

    def beside(self, role: str, kind: str) -> "Bench":
        assert (role, kind) == ("supply", "supply")
        return Bench(self.memory, self._supply)

    def progress(self, fraction: float, text: str) -> None:
        """Nobody listens."""


class Feed:
    """A supply that reads so."""

    def __init__(self, volts: float, *, on: bool = True, limited: bool = False) -> None:
        self._volts, self._on, self._limited = volts, on, limited

    def read(self) -> SupplyReading:
        return SupplyReading(Quantity(self._volts, "V"), Quantity(0.1, "A"), self._on, self._limited)


def do(bench: Bench, action: str, profile: str = "sl20", **parameters: object) -> Result:
    """Carry out one action."""
    one = ACTIONS[action]
    return one.run(bench, one.decode({"profile": profile, **parameters}))

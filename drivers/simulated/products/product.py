"""What a product is to the simulator: a board with numbers, test points, places of parts, and faults."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drivers.simulated.board import Board
from drivers.simulated.faults import Fault
from drivers.simulated.heat import Spot
from drivers.simulated.points import PointKind


@dataclass(frozen=True, slots=True)
class Product:
    """One product model. ``points`` names the test points, as printed on the board, in the order of the board."""

    model: str
    key: str
    """How the command line calls it (``plug``)."""
    title: Mapping[str, str]
    serial: str
    feed_v: float
    """Voltage that it is fed with on the bench."""
    board: Board
    points: Mapping[str, PointKind]
    spots: Mapping[str, Spot]
    faults: Mapping[str, Fault]
    firmware_version: str = "1.4.2"

    @property
    def slug(self) -> str:
        """The model as names of files and plans have it (``sp100``)."""
        return self.model.replace("-", "").lower()

    def faults_found_by(self, plan: str) -> tuple[str, ...]:
        """Return the names of the faults that the functional test (or another ``plan``) finds."""
        return tuple(name for name, fault in self.faults.items() if fault.found_by == plan)

    def point(self, kind: PointKind) -> str:
        """Return the test point of a kind; raise ``ValueError`` when this board has none."""
        for name, one in self.points.items():
            if one is kind:
                return name
        raise ValueError(f"{self.model} has no test point for {kind}")

    def fault(self, name: str) -> Fault:
        """Return a fault by name; raise ``ValueError`` with the known names when there is none."""
        if name not in self.faults:
            raise ValueError(f"no fault {name!r}; {self.model} can have {', '.join(self.faults)}")
        return self.faults[name]

    def board_with(self, faults: Iterable[str]) -> Board:
        """Return the board as these faults leave it."""
        board = self.board
        for name in sorted(faults):
            board = board.changed(self.fault(name).changes)
        return board


def by_name(*faults: Fault) -> Mapping[str, Fault]:
    """Return the faults by their names."""
    return {fault.name: fault for fault in faults}

"""One line of ``make bench``: a ratio to a peer or a limit, both measured in the same run."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Row:
    """A measured figure beside its aim.

    ``measured`` and ``aim`` are plain numbers in ``unit`` (``x`` for a ratio); ``better`` says which side of the
    aim is good.
    ``note`` names the peer, the size of the work, and what bounds the figure when the aim is not reached.
    """

    name: str
    measured: float
    aim: float
    better: Literal["lower", "higher"]
    note: str = ""
    unit: str = "x"

    @property
    def reached(self) -> bool:
        """Whether the figure is on the good side of its aim."""
        return self.measured <= self.aim if self.better == "lower" else self.measured >= self.aim

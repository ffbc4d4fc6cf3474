"""A device whose clock the test sets."""

from drivers.simulated.device import Device
from drivers.simulated.rails import Feed


class ManualClock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Workbench:
    """A device on a manual clock: ``power`` at second 1, then ``settle``."""

    def __init__(self, *faults: str, seed: int = 1) -> None:
        self.clock = ManualClock()
        self.device = Device(seed=seed, faults=faults, clock=self.clock)
        self.clock.now_s = 1.0
        self.powered_at_s = 1.0

    def power(self, voltage_v: float = 5.0, limit_a: float = 0.5, *, settle_s: float = 3.0) -> "Workbench":
        self.powered_at_s = self.clock.now_s
        self.device.power(Feed(voltage_v, limit_a, True))
        self.clock.now_s += settle_s
        return self

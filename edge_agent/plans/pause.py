"""Holding a run between two steps: outputs stay as they are, and nothing is begun until it goes on or is aborted."""

import threading


class Pause:
    """One a run; thread-safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._wanted = False
        self._over = False

    @property
    def wanted(self) -> bool:
        """Whether the run is to hold before its next step (or holds)."""
        return self._wanted

    def hold(self) -> None:
        """Hold before the next step."""
        with self._condition:
            self._wanted = not self._over

    def go_on(self) -> None:
        """Go on."""
        with self._condition:
            self._wanted = False
            self._condition.notify_all()

    def end(self) -> None:
        """Never hold again: the run is being stopped."""
        with self._condition:
            self._wanted, self._over = False, True
            self._condition.notify_all()

    def wait(self) -> None:
        """Wait as long as the run is held."""
        with self._condition:
            while self._wanted:
                self._condition.wait()

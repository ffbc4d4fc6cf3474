"""A lock that threads get in the order in which they came.

``threading.Lock`` goes to whoever asks first once it is free, which is often the thread that has just let it go: a
thread that waits can be overtaken again and again, and the slowest of many writers waits several times as long as the
others.
"""

import threading
from collections import deque


class InOrder:
    """Mutual exclusion, first come first served: ``with lock: …``. It is not reentrant."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()
        """One lock for each thread that waits, held until it is that thread's turn."""

    @property
    def waiting(self) -> int:
        """How many threads wait for their turn."""
        return len(self._waiting)

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:  # a signal in the main thread: nobody may wait for a thread that has gone
            with self._guard:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                else:
                    self._pass_on()
            raise

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().release()
        else:
            self._taken = False

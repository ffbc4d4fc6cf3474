"""A year in the right order: lives that take turns.

A life is a generator that yields the moment at which it goes on. The timeline resumes whichever is due next, with the
hub's clock at that moment, so that events of many tickets interleave as they do in a store. What a life would do after
the end has not happened yet: those tickets are still open.
"""

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count

from hub.core import clock

Life = Iterator[datetime]


class Timeline:
    """Runs lives until ``end``."""

    def __init__(self, end: datetime) -> None:
        self._end = end
        self._due: list[tuple[datetime, int, Life]] = []
        self._numbers = count()

    def begin(self, life: Life) -> None:
        """Take up a life; it runs to its first moment at once."""
        moment = next(life, None)
        if moment is not None:
            heapq.heappush(self._due, (moment, next(self._numbers), life))

    def run(self, progress: Callable[[datetime], None]) -> None:
        """Let everything happen that is due before the end."""
        while self._due and self._due[0][0] <= self._end:
            moment, _, life = heapq.heappop(self._due)
            progress(moment)
            with clock.at(moment):
                self.begin(life)

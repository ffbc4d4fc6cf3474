"""Events from the agent's threads to whoever listens; a slow listener loses some and is told how many."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from itertools import count

from edge_agent.local_api.events import STREAM_OF, Event, Stream

MAX_QUEUED = 1000


class Subscription:
    """One listener's queue. ``wake`` is called (from any thread) when it is no longer empty."""

    def __init__(self, streams: Collection[Stream], wake: Callable[[], None], limit: int = MAX_QUEUED) -> None:
        self.streams = frozenset(streams)
        self._wake = wake
        self._limit = limit
        self._mutex = threading.Lock()
        self._queue: OrderedDict[object, Event] = OrderedDict()
        self._numbers = count()
        self._lost = 0

    def put(self, event: Event, key: str | None) -> None:
        """Queue an event; one with a ``key`` takes the place of an undelivered one with the same key."""
        if STREAM_OF[type(event)] not in self.streams:
            return
        with self._mutex:
            was_empty = not self._queue
            if key is not None and key in self._queue:
                self._queue.move_to_end(key)
            elif len(self._queue) >= self._limit:
                self._queue.popitem(last=False)
                self._lost += 1
            self._queue[next(self._numbers) if key is None else key] = event
        if was_empty:
            self._wake()

    def take(self) -> tuple[list[Event], int]:
        """Return and forget what is queued, in order, and how many events were lost before."""
        with self._mutex:
            events, lost = list(self._queue.values()), self._lost
            self._queue.clear()
            self._lost = 0
        return events, lost


class EventBus:
    """Thread-safe; publishing never blocks on a listener."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._subscriptions: tuple[Subscription, ...] = ()

    def subscribe(self, subscription: Subscription) -> None:
        """Begin to deliver to ``subscription``."""
        with self._mutex:
            self._subscriptions = (*self._subscriptions, subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Deliver no more; one that is not subscribed stays so."""
        with self._mutex:
            self._subscriptions = tuple(one for one in self._subscriptions if one is not subscription)

    def publish(self, event: Event, key: str | None = None) -> None:
        """Deliver to all; ``key`` marks a state of which only the newest matters (``spool``, ``meter``)."""
        for subscription in self._subscriptions:
            subscription.put(event, key)

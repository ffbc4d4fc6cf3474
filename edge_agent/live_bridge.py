"""From what happens on the bench to the live previews for people at the hub."""

import time
from array import array
from typing import Any

import msgspec

from edge_agent.bus import EventBus, Subscription
from edge_agent.local_api import events
from edge_agent.uplink.live import LiveFeed

MAX_CURVES = 4
"""Channels of a capture that a live frame carries."""


class LiveBridge:
    """Offers readings, progress and captures to the feed while somebody watches, in the thread in which they happen."""

    def __init__(self, bus: EventBus, feed: LiveFeed) -> None:
        self._feed = feed
        self._events = Subscription({"run", "readings"}, self._offer)
        bus.subscribe(self._events)

    def _offer(self) -> None:
        happened, _ = self._events.take()
        now = time.monotonic()
        if not self._feed.is_watched(now):
            return
        for event in happened:
            match event:
                case events.Reading():
                    self._feed.offer(event.role, msgspec.to_builtins(event), now)
                case events.CaptureSaved():
                    self._feed.offer("capture", _curves(event), now)
                case events.StepProgressed() | events.StepBegan() | events.StepEnded() | events.RunEnded():
                    self._feed.offer("run", msgspec.to_builtins(event), now)
                case _:
                    pass


def _curves(event: events.CaptureSaved) -> dict[str, Any]:
    record = event.record
    return {
        "name": record.name,
        "step": record.step,
        "curves": [
            {
                "name": curve.name,
                "unit": curve.unit,
                "start_s": curve.start_s,
                "span_s": curve.span_s,
                "minimum": array("f", curve.minimum),
                "maximum": array("f", curve.maximum),
            }
            for curve in record.curves[:MAX_CURVES]
        ],
    }

"""What has been sent and not answered for: pure bookkeeping, the clock is an argument."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.spool import Waiting
from protocols.messages.control import Receipt

MAX_BATCHES = 8
RESEND_AFTER_S = 2.0
RESEND_CAP_S = 30.0
_JITTER = 0.2
"""So that benches do not resend in step when a hub returns."""


@dataclass(slots=True)
class Batch:
    """Records that went out in one message, without those that have been answered for."""

    records: dict[int, bytes]
    sent_at: float
    due: float
    attempts: int = 1


class SendWindow:
    """At most ``max_batches`` batches without a receipt; each is due again after ``resend_after_s``, then ever later.

    The wait doubles up to ``resend_cap_s`` while the hub is silent; any receipt ends that, since it proves a live hub.
    """

    def __init__(
        self,
        *,
        max_batches: int = MAX_BATCHES,
        resend_after_s: float = RESEND_AFTER_S,
        resend_cap_s: float = RESEND_CAP_S,
        rng: random.Random | None = None,
    ) -> None:
        self._max_batches = max_batches
        self._resend_after_s = resend_after_s
        self._resend_cap_s = resend_cap_s
        self._random = rng or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._batches: list[Batch] = []
        self.cursor = 0
        """The highest number sent on this connection: new records are read after it."""
        self.sent_up_to = 0
        """The highest number ever sent: the hub can have nothing above it."""

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def has_room(self) -> bool:
        """Whether another batch may go out."""
        return len(self._batches) < self._max_batches

    def restart(self) -> None:
        """Begin a new connection: whatever has no receipt will be read from the spool and sent again."""
        self._batches.clear()
        self.cursor = 0

    def add(self, records: Sequence[Waiting], now: float) -> Batch:
        """Note a batch that is being sent for the first time on this connection, in ascending order."""
        batch = Batch({record.seq: record.encoded for record in records}, now, now)
        self.cursor = records[-1].seq
        self.sent_up_to = max(self.sent_up_to, self.cursor)
        self._schedule(batch, now)
        self._batches.append(batch)
        return batch

    def due(self, now: float) -> list[Batch]:
        """Return the batches whose time to be sent again has come."""
        return [batch for batch in self._batches if batch.due <= now]

    def sent_again(self, batch: Batch, now: float) -> None:
        """Note that a due batch has been sent again."""
        batch.attempts += 1
        self._schedule(batch, now)

    def next_due(self) -> float | None:
        """Return when the next batch becomes due, ``None`` when nothing is out."""
        return min((batch.due for batch in self._batches), default=None)

    def settle(self, receipt: Receipt, now: float) -> bool:
        """Take out what the receipt answers for; return whether it answered for anything that is out."""
        ranges = sorted([*receipt.committed, *((refusal.seq, refusal.seq) for refusal in receipt.refused)])
        answered = False
        for batch in self._batches:
            numbers = iter(tuple(batch.records))
            seq = next(numbers, None)
            for first, last in ranges:
                while seq is not None and seq < first:
                    seq = next(numbers, None)
                while seq is not None and seq <= last:
                    del batch.records[seq]
                    answered = True
                    seq = next(numbers, None)
        if answered:
            self._batches = [batch for batch in self._batches if batch.records]
            for batch in self._batches:
                batch.attempts = 1
                batch.due = min(batch.due, max(now, batch.sent_at + self._resend_after_s))
        return answered

    def _schedule(self, batch: Batch, now: float) -> None:
        wait = min(self._resend_after_s * 2 ** (batch.attempts - 1), self._resend_cap_s)
        batch.sent_at = now
        batch.due = now + wait * (1 + self._random.uniform(0, _JITTER))


def envelope(bench: str, epoch: str) -> tuple[bytes, bytes]:
    """Return what stands before and after the records in an encoded ``RecordBatch``."""
    return b'{"bench":"%s","epoch":"%s","records":[' % (bench.encode(), epoch.encode()), b"]}"

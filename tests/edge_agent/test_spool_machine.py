"""Spool, send window and a hub with a unique key over a wire that drops, doubles and reorders; crashes anywhere."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sample_records import finished, started, step, taken

from edge_agent.spool import Spool
from edge_agent.uplink.window import SendWindow, envelope
from protocols.messages import codec, control, records

BENCH = "bench-01"


class LossyDelivery(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "spool.db"
        self.clock = 0.0
        self.appended: dict[int, records.Body] = {}
        self.hub: dict[int, records.Body] = {}
        self.refused_at_hub: set[int] = set()
        self.up: list[bytes] = []
        self.down: list[control.Receipt] = []
        self.open_run: str | None = None
        self.journal: list[records.Body] = []
        self.runs = 0
        self.start_agent()

    def start_agent(self):
        self.spool = Spool(self.path)
        self.window = SendWindow(max_batches=3, resend_after_s=2.0, resend_cap_s=8.0)
        self.head, self.tail = envelope(BENCH, self.spool.epoch)

    def append(self, *bodies):
        for seq, body in zip(self.spool.append_many(bodies), bodies, strict=True):
            assert seq > max(self.appended, default=0), "numbers rise and are never used again"
            self.appended[seq] = body

    @rule(count=st.integers(1, 4))
    def work(self, count):
        if self.open_run is None:
            self.runs += 1
            self.open_run = f"run-{self.runs}"
            self.journal = [started(self.open_run)]
            self.append(*self.journal)
        steps = [step(len(self.journal) + number, self.open_run) for number in range(count)]
        self.journal += steps
        self.append(*steps)

    @precondition(lambda self: self.open_run)
    @rule()
    def finish(self):
        self.append(finished(self.open_run))
        self.open_run, self.journal = None, []

    @rule(ticket=st.sampled_from(["T-1", "T-2"]))
    def act_on_ticket(self, ticket):
        self.append(taken(ticket))

    @rule(keep=st.sampled_from([frozenset(), frozenset({"T-1"})]))
    def new_worklist(self, keep):
        self.spool.forget_tickets(keep)

    @rule(up_to=st.integers(0, 30))
    def ticket_comes_anew(self, up_to):
        self.spool.forget_received("T-2", up_to)

    @rule()
    def send(self):
        for batch in self.window.due(self.clock):
            self.transmit(batch)
            self.window.sent_again(batch, self.clock)
        while self.window.has_room:
            waiting = self.spool.pending(limit_records=3, after_seq=self.window.cursor)
            if not waiting:
                break
            self.transmit(self.window.add(waiting, self.clock))
        assert len(self.window) <= 3

    def transmit(self, batch):
        self.up.append(self.head + b",".join(batch.records.values()) + self.tail)

    @rule(seconds=st.sampled_from([0.5, 3.0, 20.0]))
    def time_passes(self, seconds):
        self.clock += seconds

    @rule(data=st.data(), refuse=st.booleans(), receipt=st.sampled_from(["arrives", "waits", "is lost"]))
    def hub_takes_a_batch(self, data, refuse, receipt):
        self.send()
        if not self.up:
            return
        batch = codec.decode(self.up.pop(data.draw(st.integers(0, len(self.up) - 1))), records.RecordBatch)
        for record in batch.records:
            assert record.body == self.appended[record.seq], "what arrives is what was appended"
            if refuse and record.seq not in self.hub and record.seq % 3 == 0:
                self.refused_at_hub.add(record.seq)
            elif record.seq not in self.refused_at_hub:
                self.hub.setdefault(record.seq, record.body)
        if receipt == "is lost":
            return
        numbers = [record.seq for record in batch.records if record.seq in self.hub]
        refused = [control.Refusal(r.seq, "no") for r in batch.records if r.seq in self.refused_at_hub]
        ranges = tuple((number, number) for number in numbers)
        self.down.append(control.Receipt(bench=BENCH, epoch=self.spool.epoch, committed=ranges, refused=tuple(refused)))
        if receipt == "arrives":
            self.deliver(self.down.pop())

    @precondition(lambda self: self.down)
    @rule(data=st.data(), again=st.booleans())
    def receipt_arrives(self, data, again):
        receipt = self.down[data.draw(st.integers(0, len(self.down) - 1))]
        if not again:
            self.down.remove(receipt)
        self.deliver(receipt)

    def deliver(self, receipt):
        self.spool.apply_receipt(receipt, sent_up_to=self.window.sent_up_to)
        self.window.settle(receipt, self.clock)

    @precondition(lambda self: self.up)
    @rule()
    def broker_dies(self):
        self.up.clear()
        self.down.clear()
        self.window.restart()

    @rule()
    def bench_dies(self):
        self.spool.close()
        self.up.clear()
        self.start_agent()

    @invariant()
    def nothing_is_lost(self):
        if not hasattr(self, "spool"):
            return
        waiting = {waiting.seq for waiting in self.spool.pending(limit_bytes=2**40)}
        refused = {kept.record.seq for kept in self.spool.refused()}
        assert waiting | refused | self.hub.keys() | self.refused_at_hub == self.appended.keys()
        assert refused <= self.refused_at_hub
        assert (self.spool.depth().waiting, self.spool.depth().refused) == (len(waiting), len(refused))
        if self.open_run:
            assert [record.body for record in self.spool.run_records(self.open_run)] == self.journal
            assert [run.run for run in self.spool.open_runs()] == [self.open_run]

    def teardown(self):
        if not hasattr(self, "spool"):
            return
        for _ in range(1000):  # the wire heals: everything gets through
            if self.spool.depth().waiting == 0:
                break
            self.clock += 10
            self.send()
            for payload in self.up:
                batch = codec.decode(payload, records.RecordBatch)
                fresh = [record for record in batch.records if record.seq not in self.refused_at_hub]
                for record in fresh:
                    self.hub.setdefault(record.seq, record.body)
                receipt = control.Receipt(
                    bench=BENCH,
                    epoch=batch.epoch,
                    committed=tuple((record.seq, record.seq) for record in fresh),
                    refused=tuple(control.Refusal(r.seq, "no") for r in batch.records if r not in fresh),
                )
                self.deliver(receipt)
            self.up.clear()
        assert self.spool.depth().waiting == 0
        assert self.hub | {seq: self.appended[seq] for seq in self.refused_at_hub} == self.appended
        self.spool.close()
        self.folder.cleanup()


LossyDelivery.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestLossyDelivery = LossyDelivery.TestCase

"""Runs the rounds of a soak by a clock, and journals rounds, gaps, alarms and the summary (D7)."""

from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.plans.clock import RunClock
from edge_agent.plans.flow import Next, outcome_of_step
from edge_agent.plans.soak import GROUP, SUMMARY, SoakState, duration_words, gap_record
from edge_agent.rack import Cancellation
from protocols.messages.records import Outcome, StepFinished

SUMMARY_TITLE = {"en": "Stability monitoring", "zh-CN": "稳定性监测"}


@dataclass(frozen=True, slots=True)
class Monitor:
    """``do`` runs and journals one step of a round; ``note`` journals what the monitoring itself has to say."""

    run: str
    state: SoakState
    clock: RunClock
    stop: Cancellation
    do: Callable[[Next, float], StepFinished]
    note: Callable[[StepFinished], None]
    waiting: Callable[[SoakState, float], None]
    """Told before each wait, with the seconds until the next round."""

    def go(self) -> None:
        """Watch until the soak's duration is over, an alarm stops it, or it is aborted; the summary is the last record.

        A soak that was interrupted goes on with the time that its journal says.
        """
        state, soak = self.state, self.state.soak
        if state.begun:
            self._note(gap_record(self.run, state, self.clock.utc()))
        self._tell_alarms()
        base_s, began = state.elapsed_s, self.clock.monotonic()

        def elapsed_s() -> float:
            return base_s + self.clock.monotonic() - began

        due_s = base_s
        while not self._stopped():
            self._round(elapsed_s)
            if self._stopped() or state.over:
                break
            # A round that took longer than the interval is followed at once by the next; none is made up for.
            due_s = min(max(due_s + soak.every, elapsed_s()), max(float(soak.duration), elapsed_s()))
            left = due_s - elapsed_s()
            self.waiting(state, left)
            if left > 0 and self.clock.wait(left, self.stop):
                break
        measurements = state.summary()
        outcome, detail = outcome_of_step(measurements), None
        if self.stop.reason is not None:
            outcome, detail = Outcome.ABORTED, self.stop.reason
        self._note(
            StepFinished(
                self.run, SUMMARY, GROUP, 1, outcome, 0.0, measurements, SUMMARY_TITLE, detail, state.elapsed_s
            )
        )

    def _stopped(self) -> bool:
        state = self.state
        return self.stop.reason is not None or (state.soak.on_alarm == "stop" and bool(state.alarms))

    def _round(self, elapsed_s: Callable[[], float]) -> None:
        number = self.state.rounds + 1
        for step in self.state.soak.steps:
            record = self.do(Next(GROUP, step, number), elapsed_s())
            self.state.take(record, self.clock.utc())
            self._tell_alarms()
            if self.stop.reason is not None:
                return

    def _tell_alarms(self) -> None:
        for alarm in self.state.untold():
            self._note(alarm.record(self.run, self.state.told + 1))

    def _note(self, record: StepFinished) -> None:
        self.note(record)
        self.state.take(record, self.clock.utc())


def waiting_words(state: SoakState, left_s: float) -> dict[str, str]:
    """Say how far a soak is, for people."""
    done, all_of_it, left = (duration_words(one) for one in (state.elapsed_s, float(state.soak.duration), left_s))
    alarms = len(state.alarms)
    return {
        "en": f"Monitoring: {done['en']} of {all_of_it['en']}, {alarms} alarms, next round in {left['en']}",
        "zh-CN": f"稳定性监测：{done['zh-CN']} / {all_of_it['zh-CN']}，报警 {alarms} 次，{left['zh-CN']}后下一轮",
    }

"""A ticket's clocks, the slow way: one minute after the other, with counters, as a person with a stopwatch would.

Knows nothing of ``hub.sla.clocks`` nor of the calendar: it reads the policy as text and is told which minutes count as
working time. Minutes are whole numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

TICKET_CLOCKS = ("first_response", "answer", "resolution")
INCIDENT_CLOCKS = ("team", "update")
Happening = tuple[int, str, Any]
"""Minute, what, and the priority or the reason of waiting."""


@dataclass
class Stopwatch:
    """One clock."""

    name: str
    day_and_night: bool
    paused_by: Sequence[str]
    after_reopening: str
    marks: Sequence[tuple[int, str, str]]
    started: int | None = None
    ended: int | None = None
    allowed: int | None = None
    running: bool = False
    reached: list[int] = field(default_factory=list)
    """The minute at which 0, 1, 2 … counted minutes were complete."""
    true: set[tuple[int, str, str]] = field(default_factory=set)
    passed: list[tuple[int, int, str, str]] = field(default_factory=list)
    pauses: list[list[Any]] = field(default_factory=list)

    @property
    def elapsed(self) -> int:
        return len(self.reached) - 1


def simulate(
    kind: str, happenings: Iterable[Happening], policy: Mapping[str, Any], working: Sequence[int], at: int
) -> dict[str, dict[str, Any]]:
    """Return what each clock that has begun shows ``at`` a minute."""
    return _Desk(kind, policy, working).run(list(happenings), at)


class _Desk:
    def __init__(self, kind: str, policy: Mapping[str, Any], working: Sequence[int]) -> None:
        self.kind, self.policy, self.working = kind, policy, working
        self.open = self.major = False
        self.waiting: str | None = None
        self.priority = -1
        self.watches = {name: _stopwatch(name, policy) for name in TICKET_CLOCKS + INCIDENT_CLOCKS}

    def run(self, happenings: list[Happening], at: int) -> dict[str, dict[str, Any]]:
        begin = next(minute for minute, what, _ in happenings if what == "created")
        calendar = defaultdict(list)
        order = sorted(happenings, key=lambda one: (max(one[0], begin), one[1] != "created", one[0]))
        for minute, what, extra in order:
            calendar[max(minute, begin)].append((what, extra))
        watches = list(self.watches.values())
        for minute in range(begin, at + 1):
            worked = self.working[minute - 1]
            for watch in watches:
                if watch.running and (worked or watch.day_and_night):
                    watch.reached.append(minute)
                    if minute not in calendar:
                        self.look(watch, minute)
            if minute in calendar:
                for what, extra in calendar[minute]:
                    self.happen(what, extra, minute)
                for watch in watches:
                    self.look(watch, minute)
        return {watch.name: self.show(watch, at) for watch in watches if watch.started is not None}

    def happen(self, what: str, extra: Any, minute: int) -> None:
        if what in ("created", "priority_changed"):
            self.priority = extra
        if what == "created":
            self.open = True
            self.start(TICKET_CLOCKS, minute)
        elif what == "reopened" and not self.open:
            self.open = True
            for name in TICKET_CLOCKS:
                watch = self.watches[name]
                if watch.ended is not None and watch.after_reopening == "goes_on":
                    watch.ended = None
                elif watch.ended is not None and watch.after_reopening == "begins_anew":
                    self.start([name], minute)
        elif self.open:
            self.work(what, extra, minute)

    def work(self, what: str, extra: Any, minute: int) -> None:
        if what == "paused":
            self.waiting = extra
        elif what == "resumed":
            self.waiting = None
        elif what == "responded":
            self.end(["first_response"], minute)
        elif what == "answered":
            self.end(["first_response", "answer"], minute)
        elif what == "feedback":
            if self.watches["answer"].ended is not None:
                self.start(["answer"], minute)
        elif what in ("resolved", "cancelled"):
            if what == "resolved":
                self.end(TICKET_CLOCKS, minute)
            self.open = self.major = False
            self.waiting = None
        elif what == "major_declared" and not self.major:
            self.major = True
            self.start(INCIDENT_CLOCKS, minute)
        elif self.major and what == "team_formed":
            self.end(["team"], minute)
        elif self.major and what == "update_given":
            self.start(["update"], minute)
        elif self.major and what == "major_ended":
            self.major = False

    def start(self, names: Iterable[str], minute: int) -> None:
        for name in names:
            watch = self.watches[name]
            watch.started, watch.ended, watch.reached, watch.true = minute, None, [minute], set()
            watch.allowed = self.target(name)

    def end(self, names: Iterable[str], minute: int) -> None:
        for name in names:
            if self.watches[name].ended is None:
                self.watches[name].ended = minute

    def target(self, name: str) -> int | None:
        if name in INCIDENT_CLOCKS:
            return _minutes(self.policy["major_incident"]["team_within" if name == "team" else "update_every"])
        for rule in self.policy["rules"]:
            if self.kind in rule.get("kinds", [self.kind]) and self.priority in rule.get("priorities", [self.priority]):
                return _minutes(rule[name]) if name in rule else None
        raise AssertionError("no rule")

    def promised(self, watch: Stopwatch) -> bool:
        return (
            watch.started is not None
            and watch.ended is None
            and self.open
            and (self.major or watch.name not in INCIDENT_CLOCKS)
        )

    def look(self, watch: Stopwatch, minute: int) -> None:
        promised = self.promised(watch)
        if promised:
            watch.allowed = self.target(watch.name)
            for mark in watch.marks:
                if watch.allowed is None or watch.elapsed * 100 < watch.allowed * mark[0]:
                    watch.true.discard(mark)
                elif mark not in watch.true:
                    watch.true.add(mark)
                    watch.passed.append((minute, *mark))
        why = self.waiting if promised and self.waiting in watch.paused_by else None
        if watch.pauses and watch.pauses[-1][2] is None and watch.pauses[-1][0] != why:
            watch.pauses[-1][2] = minute
        if why and not (watch.pauses and watch.pauses[-1][2] is None):
            watch.pauses.append([why, minute, None])
        watch.running = promised and why is None

    def show(self, watch: Stopwatch, at: int) -> dict[str, Any]:
        allowed, late = watch.allowed, (100, "breach", "") in watch.true
        if allowed is None:
            state = "untimed"
        elif late:
            state = "breached"
        elif watch.ended is not None:
            state = "met"
        elif not self.promised(watch):
            state = "stopped"
        else:
            state = "running" if watch.running else "paused"
        due = next_at = None
        following: set[tuple[int, str, str]] = set()
        if allowed is not None:
            if watch.elapsed >= allowed:
                due = watch.reached[allowed]
            elif watch.running or watch.ended is not None:
                begin = at if watch.ended is None else watch.ended
                due = self.later(watch, begin, allowed - watch.elapsed)
            ahead = [mark for mark in watch.marks if mark not in watch.true]
            if watch.running and ahead:
                first = min(percent for percent, *_ in ahead)
                following = {mark for mark in ahead if mark[0] == first}
                next_at = self.later(watch, at, allowed * first // 100 - watch.elapsed)
        assert watch.started is not None
        return {
            "state": state,
            "started": watch.started,
            "ended": watch.ended,
            "allowed": allowed,
            "elapsed": watch.elapsed,
            "due": due,
            "promised": None if allowed is None else self.later(watch, watch.started, allowed),
            "pauses": [tuple(pause) for pause in watch.pauses],
            "passed": sorted(watch.passed),
            "next_at": next_at,
            "next": following,
        }

    def later(self, watch: Stopwatch, minute: int, missing: int) -> int:
        while missing:
            missing -= 1 if watch.day_and_night else self.working[minute]
            minute += 1
        return minute


def _stopwatch(name: str, policy: Mapping[str, Any]) -> Stopwatch:
    rules = policy["clocks"][name] if name in TICKET_CLOCKS else policy["major_incident"]
    marks = [(percent, "reminder", "") for percent in rules.get("reminders", [])]
    marks += [(percent, "escalation", level) for level, percent in rules.get("escalate", {}).items()]
    if "warn_customer" in rules:
        marks.append((rules["warn_customer"], "customer_warning", ""))
    return Stopwatch(
        name,
        day_and_night=rules["time"] == "elapsed",
        paused_by=rules.get("paused_by", []),
        after_reopening=rules.get("after_reopening", ""),
        marks=[*marks, (100, "breach", "")],
    )


@cache
def _minutes(text: str) -> int:
    return int(text.removesuffix("min"))

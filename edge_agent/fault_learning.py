"""Finished runs whose cause is known extend the fault dictionary (D8): how measurements came out under each cause."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml

from edge_agent.plans.diagnosis import Cause, FaultDictionary, Sign, evidence, sign_of
from edge_agent.plans.model import Words
from protocols.messages.records import Body, Measurement, RunFinished, RunStarted, StepFinished, TicketEvent

MOST_SIGNS = 3
"""A new cause's signature names at most so many ways in which one measurement came out."""


@dataclass
class KnownRun:
    """A finished run: on which device, for which ticket, and the last of each measurement."""

    run: str
    plan: str
    serial: str
    ticket: str | None
    measurements: dict[str, Measurement] = field(default_factory=dict)
    finished: bool = False


@dataclass(frozen=True)
class Lesson:
    """What was learned: the new dictionary, and how many runs of each cause it took in."""

    dictionary: FaultDictionary
    runs: Mapping[str, int]
    new: tuple[str, ...]


def runs_of(bodies: Iterable[Body], plan: str) -> list[KnownRun]:
    """Return the finished runs of a plan among a journal's records."""
    found: dict[str, KnownRun] = {}
    for body in bodies:
        if isinstance(body, RunStarted) and body.plan.name == plan:
            found[body.run] = KnownRun(body.run, plan, body.device.serial, body.ticket)
        elif isinstance(body, StepFinished) and body.run in found:
            found[body.run].measurements |= {one.name: one for one in evidence([body])}
        elif isinstance(body, RunFinished) and body.run in found:
            found[body.run].finished = True
    return [run for run in found.values() if run.finished]


def causes_of_tickets(bodies: Iterable[Body]) -> dict[str, str]:
    """Return the root cause that each ticket's technician wrote down last (``details.root_cause``)."""
    return {
        body.ticket: str(body.details["root_cause"])
        for body in bodies
        if isinstance(body, TicketEvent) and body.details.get("root_cause")
    }


def learn(dictionary: FaultDictionary, runs: Iterable[KnownRun], causes: Mapping[str, str]) -> Lesson:
    """Return the dictionary with what the runs show; ``causes`` maps a run, serial or ticket to its cause.

    Runs in which nothing failed teach nothing about a cause (they are retests). A cause that the dictionary does not
    know becomes a new one, whose signature is how its runs failed; a person has to give it words.
    """
    known = {cause.cause: cause for cause in dictionary.causes}
    seen: dict[str, dict[str, dict[Sign, int]]] = {name: _copy(cause.seen) for name, cause in known.items()}
    taken: dict[str, int] = {}
    for run in runs:
        cause = causes.get(run.run) or causes.get(run.serial) or causes.get(run.ticket or "")
        signs = {name: sign for name, one in run.measurements.items() if (sign := sign_of(one)) is not None}
        if cause is None or all(sign is Sign.PASS for sign in signs.values()):
            continue
        taken[cause] = taken.get(cause, 0) + 1
        counts = seen.setdefault(cause, {})
        for name, sign in signs.items():
            if sign is Sign.PASS and cause in known and name not in known[cause].signature and name not in counts:
                continue  # as expected of what a signature does not name: nothing to write down
            of_name = counts.setdefault(name, {})
            of_name[sign] = of_name.get(sign, 0) + 1
    new = tuple(name for name in seen if name not in known)
    learned = [msgspec.structs.replace(cause, seen=seen[cause.cause]) for cause in dictionary.causes]
    learned += [_new_cause(name, seen[name]) for name in new]
    return Lesson(FaultDictionary(dictionary.model, tuple(learned)), taken, new)


def as_yaml(dictionary: FaultDictionary) -> str:
    """Return a dictionary as a file."""
    data: Any = msgspec.to_builtins(dictionary)
    text: str = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=110)
    return "# yaml-language-server: $schema=../../docs/schema/fault-dictionary.schema.json\n" + text


def _copy(seen: Mapping[str, Mapping[Sign, int]]) -> dict[str, dict[Sign, int]]:
    return {name: dict(counts) for name, counts in seen.items()}


def _new_cause(name: str, counts: dict[str, dict[Sign, int]]) -> Cause:
    signature: dict[str, Sign | tuple[Sign, ...]] = {}
    for measurement, signs in counts.items():
        if set(signs) != {Sign.PASS}:
            ways = tuple(sorted(signs, key=lambda sign: -signs[sign])[:MOST_SIGNS])
            signature[measurement] = ways if len(ways) > 1 else ways[0]
    title = Words(name.replace("_", " ").capitalize(), name)
    remedy = Words("Not written down yet: see the tickets with this cause.", "尚未填写：参见该原因的工单。")
    return Cause(name, title, remedy, signature, counts)

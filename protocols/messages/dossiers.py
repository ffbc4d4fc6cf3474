"""What a bench may know of its tickets beyond the worklist: a copy for the technician's screen, never a fact to act on.

It travels in the open ``settings`` of ``Desired``, under ``dossiers`` (by ticket) and ``faults`` (the fault
taxonomy), so that an agent of another version reads its worklist all the same. Members that a reader does not know are
ignored. There are no contact data of customers in it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from protocols.messages.control import Desired


class _Open(Struct, frozen=True, omit_defaults=True):
    """Immutable; unknown members are ignored, defaults are left off the wire."""


class PastRepair(_Open, frozen=True):
    """An earlier ticket of the same device: what was found and replaced."""

    ticket: str
    at: datetime
    state: str = ""
    symptom: str = ""
    root_cause: str | None = None
    work: str = ""
    parts: tuple[str, ...] = ()


class Suggestion(_Open, frozen=True):
    """A knowledge article that fits, by language, and why it was found."""

    article: str
    edition: int
    title: dict[str, str] = {}
    body: dict[str, str] = {}
    because: tuple[str, ...] = ()


class Picture(_Open, frozen=True):
    """A file that was added to the ticket at the hub, by its hash."""

    sha256: str
    media_type: str
    size: int
    purpose: str = ""
    name: str = ""


class Option(_Open, frozen=True):
    """One way to repair; the price in the currency's smallest unit."""

    work: str
    cost_minor: int
    currency: str
    parts: tuple[str, ...] = ()


class PlanOffered(_Open, frozen=True):
    """The repair plan that counts, and what the customer said (``option`` is theirs, 1 the first)."""

    revision: int
    status: str
    options: tuple[Option, ...] = ()
    option: int | None = None
    valid_until: datetime | None = None


class Deadline(_Open, frozen=True):
    """A clock of the service level: ``due`` is ``None`` while it stands still."""

    clock: str
    state: str
    due: datetime | None = None


class RepairCover(_Open, frozen=True):
    """An earlier repair of the device whose warranty held when this ticket came (T15)."""

    ticket: str
    until: datetime
    fault: str
    verdict: str
    """``possible`` while the fault is not known, then ``repeat``, which is free of charge, or ``different``."""


class Dossier(_Open, frozen=True):
    """One ticket. ``approval`` is the hub's word for what the customer agreed to."""

    kind: str = ""
    received_at: datetime | None = None
    urgency: str | None = None
    fault: str | None = None
    accessories: tuple[str, ...] = ()
    appearance: str | None = None
    proof: str | None = None
    """Kind and number of the proof of purchase or warranty."""
    approval: str | None = None
    root_cause: str | None = None
    cover: RepairCover | None = None
    history: tuple[PastRepair, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    pictures: tuple[Picture, ...] = ()
    plan: PlanOffered | None = None
    deadlines: tuple[Deadline, ...] = ()


class FaultName(_Open, frozen=True):
    """A fault of the taxonomy and the group that it belongs to."""

    code: str
    title: dict[str, str]
    group: dict[str, str] = {}


def settings_with(dossiers: Mapping[str, Dossier], faults: tuple[FaultName, ...]) -> dict[str, Any]:
    """Return the ``settings`` of a desired state."""
    settings: dict[str, Any] = {}
    if dossiers:
        settings["dossiers"] = msgspec.to_builtins(dict(dossiers), str_keys=True)
    if faults:
        settings["faults"] = msgspec.to_builtins(faults)
    return settings


def dossiers_of(desired: Desired) -> dict[str, Dossier]:
    """Return the dossiers of a desired state by ticket; one that is not as it should be is left out."""
    stored = desired.settings.get("dossiers")
    found = {}
    for ticket, one in stored.items() if isinstance(stored, dict) else ():
        try:
            found[str(ticket)] = msgspec.convert(one, Dossier)
        except msgspec.ValidationError:
            continue
    return found


def faults_of(desired: Desired) -> tuple[FaultName, ...]:
    """Return the fault taxonomy of a desired state, empty when there is none that can be read."""
    try:
        return msgspec.convert(desired.settings.get("faults", ()), tuple[FaultName, ...])
    except msgspec.ValidationError:
        return ()

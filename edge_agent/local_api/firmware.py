"""Firmware by hand: what can be written, and how a job stands."""

from datetime import datetime
from typing import Literal

from edge_agent.local_api.views import View

FirmwareAct = Literal["identify", "backup", "flash", "verify", "restore"]


class FirmwareView(View, frozen=True):
    """A firmware profile of this bench; ``fault`` tells why it cannot be used."""

    name: str
    model: str = ""
    chip: str = ""
    current: str = ""
    versions: tuple[str, ...] = ()
    programmer: str | None = None
    """The driver profile that is meant for it."""
    fault: str | None = None


class FirmwareJob(View, frozen=True):
    """One job on one device. ``memory`` says truthfully what is on the device now, as far as this bench knows.

    ``interrupted``: the agent went away in the middle; ``incomplete`` memory has to be written again (or restored from
    ``backup``, the file that was read before anything was written).
    """

    role: str
    act: FirmwareAct
    profile: str
    version: str
    holder: str
    began_at: datetime
    state: Literal["running", "cancelling", "done", "failed", "cancelled", "interrupted"] = "running"
    phase: Literal["", "identify", "backup", "write", "verify"] = ""
    fraction: float | None = None
    detail: str = ""
    memory: Literal["unchanged", "released", "restored", "incomplete"] = "unchanged"
    backup: str | None = None

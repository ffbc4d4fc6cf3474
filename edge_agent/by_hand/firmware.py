"""Firmware by hand: one job a programmer, which outlives the screen that began it, and tells the truth after a crash.

Only released images are written, after the chip was asked who it is and its memory was read into a file. A job that was
cancelled or killed while it wrote leaves an incomplete memory; the job says so and the file can be written back.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from drivers.capabilities import FirmwareProgrammer, Instrument
from drivers.errors import InstrumentError
from edge_agent.bus import EventBus
from edge_agent.firmware_profile import (
    FirmwareError,
    FirmwareProfile,
    checked_image,
    firmware_folder,
    load_firmware_profile,
)
from edge_agent.kinds import capability_of
from edge_agent.local_api.events import FirmwareChanged
from edge_agent.local_api.firmware import FirmwareAct, FirmwareJob, FirmwareView
from edge_agent.rack import CallCancelled, Cancellation, Rack, RackError, WrongCapability, says

log = logging.getLogger(__name__)
JOB_S = 900.0
TOLD_EVERY_S = 0.1
KEPT_BACKUPS = 10
_FAILING = (RackError, InstrumentError, FirmwareError, OSError)


class FirmwareDesk:
    """Thread-safe. A job leases its programmer until it has ended, whoever watches."""

    def __init__(self, rack: Rack, bus: EventBus, folder: Path, wait_ready: Callable[[], None]) -> None:
        self._rack = rack
        self._bus = bus
        self._folder = folder
        self._wait_ready = wait_ready
        self._mutex = threading.Lock()
        self._jobs: dict[str, FirmwareJob] = {}
        self._cancellations: dict[str, Cancellation] = {}
        self._told = 0.0

    def profiles(self) -> tuple[FirmwareView, ...]:
        """Return every firmware profile of this bench."""
        views = []
        for path in sorted(firmware_folder().glob("*.yaml")):
            try:
                profile = load_firmware_profile(path.stem)
            except FirmwareError as error:
                views.append(FirmwareView(path.stem, fault=str(error)))
                continue
            versions = tuple(image.version for image in profile.images)
            views.append(
                FirmwareView(path.stem, profile.model, profile.chip.name, profile.current, versions, profile.programmer)
            )
        return tuple(views)

    def job(self, role: str) -> FirmwareJob | None:
        """Return the job in progress, or the last one; one that a crash ended is ``interrupted``."""
        with self._mutex:
            if role in self._jobs:
                return self._jobs[role]
        stored = self._stored(role)
        if stored is not None and stored.state in {"running", "cancelling"}:
            stored = replace(stored, state="interrupted", detail="the agent went away during the job")
        if stored is not None:
            with self._mutex:
                self._jobs.setdefault(role, stored)
        return stored

    def start(self, role: str, holder: str, act: FirmwareAct, profile: str, version: str | None) -> FirmwareJob:
        """Begin a job and return it; raises ``FirmwareError``, ``LeaseRefused``, ``ValueError`` before it begins."""
        self._wait_ready()
        known = load_firmware_profile(profile)
        image = known.image(version)
        path = checked_image(image)
        former = self.job(role)
        if act == "restore":
            backup = None if former is None else former.backup
            if backup is None or not Path(backup).exists():
                raise ValueError(f"{role} has no backup to be written back")
            path = Path(backup)
        if act in {"flash", "restore"}:
            self._check_supply(known, holder)
        lease = self._rack.acquire(role, f"{holder} (firmware)", None)
        kept = former.memory if former is not None and former.memory == "incomplete" else "unchanged"
        job = FirmwareJob(
            role,
            act,
            profile,
            image.version,
            holder,
            datetime.now(UTC),
            memory=kept,
            backup=None if former is None else former.backup,
        )
        stop = Cancellation()
        with self._mutex:
            self._cancellations[role] = stop
        self._become(job)

        def work(driver: Instrument) -> None:
            self._work(driver, job, known, image.size, path)

        def run() -> None:
            ended: dict[str, object]
            try:
                self._rack.call(role, lease, work, JOB_S, stop)
                ended = {"state": "done", "fraction": 1.0}
            except CallCancelled:
                ended = {"state": "cancelled", "fraction": None, "detail": ""}
            except _FAILING as error:
                ended = {"state": "failed", "fraction": None, "detail": says(error)}
            except Exception as error:
                log.exception("a firmware job on %s failed in an unexpected way", role)
                ended = {"state": "failed", "fraction": None, "detail": f"{type(error).__name__}: {error}"}
            self._rack.release(lease)
            with self._mutex:
                self._cancellations.pop(role, None)
            self._change(role, **ended)

        threading.Thread(target=run, name=f"firmware-{role}", daemon=True).start()
        return job

    def cancel(self, role: str) -> None:
        """End the job in progress: nothing more is sent to the device once this has happened."""
        with self._mutex:
            stop = self._cancellations.get(role)
        if stop is None:
            raise ValueError(f"no firmware job is in progress on {role}")
        self._change(role, state="cancelling")
        stop.cancel("cancelled by the operator")

    # -- inside ---------------------------------------------------------------------------------------------------

    def _work(self, driver: Instrument, job: FirmwareJob, profile: FirmwareProfile, size: int, image: Path) -> None:
        """Do a job, on the programmer's worker; the chip is asked first, so that it cannot be another one by then."""
        role, act = job.role, job.act
        if not isinstance(driver, FirmwareProgrammer):
            raise WrongCapability(f"{role} is no programmer: choose another instrument")
        self._phase(role, "identify")
        chip = driver.chip()
        profile.check_chip(chip)
        self._change(role, detail=f"{chip.name} ({chip.code})")
        if act in {"backup", "flash"}:
            self._back_up(role, driver, size)
        if act in {"flash", "restore"}:
            self._phase(role, "write", memory="incomplete")
            driver.flash(image, progress=lambda fraction, _text: self._progress(role, fraction))
            self._change(role, memory="restored" if act == "restore" else "released")
        if act == "verify":
            self._phase(role, "verify")
            driver.verify(image, progress=lambda fraction, _text: self._progress(role, fraction))

    def _check_supply(self, profile: FirmwareProfile, holder: str) -> None:
        """Raise ``FirmwareError`` when the bench's one supply feeds the device with less or more than it is written at.

        A supply that somebody else controls, or none at all, says nothing: then the person who confirms looks.
        """
        limits = profile.supply
        supplies = [one for one in self._rack.status() if one.healthy and capability_of(one.profile) == "power_supply"]
        if limits is None or len(supplies) != 1:
            return
        role = supplies[0].role
        try:
            with self._rack.leased([role], f"{holder} (firmware)") as leases:
                reading = self._rack.call(role, leases[role], lambda supply: supply.read(), 5.0)
        except (RackError, InstrumentError, OSError) as error:
            log.info("the supply %s was not read before flashing: %s", role, error)
            return
        limits.check(reading.voltage.value, profile.model)

    def _back_up(self, role: str, driver: FirmwareProgrammer, size: int) -> None:
        self._phase(role, "backup")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{role}-{datetime.now(UTC):%Y%m%dT%H%M%S}.bin"
        driver.read(path, size_bytes=size, progress=lambda fraction, _text: self._progress(role, fraction))
        with path.open("rb") as written:
            os.fsync(written.fileno())
        self._change(role, backup=str(path.absolute()))
        for old in sorted(self._folder.glob(f"{role}-*.bin"))[:-KEPT_BACKUPS]:
            old.unlink(missing_ok=True)

    def _phase(self, role: str, phase: str, **changes: object) -> None:
        self._change(role, phase=phase, fraction=None, **changes)

    def _progress(self, role: str, fraction: float) -> None:
        now = time.monotonic()
        if now - self._told < TOLD_EVERY_S and fraction < 1.0:
            return
        self._told = now
        with self._mutex:
            job = self._jobs[role] = replace(self._jobs[role], fraction=fraction)
        self._bus.publish(FirmwareChanged(job), key=f"firmware:{role}")

    def _change(self, role: str, **changes: object) -> None:
        with self._mutex:
            job = replace(self._jobs[role], **changes)
        self._become(job)

    def _become(self, job: FirmwareJob) -> None:
        """Store durably, then tell: what a screen shows is what a crash would leave."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self._folder / f"{job.role}.json"
        partial = target.with_suffix(".part")
        with partial.open("wb") as out:
            out.write(msgspec.json.encode(job))
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
        with self._mutex:
            self._jobs[job.role] = job
        self._bus.publish(FirmwareChanged(job), key=f"firmware:{job.role}")

    def _stored(self, role: str) -> FirmwareJob | None:
        try:
            return msgspec.json.decode((self._folder / f"{role}.json").read_bytes(), type=FirmwareJob)
        except (OSError, msgspec.DecodeError):
            return None

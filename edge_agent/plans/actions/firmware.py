"""Firmware through a programmer. A wrong chip or image stops before anything is written."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from drivers.capabilities import FirmwareProgrammer, PowerSupply
from drivers.errors import InstrumentRefused
from edge_agent.analysis.result import NoAnswer
from edge_agent.firmware_journal import FirmwareJournal, Unfinished
from edge_agent.firmware_profile import FirmwareError, FirmwareProfile, checked_image, load_firmware_profile
from edge_agent.plans.actions.base import FLAG, TEXT, Action, Captured, Context, Field, Result, Value
from edge_agent.plans.model import Step, Strict
from protocols.messages.records import Identifier
from protocols.quantity import Quantity


class Parameters(Strict, frozen=True):
    """``profile`` is a file of ``firmware_profiles`` without its ending; ``version`` is the profile's current one."""

    profile: str
    version: str | None = None


class FlashParameters(Parameters, frozen=True):
    """``supply`` is the role of the bench supply that feeds the device, to be measured before anything is written.

    Without it the programmer's own measurement serves; one of them is needed where the firmware profile has limits.
    """

    supply: Identifier | None = None


class _Firmware(Action[Parameters]):
    kind = "programmer"
    parameters: type[Parameters] = Parameters

    def problems(self, parameters: Parameters) -> list[str]:
        """Check that the profile has that version."""
        try:
            load_firmware_profile(parameters.profile).image(parameters.version)
        except FirmwareError as error:
            return [str(error)]
        return []


def images_of(steps: Iterable[Step]) -> Iterator[str]:
    """Yield what is wrong with the images that steps of a sound plan name: not there, or with other bytes.

    Before a write they are looked at again; this tells it before a device is on the bench.
    """
    for step in steps:
        if step.action.startswith("firmware."):
            parameters = Identify().decode({name: step.parameters.get(name) for name in ("profile", "version")})
            try:
                checked_image(load_firmware_profile(parameters.profile).image(parameters.version))
            except FirmwareError as error:
                yield f"step {step.id}: {error}"


class Identify(_Firmware):
    """Which chip is there."""

    name = "firmware.identify"
    summary = "Identify the chip, and say whether it is the product's."

    def fields(self, parameters: Parameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give name and code of the chip found, and whether an earlier flash of this device was cut short."""
        return {"chip": TEXT, "code": TEXT, "right_chip": FLAG, "unfinished": FLAG}

    def run(self, context: Context, parameters: Parameters) -> Result:
        """Identify; a wrong chip is an answer, not an error."""
        profile = load_firmware_profile(parameters.profile)
        found = context.call(lambda programmer: programmer.chip())
        unfinished = _journal(context).unfinished(context.device, parameters.profile)
        right, detail = True, None if unfinished is None else _words(unfinished)
        try:
            profile.check_chip(found)
        except FirmwareError as error:
            right, detail = False, str(error)
        values: dict[str, Value] = {
            "chip": found.name,
            "code": found.code,
            "right_chip": right,
            "unfinished": unfinished is not None,
        }
        return Result(values, detail=detail)


class Backup(_Firmware):
    """What is on the device now."""

    name = "firmware.backup"
    summary = "Read the memory back and say which released version it is; saved as a file if the step says so."

    def fields(self, parameters: Parameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give the version (no answer when the content is no released image) and the hash of what was read.

        ``told_version`` is what the content says of itself, ``likeness`` how it compares with the image that is wanted.
        """
        return {
            "version": TEXT,
            "released": FLAG,
            "sha256": TEXT,
            "size": Field("1"),
            "told_version": TEXT,
            "likeness": TEXT,
        }

    def run(self, context: Context, parameters: Parameters) -> Result:
        """Read as much as the image has."""
        profile = load_firmware_profile(parameters.profile)
        size = profile.image(parameters.version).size
        path = context.workspace / f"{context.role}-backup.bin"

        def read(programmer: FirmwareProgrammer) -> None:
            profile.check_chip(programmer.chip())
            programmer.read(path, size_bytes=size, progress=context.progress)

        context.call(read)
        content = _take(path)
        version = profile.version_of(content)
        values: dict[str, Value] = {
            "version": version or NoAnswer("what is on the device is no released image: it is damaged or unknown"),
            "released": version is not None,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": Quantity(float(len(content)), "1", 0.0),
            "told_version": profile.told_version(content) or NoAnswer("the content names no version"),
            "likeness": _likeness(profile, content, parameters.version),
        }
        return Result(values, Captured(files={"firmware-backup.bin": content}))


class Flash(_Firmware):
    """Write a released image."""

    name = "firmware.flash"
    parameters = FlashParameters
    summary = "Check supply, chip and image hash, then erase, write and verify a released image."

    def fields(self, parameters: Parameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give the version written, and whether this ended a flash that was cut short before."""
        return {"version": TEXT, "repaired": FLAG}

    def run(self, context: Context, parameters: Parameters) -> Result:
        """Write it; the chip is asked in the same call, so that it cannot be another one by then.

        From before the first erased byte until the image is verified, the bench keeps a note of it on disk.
        """
        profile = load_firmware_profile(parameters.profile)
        image = profile.image(parameters.version)
        path = checked_image(image)
        journal = _journal(context)
        before = journal.unfinished(context.device, parameters.profile)
        role = parameters.supply if isinstance(parameters, FlashParameters) else None
        if role is not None and profile.supply is not None:
            profile.supply.check(_supply_v(context, role), profile.model)

        def flash(programmer: FirmwareProgrammer) -> None:
            profile.check_chip(programmer.chip())
            if role is None:
                _check_by_programmer(programmer, profile)
            journal.begin(context.device, profile.model, parameters.profile, image.version, image.sha256)
            programmer.flash(path, progress=context.progress)

        context.call(flash)
        journal.end(context.device, parameters.profile)
        detail = None if before is None else f"{_words(before)}; it is whole now"
        return Result({"version": image.version, "repaired": before is not None}, detail=detail)


class Verify(_Firmware):
    """Compare with a released image."""

    name = "firmware.verify"
    summary = "Compare the memory with a released image."

    def fields(self, parameters: Parameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give whether it is the same."""
        return {"matches": FLAG, "version": TEXT}

    def run(self, context: Context, parameters: Parameters) -> Result:
        """Compare; a difference is an answer, not an error."""
        image = load_firmware_profile(parameters.profile).image(parameters.version)
        path = checked_image(image)
        try:
            context.call(lambda programmer: programmer.verify(path, progress=context.progress))
        except InstrumentRefused as error:
            return Result({"matches": False, "version": NoAnswer(f"it is not {image.version}")}, detail=str(error))
        _journal(context).end(context.device, parameters.profile)  # whatever was begun before, the device is whole
        return Result({"matches": True, "version": image.version})


def _likeness(profile: FirmwareProfile, content: bytes, version: str | None) -> str | NoAnswer:
    try:
        return profile.likeness(content, profile.image(version))
    except FirmwareError as error:
        return NoAnswer(str(error))


def _journal(context: Context) -> FirmwareJournal:
    return FirmwareJournal(context.memory / "firmware")


def _words(note: Unfinished) -> str:
    when = note.began_at.strftime("%Y-%m-%d %H:%M UTC")
    return f"writing {note.version} onto this device began at {when} and did not end (attempt {note.attempts})"


def _supply_v(context: Context, role: str) -> float:
    """Measure what feeds the device; a supply that is off or limits the current is no supply."""

    def read(supply: PowerSupply) -> float:
        reading = supply.read()
        if not reading.output_on or reading.current_limited:
            state = "limits the current" if reading.output_on else "is switched off"
            raise FirmwareError(f"the supply in the role {role} {state}; nothing was written; correct it first")
        return reading.voltage.value

    return context.beside(role, "supply").call(read)


def _check_by_programmer(programmer: FirmwareProgrammer, profile: FirmwareProfile) -> None:
    if profile.supply is None:
        return
    found = programmer.target_voltage_v()
    if found is None:
        raise FirmwareError(
            f"{profile.model} is written at {profile.supply.minimum_v:g} to {profile.supply.maximum_v:g} V only, and "
            f"this programmer cannot measure that; name the supply's role in the step (supply: …)"
        )
    profile.supply.check(found, profile.model)


def _take(path: Path) -> bytes:
    content = path.read_bytes()
    path.unlink()
    return content

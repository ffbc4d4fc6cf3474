"""Firmware through a programmer. A wrong chip or image stops before anything is written."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from drivers.capabilities import FirmwareProgrammer
from drivers.errors import InstrumentRefused
from edge_agent.analysis.result import NoAnswer
from edge_agent.firmware_profile import FirmwareError, checked_image, load_firmware_profile
from edge_agent.plans.actions.base import FLAG, TEXT, Action, Captured, Context, Field, Result, Value
from edge_agent.plans.model import Strict
from protocols.quantity import Quantity


class Parameters(Strict, frozen=True):
    """``profile`` is a file of ``firmware_profiles`` without its ending; ``version`` is the profile's current one."""

    profile: str
    version: str | None = None


class _Firmware(Action[Parameters]):
    kind = "programmer"
    parameters = Parameters

    def problems(self, parameters: Parameters) -> list[str]:
        """Check that the profile has that version."""
        try:
            load_firmware_profile(parameters.profile).image(parameters.version)
        except FirmwareError as error:
            return [str(error)]
        return []


class Identify(_Firmware):
    """Which chip is there."""

    name = "firmware.identify"
    summary = "Identify the chip, and say whether it is the product's."

    def fields(self, parameters: Parameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give name and code of the chip found."""
        return {"chip": TEXT, "code": TEXT, "right_chip": FLAG}

    def run(self, context: Context, parameters: Parameters) -> Result:
        """Identify; a wrong chip is an answer, not an error."""
        profile = load_firmware_profile(parameters.profile)
        found = context.call(lambda programmer: programmer.chip())
        try:
            profile.check_chip(found)
        except FirmwareError as error:
            return Result({"chip": found.name, "code": found.code, "right_chip": False}, detail=str(error))
        return Result({"chip": found.name, "code": found.code, "right_chip": True})


class Backup(_Firmware):
    """What is on the device now."""

    name = "firmware.backup"
    summary = "Read the memory back and say which released version it is; saved as a file if the step says so."

    def fields(self, parameters: Parameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give the version (no answer when the content is no released image) and the hash of what was read."""
        return {"version": TEXT, "released": FLAG, "sha256": TEXT, "size": Field("1")}

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
        }
        return Result(values, Captured(files={"firmware-backup.bin": content}))


class Flash(_Firmware):
    """Write a released image."""

    name = "firmware.flash"
    summary = "Check chip and image hash, then erase, write and verify a released image."

    def fields(self, parameters: Parameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give the version written."""
        return {"version": TEXT}

    def run(self, context: Context, parameters: Parameters) -> Result:
        """Write it; the chip is asked in the same call, so that it cannot be another one by then."""
        profile = load_firmware_profile(parameters.profile)
        image = profile.image(parameters.version)
        path = checked_image(image)

        def flash(programmer: FirmwareProgrammer) -> None:
            profile.check_chip(programmer.chip())
            programmer.flash(path, progress=context.progress)

        context.call(flash)
        return Result({"version": image.version})


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
        return Result({"matches": True, "version": image.version})


def _take(path: Path) -> bytes:
    content = path.read_bytes()
    path.unlink()
    return content

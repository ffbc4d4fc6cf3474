"""Every driver against its transcripts on a real socket or pseudo-terminal, and the proof that they cover all."""

import re
import time

import pytest
from scripted_server import Exchange, PtyInstrument, ScriptedInstrument, SocketInstrument, as_bytes
from transcripts import Transcript
from transcripts_bench_meters import TRANSCRIPTS as BENCH_METERS
from transcripts_generators import TRANSCRIPTS as GENERATORS
from transcripts_meters import TRANSCRIPTS as METERS
from transcripts_owon import TRANSCRIPTS as OWON
from transcripts_scope_dialects import TRANSCRIPTS as DIALECTS
from transcripts_scopes import TRANSCRIPTS as SCOPES
from transcripts_supplies import TRANSCRIPTS as SUPPLIES

from drivers.capabilities import MeterFunction, Multimeter
from drivers.registry import open_instrument, profiles
from drivers.scpi.model import Command, ScpiProfile
from drivers.scpi.multimeter_model import ScpiMultimeterProfile

TRANSCRIPTS: list[Transcript] = [*METERS, *BENCH_METERS, *OWON, *SCOPES, *DIALECTS, *GENERATORS, *SUPPLIES]
SCPI_PROFILES = [name for name, profile in profiles().items() if isinstance(profile, ScpiProfile)]


def opening(profile: ScpiProfile) -> list[Exchange]:
    """What every SCPI driver says when it is opened."""
    script: list[Exchange] = [("*IDN?", profile.identity.example)]
    if "clear" in profile.commands:
        script.append((profile.commands["clear"].send, None))
    return script


def carrier(profile: ScpiProfile) -> type[ScriptedInstrument]:
    return PtyInstrument if profile.addresses[0].startswith("serial:") else SocketInstrument


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=str)
def test_transcript(transcript: Transcript) -> None:
    profile = profiles()[transcript.profile]
    assert isinstance(profile, ScpiProfile)
    with carrier(profile)([*opening(profile), *transcript.script]) as server:
        options = {"settle_s": 0.01, **transcript.options}
        instrument = open_instrument(transcript.profile, server.address, **options)  # type: ignore[attr-defined]
        try:
            transcript.action(instrument)
        finally:
            instrument.close()
        server.finish()


def pattern_of(command: Command) -> re.Pattern[bytes]:
    parts = re.split(r"\{\w+\}", command.send)
    return re.compile(b"[^;]+?".join(re.escape(part.encode()) for part in parts) + rb"\r?\n")


@pytest.mark.parametrize("name", SCPI_PROFILES)
def test_every_declared_command_is_in_a_transcript(name: str) -> None:
    profile = profiles()[name]
    assert isinstance(profile, ScpiProfile)
    said = [as_bytes(message) for message, _ in opening(profile)]
    said += [as_bytes(message) for one in TRANSCRIPTS if one.profile == name for message, _ in one.script]
    unsaid = [
        key for key, command in profile.commands.items() if not any(pattern_of(command).fullmatch(m) for m in said)
    ]
    assert not unsaid, f"{name} declares commands that no transcript exercises: {unsaid}"


@pytest.mark.parametrize("name", SCPI_PROFILES)
def test_every_command_that_a_transcript_uses_is_declared(name: str) -> None:
    profile = profiles()[name]
    assert isinstance(profile, ScpiProfile)
    patterns = [pattern_of(command) for command in profile.commands.values()]
    for one in TRANSCRIPTS:
        if one.profile == name:
            for message, _ in one.script:
                assert any(pattern.fullmatch(as_bytes(message)) for pattern in patterns), message


def test_a_free_running_meter_gets_its_time_to_settle() -> None:
    profile = profiles()["owon-xdm1041"]
    assert isinstance(profile, ScpiMultimeterProfile)
    script: list[Exchange] = [("CONF:RES AUTO", None), ("FUNC1?", '"RES"'), ("MEAS1?", "1.0E+02")]
    with PtyInstrument([*opening(profile), *script]) as server:
        meter = open_instrument(profile.name, server.address)
        assert isinstance(meter, Multimeter)
        began = time.monotonic()
        meter.read(MeterFunction.RESISTANCE)
        assert time.monotonic() - began >= profile.settle_s > 0
        meter.close()

"""Every SCPI profile refuses another instrument at its address, and says so."""

import re

import pytest
from scripted_server import PtyInstrument, SocketInstrument

from drivers.errors import WrongIdentity
from drivers.registry import open_instrument, profiles
from drivers.scpi.model import ScpiProfile

SCPI_PROFILES = [name for name, profile in profiles().items() if isinstance(profile, ScpiProfile)]


@pytest.mark.parametrize("name", SCPI_PROFILES)
def test_another_instrument_is_refused(name: str) -> None:
    profile = profiles()[name]
    carrier = PtyInstrument if profile.addresses[0].startswith("serial:") else SocketInstrument
    with (
        carrier([("*IDN?", "Example Instruments,X-1,0,0.0")]) as server,
        pytest.raises(WrongIdentity, match=r"'Example Instruments,X-1,0,0.0', which is not a .*; correct profile"),
    ):
        open_instrument(name, server.address)  # type: ignore[attr-defined]
        server.finish()


@pytest.mark.parametrize("name", SCPI_PROFILES)
def test_only_profiles_of_the_same_kind_and_maker_take_an_instrument(name: str) -> None:
    """Discovery matches an identity with the profiles; a family's profile may also take its better relative."""
    profile = profiles()[name]
    assert isinstance(profile, ScpiProfile)
    takers = [
        other
        for other in SCPI_PROFILES
        if isinstance(theirs := profiles()[other], ScpiProfile)
        and re.fullmatch(theirs.identity.pattern, profile.identity.example)
    ]
    assert name in takers
    assert {(profiles()[one].maker, profiles()[one].capability) for one in takers} == {
        (profile.maker, profile.capability)
    }

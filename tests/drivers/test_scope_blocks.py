"""Blocks that break off, on dialects with a header before the block and line feeds after it."""

from typing import Any

import msgspec
import pytest
from scripted_server import HANG, Exchange, SocketInstrument
from transcripts_scope_dialects import (
    FALLING,
    HD_DONE,
    HD_EDGE,
    HD_ONE,
    SETUP,
    XE_DONE,
    XE_EDGE,
    XE_READ,
    descriptor,
    hd_describe,
    hd_set_up,
    xe_set_up,
)

from drivers.capabilities import ChannelSetup, Oscilloscope
from drivers.errors import BadResponse, NoResponse, OutOfRange
from drivers.registry import open_instrument

XE_OPENING: list[Exchange] = [("*IDN?", "Siglent Technologies,SDS1104X-E,SDS1,8.2"), ("*CLS", None)]
HD_OPENING: list[Exchange] = [("*IDN?", "Siglent Technologies,SDS814X HD,SDS08A,1.1"), ("*CLS", None)]
BACK: list[Exchange] = [(b"\n*IDN?\n", "Siglent Technologies,SDS1104X-E,SDS1,8.2"), ("*CLS", None)]


def impatient(profile: str, server: SocketInstrument) -> Any:
    """Open with 0.2 s instead of 20 s for the samples, so that the tests need not wait them."""
    scope: Any = open_instrument(profile, server.address)
    assert isinstance(scope, Oscilloscope)
    commands = dict(scope.profile.commands)
    commands["wave_data"] = msgspec.structs.replace(commands["wave_data"], timeout_s=0.2)
    scope.profile = scope.link.profile = msgspec.structs.replace(scope.profile, commands=commands)
    return scope


@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        (b"DAT2,#9000014000" + b"\x01" * 5000, BadResponse, "in the middle of a block of 14000 bytes, 9001 missing"),
        (b"DAT2,#90000", BadResponse, "broke off in the middle of a block"),
        (b"DAT2,", BadResponse, "broke off in the middle of a block"),
        (b"C1:WF?: unknown command, sorry\n", BadResponse, "expected '#' at the start of a block"),
        (b"DAT2,#9999999999", BadResponse, "announces 999999999 bytes but at most"),
        (b"\n", NoResponse, "did not answer"),
        (HANG, NoResponse, "did not answer"),
    ],
)
def test_a_cut_block_is_told_and_the_scope_is_usable_afterwards(
    answer: object, error: type[Exception], match: str
) -> None:
    script = [*XE_OPENING, *xe_set_up(None, XE_EDGE), *XE_DONE, *XE_READ, ("C1:WF? DAT2", answer), *BACK[:1]]
    with SocketInstrument(script) as server:
        scope = impatient("siglent-sds1000x-e", server)
        with pytest.raises(error, match=match):
            scope.capture([SETUP], span_s=0.028, trigger=FALLING)
        assert "SDS1104X-E" in scope.identify()
        scope.close()
        server.finish()


def test_a_cut_descriptor_is_told() -> None:
    describe = hd_describe(1, descriptor(0.1, 0.0, 1.0))
    cut: Exchange = (":WAV:PRE?", b"#9000000346" + b"\x00" * 100)
    script = [*HD_OPENING, *hd_set_up(HD_ONE, None, HD_EDGE), *HD_DONE, *describe[:-2], cut]
    with SocketInstrument(script) as server:
        scope: Any = open_instrument("siglent-sds800x-hd", server.address)
        scope.link.profile = scope.profile = msgspec.structs.replace(scope.profile, timeout_s=0.3)
        with pytest.raises(BadResponse, match="block of 346 bytes, 247 missing"):
            scope.capture([SETUP], span_s=0.02, trigger=FALLING)
        scope.close()


def test_the_model_tells_how_many_channels_there_are() -> None:
    opening = [("*IDN?", "Siglent Technologies,SDS1202X-E,SDS1,8.2"), ("*CLS", None)]
    with SocketInstrument(opening) as server:
        scope: Any = open_instrument("siglent-sds1000x-e", server.address)
        with pytest.raises(OutOfRange, match=r"channels must be different numbers from 1 to 2, not \[3\]"):
            scope.capture([ChannelSetup(3, 1.0)], span_s=0.028)
        scope.close()

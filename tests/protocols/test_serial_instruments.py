"""Codecs of the Korad supply and the FeelTech and Juntek generators: known dialogues, round trips, hostile answers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import korad
from protocols.errors import ProtocolError
from protocols.generators import feeltech, juntek
from protocols.generators.settings import ChannelSettings


def test_korad_commands_and_answers() -> None:
    assert korad.set_voltage(5) == b"VSET1:05.00"
    assert korad.set_current(0.125) == b"ISET1:0.125"
    assert (korad.parse_value(b"12.34"), korad.parse_value(b"0.125")) == (12.34, 0.125)
    assert korad.parse_status(b"\x41") == korad.Status(output_on=True, current_limited=False)
    assert korad.parse_status(b"\x40") == korad.Status(output_on=True, current_limited=True)


def test_juntek_dialogues_of_libsigrok() -> None:
    assert juntek.identity(":r00=60.") == "JDS6600-60M"
    assert juntek.states([":r20=1,1."]) == (True, True)
    assert juntek.set_up(2, ChannelSettings(0, 12345.0, 1.0, 0.0))[1] == ":w24=1234500,0."
    with pytest.raises(ProtocolError, match=r"set in mHz or µHz \(scale code 3\)"):
        juntek.settings(1, [":r21=0.", ":r23=100,3.", ":r25=1000.", ":r27=1000."])


def test_feeltech_offsets_are_twos_complement_millivolts() -> None:
    told = feeltech.settings(1, ["0", "1000.000000", "10000", str(2**32 - 1500)])
    assert told == ChannelSettings(0, 1000.0, 1.0, -1.5)


@given(
    st.integers(0, 16), st.integers(1, 6_000_000_000), st.integers(0, 20_000), st.integers(-999, 999), st.integers(1, 2)
)
def test_juntek_tells_what_was_set(wave: int, centihertz: int, millivolts: int, offset: int, channel: int) -> None:
    wanted = ChannelSettings(wave, centihertz / 100, millivolts / 1000, offset / 100)
    answers = [command.replace(":w", ":r") for command in juntek.set_up(channel, wanted)]
    told = juntek.settings(channel, answers)
    assert (told.wave, told.frequency_hz, told.amplitude_vpp) == (
        wanted.wave,
        wanted.frequency_hz,
        wanted.amplitude_vpp,
    )
    assert told.offset_v == pytest.approx(wanted.offset_v, abs=1e-9)


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_any_answer_is_a_value_or_an_error(data: bytes) -> None:
    text = data.decode("latin-1")
    for parse in (
        lambda: korad.parse_value(data),
        lambda: korad.parse_status(data),
        lambda: korad.parse_identity(data),
        lambda: feeltech.settings(1, [text] * 4),
        lambda: feeltech.states([text, text]),
        lambda: feeltech.maximum_mhz(feeltech.identity(text)),
        lambda: juntek.settings(2, [text] * 4),
        lambda: juntek.states([text]),
        lambda: juntek.identity(text),
    ):
        try:
            parse()
        except ProtocolError:
            continue

"""CSV exports of GW Instek scopes: in detail and fast, one channel and more, what is refused."""

import pytest
from csv_texts import GW, assert_refused, shape

from protocols.captures import read_capture


def test_gw_instek_forms() -> None:
    detail = GW.format("\n") + "Mode,Detail,\nWaveform Data,\n-8.0e-6,0.5,\n-4.0e-6,-0.5,\n"
    capture = read_capture(detail.encode(), "DS0001.CSV")
    assert shape(capture.analog[0]) == ("CH1", "V", -8e-6, 4e-6, [0.5, -0.5])
    assert capture.metadata == {"format": "GW Instek CSV", "firmware": "V1.29"}
    # Codes: 25 to a division of 0.5 V; the record's middle is at the horizontal position.
    for mode in ("Mode,Fast,\n", ""):
        fast = GW.format("\n") + mode + "Waveform Data,\n-25,\n50,\n0,\n1,\n"
        (wave,) = read_capture(fast.encode(), "A0000CH1.CSV").analog
        assert shape(wave) == ("CH1", "V", pytest.approx(1e-3 - 8e-6), 4e-6, [-0.5, 1.0, 0.0, 0.02])


def test_gw_instek_channels_side_by_side() -> None:
    settings = GW.format("\n").splitlines()
    head = [f"{line}{line}" for line in settings]
    head[2], head[3], head[4] = (
        "Source,CH1,Source,CH3,",
        "Vertical Units,V,Vertical Units,A,",
        settings[4] + "Vertical Scale,2,",
    )
    fast = [*head, "Mode,Fast,Mode,Fast,", "Waveform Data,,Waveform Data,,", "-25, ,5, ,", "50, ,10, ,"]
    detail = [*head, "Mode,Detail,Mode,Detail,", "Waveform Data,,Waveform Data,,", "0,-0.5,0,0.4,", "4e-6,1,4e-6,0.8,"]
    for lines in (fast, detail):
        one, three = read_capture("\n".join(lines).encode(), "DS0001.CSV").analog
        assert (one.name, one.unit, one.values().tolist()) == ("CH1", "V", [-0.5, 1.0])
        assert (three.name, three.unit, three.values()) == ("CH3", "A", pytest.approx([0.4, 0.8]))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ((GW.format("\n").replace("S,", "Hz,") + "Waveform Data,\n1,\n2,\n").encode(), "horizontal axis is no time"),
        ((GW.format("\n").replace("4.0E-06", "?") + "Waveform Data,\n1,\n2,\n").encode(), "sampling period is"),
        ((GW.format("\n").replace("4.0E-06", "0") + "Waveform Data,\n1,\n2,\n").encode(), "period of 0 s"),
        ((GW.format("\n").replace("CH1", "") + "Waveform Data,\n1,\n2,\n").encode(), "names no source"),
        ((GW.format("\n") + "Mode,Detail,\nWaveform Data,\n1,\n2,\n").encode(), "no column for CH1"),
    ],
)
def test_bad_gw_instek_tables_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    assert_refused(data, reason)

"""The parts that waves are made of: noise as a function of time, edges, and the serial line."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.simulated import i2c_bus, mcu, rails
from drivers.simulated.device import Device
from drivers.simulated.edges import RISE_OF_TAU, render, slowed
from drivers.simulated.line_input import LineInput
from drivers.simulated.noise import band_noise, instants, key
from drivers.simulated.products import known_product, sp100
from drivers.simulated.rails import Feed
from drivers.simulated.siglent_sdg1032x import Sdg1032x
from drivers.simulated.uart import Receiver, back_to_back, level_edges, line_is_high
from drivers.simulated.wiring import Wiring


def test_noise_is_gaussian_white_up_to_its_band_and_small_above_it():
    source = key(3, "test")
    values = band_noise(instants(5.0, 1 / 80e6, 1 << 19), 10e6, source)
    assert values.mean() == pytest.approx(0.0, abs=0.01)
    assert values.std() == pytest.approx(1.0, abs=0.01)
    assert np.mean(np.abs(values) > 2) == pytest.approx(0.0455, abs=0.01)
    power = np.abs(np.fft.rfft(values)) ** 2
    edges = np.fft.rfftfreq(values.size, 1 / 80e6)
    low, middle, high = (power[(edges > a) & (edges < b)].mean() for a, b in ((0, 1e6), (2e6, 3e6), (30e6, 40e6)))
    assert middle == pytest.approx(low, rel=0.25)
    assert high < 0.02 * low


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1e5), st.lists(st.integers(0, 100_000), min_size=1, max_size=50))
def test_noise_does_not_depend_on_who_samples_it(start, picks):
    source = key(1, "test")
    chosen = np.array(picks)
    everything = band_noise(start + np.arange(100_001) * 1e-8, 1e6, source)
    np.testing.assert_allclose(band_noise(start + chosen * 1e-8, 1e6, source), everything[chosen], atol=1e-4)


def test_an_edge_has_the_transition_duration_of_its_time_constant():
    times = instants(0.0, 1e-9, 20_000)
    wave = render(times, np.array([5e-6]), np.array([2.0]), initial=0.0, tau_rise_s=1e-6, tau_fall_s=1e-7)
    t10, t90 = np.interp([0.2, 1.8], wave, times)
    assert t90 - t10 == pytest.approx(RISE_OF_TAU * 1e-6, rel=1e-3)
    assert wave[:5000].max() == 0.0


def test_a_narrow_input_slows_an_edge():
    assert slowed(0.0, 35e6) * RISE_OF_TAU == pytest.approx(10e-9)
    assert slowed(1e-6, 1e9) == pytest.approx(1e-6, rel=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=60), st.floats(-0.03, 0.03))
def test_a_receiver_hears_every_byte_within_its_tolerance(data, error):
    assert Receiver(9600 * (1 + error)).decode(back_to_back(data, 9600)) == data


@given(st.binary(min_size=1, max_size=40))
def test_level_edges_and_line_agree(data):
    frames = back_to_back(data, 9600)
    times = instants(0.0, 1 / 9600 / 7.3, len(data) * 80)
    edges, levels = level_edges(frames)
    drawn = np.concatenate(([True], levels))[np.searchsorted(edges, times, side="right")]
    near = np.abs(times[:, None] - edges[None, :]).min(axis=1) < 1e-9
    assert ((drawn == line_is_high(frames, times)) | near).all()


@pytest.mark.parametrize("celsius, expected", [(25.0, 0x190), (-25.0, 0xE70), (0.0625, 0x001), (127.9375, 0x7FF)])
def test_tmp102_temperatures(celsius, expected):
    assert int.from_bytes(i2c_bus.tmp102_bytes(celsius), "big") >> 4 == expected


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0.1, 30.0),
    st.floats(0.01, 6.0),
    st.sets(st.sampled_from(["shorted_load", "leaky_ldo", "weak_relay_drive", "dried_capacitor"])),
    st.booleans(),
)
@example(2.0, 0.03125, set(), True)  # limited where the regulator just starts
def test_the_supply_never_gives_more_than_it_offers_and_power_is_conserved(volts, amps, faults, relay_on):
    point = rails.solve(Feed(volts, amps, True), sp100.PRODUCT.board_with(faults), driven=relay_on)
    assert 0.0 <= point.supply_a <= amps + 1e-9
    assert 0.0 <= point.logic_v <= point.main_v <= point.terminal_v + 1e-9
    assert point.terminal_v <= volts + 1e-9
    assert point.limited == (point.supply_a == pytest.approx(amps) and point.terminal_v < volts - 1e-12) or (
        point.terminal_v == pytest.approx(volts)
    )
    given_w = point.terminal_v * point.supply_a
    assert sum(point.losses_w.values()) == pytest.approx(given_w, rel=0.1, abs=0.02)


def test_a_cold_joint_opens_twice_a_second():
    found = list(mcu.drops(10.0, 20.0, key(1, "device")))
    assert 19 <= len(found) <= 22
    assert all(0.003 <= drop.end_s - drop.start_s <= 0.015 for drop in found)


@pytest.mark.parametrize(("shape", "frequency_hz"), [("SINE", 30.0), ("SINE", 20e3), ("SQUARE", 200.0)])
def test_the_line_input_is_heard_through_coupling_and_output_filter(shape, frequency_hz):
    """Line by line the response is that of the two first-order filters, and noise, which has no period, is silent."""
    bench = Wiring(Device(product=known_product("speaker")))
    generator, tip = Sdg1032x(), bench.probe("generator", "LINE_IN")
    generator.handle(f"C1:BSWV WVTP,{shape},FRQ,{frequency_hz:g},AMP,1".encode())
    generator.handle(b"C1:OUTP ON")
    line, stage = LineInput(generator, tip), bench.device.state.board.stage
    periods, n = 10, 400_000
    times = 3.0 + np.arange(n) * periods / n / generator.runs_at_hz(1)
    heard, driven = np.fft.rfft(line.played(stage, times)), np.fft.rfft(line.voltage(times))
    for order in (1,) if shape == "SINE" else (1, 3, 9):
        expected = 3.0 * stage.passes(order * frequency_hz)
        assert heard[order * periods] / driven[order * periods] == pytest.approx(expected, rel=2e-3)
    generator.handle(b"C1:BSWV WVTP,NOISE")
    assert not line.played(stage, times).any()
    tip.point = "TP_GND"
    assert not line.voltage(times).any()


def test_an_amplifier_clips_its_tone_and_its_line_input_together():
    now = [0.0]
    device = Device(product=known_product("speaker"), faults=["clipping_amplifier"], clock=lambda: now[0])
    generator = Sdg1032x()
    device.line_in = LineInput(generator, Wiring(device).probe("generator", "LINE_IN"))
    device.power(Feed(12.0, 1.0, True))
    now[0] = 2.0
    times = 1.0 + np.arange(20_000) / 1e6
    clip_v = device.state.board.stage.clip_v
    tone = device.voltage("TP_SPK", times)
    generator.handle(b"C1:BSWV WVTP,SINE,FRQ,300,AMP,3")
    generator.handle(b"C1:OUTP ON")
    both = device.voltage("TP_SPK", times)
    for heard in (tone, both):
        assert clip_v < np.abs(heard).max() < clip_v + 0.01  # with its noise
    assert np.abs(both - tone).max() > clip_v
    device.repair("clipping_amplifier")
    now[0] = 4.0
    assert np.abs(device.voltage("TP_SPK", times)).max() < clip_v + 0.01  # the board that was, not the one that is
    assert np.abs(device.voltage("TP_SPK", times + 2.0)).max() > 3.0

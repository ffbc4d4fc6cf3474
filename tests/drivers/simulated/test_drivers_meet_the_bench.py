"""Our drivers at the simulated instruments, by profile and address alone: they agree with the device's physics."""

import time

import numpy as np
import pytest
from waiting import wait_until

from drivers.capabilities import (
    ChannelSetup,
    FirmwareProgrammer,
    MeterFunction,
    Multimeter,
    Oscilloscope,
    PowerSupply,
    SerialConsole,
    SignalGenerator,
    ThermalCamera,
    TriggerSetup,
    Wave,
)
from drivers.errors import ConnectionLost, InstrumentError, WrongIdentity
from drivers.registry import open_instrument
from drivers.simulated import heat
from drivers.simulated.bench import SimulatedBench
from drivers.simulated.rails import Feed


@pytest.fixture
def bench(tmp_path):
    with SimulatedBench(directory=tmp_path / "bench", handheld_rate_hz=50.0) as running:
        running.device.power(Feed(5.0, 0.5, True))
        time.sleep(0.05)
        yield running


@pytest.fixture
def instrument(bench):
    opened = []

    def open_role(role):
        opened.append(open_instrument(*bench.instruments[role]))
        return opened[-1]

    yield open_role
    for one in opened:
        one.close()


@pytest.mark.parametrize("role", ["meter", "meter2", "handheld"])
def test_meters_read_the_rail(bench, instrument, role):
    meter = instrument(role)
    assert isinstance(meter, Multimeter)
    bench.connect(role, "TP_3V3")
    reading = meter.read(MeterFunction.DC_VOLTAGE)
    assert reading.quantity.standard_uncertainty is not None
    assert reading.quantity.value == pytest.approx(3.2975, abs=3 * reading.quantity.standard_uncertainty)


def test_the_scope_catches_the_relay(instrument):
    scope = instrument("scope")
    assert isinstance(scope, Oscilloscope)
    (wave,) = scope.capture(
        [ChannelSetup(3, 2.0, offset_v=-2.0, probe_ratio=10.0)], span_s=0.6e-3, trigger=TriggerSetup(3, 2.5)
    )
    volts = wave.values()
    assert volts[wave.times_s() < -40e-6].max() < 0.5
    assert np.median(volts[-100:]) == pytest.approx(4.86, abs=0.25)
    assert wave.times_s()[np.argmax(volts > 2.5)] == pytest.approx(0.0, abs=5e-6)


def test_the_supply_switches_the_device_on_and_off(bench, instrument):
    supply = instrument("supply")
    assert isinstance(supply, PowerSupply)
    supply.configure(1, voltage_v=5.0, current_limit_a=0.3)
    supply.output(1, True)
    assert bench.device.state.feed == Feed(5.0, 0.3, True)
    bench.device.inject("shorted_load")
    reading = supply.read(1)
    assert reading.current_limited
    assert reading.current.value == pytest.approx(0.3, abs=0.01)
    supply.safe_state()
    assert not bench.device.state.feed.on


def test_the_generator_reaches_the_scope(bench, instrument):
    generator, scope = instrument("generator"), instrument("scope")
    assert isinstance(generator, SignalGenerator)
    generator.configure(1, Wave.SINE, frequency_hz=50e3, amplitude_vpp=2.0, offset_v=0.0)
    generator.output(1, True)
    bench.connect("scope", "GEN1")
    (wave,) = scope.capture([ChannelSetup(1, 0.5)], span_s=120e-6, trigger=TriggerSetup(1, 0.0))
    assert wave.values().std() == pytest.approx(2.0 / np.sqrt(8.0), rel=0.04)


def test_the_camera_finds_the_leaky_regulator(bench, instrument):
    camera = instrument("camera")
    assert isinstance(camera, ThermalCamera)
    bench.device.inject("leaky_ldo")
    spot = heat.SPOTS["U2"]
    wait_until(lambda: bench.device.temperatures_c(bench.device.now()).max() >= 50.0, "the short has warmed up")
    image = camera.capture(emissivity=0.95, frames=1)
    row, column = np.unravel_index(np.nanargmax(image.temperatures_c), image.temperatures_c.shape)
    assert (row, column) == (pytest.approx(spot.row, abs=1), pytest.approx(spot.column, abs=1))
    assert float(np.nanmax(image.temperatures_c)) > 45.0
    assert float(np.nanmedian(image.temperatures_c)) == pytest.approx(heat.AMBIENT_C, abs=1.5)


def test_the_console_hears_the_boot_log(bench, instrument):
    console = instrument("console")
    assert isinstance(console, SerialConsole)
    console.send(b"reset\r\n")
    log = console.listen(5.0, until="app: ready")
    assert "reset: software" in log.text


@pytest.mark.parametrize("role, code", [("mcu", "410"), ("flash", "ef4018")])
def test_programmers_name_the_chip(instrument, role, code):
    programmer = instrument(role)
    assert isinstance(programmer, FirmwareProgrammer)
    assert code in programmer.chip().code.lower()


@pytest.mark.parametrize("role", ["meter", "scope", "generator", "supply", "camera"])
def test_a_wrong_identity_is_found(bench, role):
    bench.misbehave(role, "wrong_identity")
    with pytest.raises(InstrumentError) as caught:
        open_instrument(*bench.instruments[role])
    if role != "camera":  # a sensor that does not acknowledge may as well be absent
        assert isinstance(caught.value, WrongIdentity)


@pytest.mark.parametrize("role", ["meter", "supply", "console"])
def test_an_unplugged_instrument_is_lost_and_found_again(bench, instrument, role):
    before = instrument(role)
    bench.misbehave(role, "unplug")
    with pytest.raises(ConnectionLost):
        open_instrument(*bench.instruments[role])
    before.close()
    bench.misbehave(role, "unplug", on=False)
    assert instrument(role).identify()

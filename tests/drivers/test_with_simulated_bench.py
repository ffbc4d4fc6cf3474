"""The drivers on the simulated bench: real ports, an independent model of the device behind them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

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
    Wave,
)
from drivers.errors import ConnectionLost, InstrumentError, InstrumentRefused, NoResponse, WrongIdentity
from drivers.registry import open_instrument
from drivers.simulated.bench import SimulatedBench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedBench]:
    with SimulatedBench(directory=tmp_path_factory.mktemp("bench"), handheld_rate_hz=20) as bench:
        supply = open_instrument(*bench.instruments["supply"])
        assert isinstance(supply, PowerSupply)
        supply.configure(1, voltage_v=5.0, current_limit_a=1.0)
        supply.output(1, on=True)
        supply.close()
        yield bench


def test_the_rail_by_two_meters_agrees_within_their_uncertainties(bench: SimulatedBench) -> None:
    readings = []
    for role in ("meter", "meter2"):
        bench.connect(role, "TP_3V3")
        meter = open_instrument(*bench.instruments[role])
        assert isinstance(meter, Multimeter)
        readings.append(meter.read(MeterFunction.DC_VOLTAGE).quantity)
        meter.close()
    first, second = readings
    assert first.value == pytest.approx(3.3, abs=0.1)
    assert first.standard_uncertainty is not None
    assert second.standard_uncertainty is not None
    assert (
        abs(first.value - second.value) < 4 * np.hypot(first.standard_uncertainty, second.standard_uncertainty) + 5e-3
    )


def test_every_function_of_the_meters_answers(bench: SimulatedBench) -> None:
    for role in ("meter", "meter2"):
        bench.connect(role, "TP_3V3")
        meter = open_instrument(*bench.instruments[role], settle_s=0.02)
        assert isinstance(meter, Multimeter)
        for function in meter.functions():
            wanted = 0.5 if role == "meter2" and function.endswith("current") else None
            reading = meter.read(function, wanted)
            assert reading.overload or np.isfinite(reading.quantity.value)
        meter.close()


def test_the_handheld_meter(bench: SimulatedBench) -> None:
    bench.connect("handheld", "TP_5V")
    meter = open_instrument(*bench.instruments["handheld"])
    assert isinstance(meter, Multimeter)
    assert meter.read(MeterFunction.DC_VOLTAGE).quantity.value == pytest.approx(5.0, abs=0.1)
    meter.close()


def test_the_scope_reads_its_whole_memory(bench: SimulatedBench) -> None:
    bench.connect("scope", "TP_3V3")
    scope = open_instrument(*bench.instruments["scope"])
    assert isinstance(scope, Oscilloscope)
    (wave,) = scope.capture([ChannelSetup(1, 0.5, offset_v=-2.0)], span_s=0.01, points=1_200_000)
    assert wave.codes.size == 1_200_000
    assert wave.values().mean() == pytest.approx(3.3, abs=0.1)
    assert wave.sample_interval_s * wave.codes.size == pytest.approx(0.012)
    scope.close()


def test_generator_supply_and_camera(bench: SimulatedBench) -> None:
    generator = open_instrument(*bench.instruments["generator"])
    assert isinstance(generator, SignalGenerator)
    generator.configure(1, Wave.SINE, frequency_hz=1000, amplitude_vpp=1.5, offset_v=0.25)
    generator.output(1, on=True)
    generator.safe_state()
    generator.close()
    supply = open_instrument(*bench.instruments["supply"])
    assert isinstance(supply, PowerSupply)
    reading = supply.read()
    assert reading.output_on
    assert reading.voltage.value == pytest.approx(5.0, abs=0.05)
    assert 0 < reading.current.value < 1
    supply.close()
    camera = open_instrument(*bench.instruments["camera"])
    assert isinstance(camera, ThermalCamera)
    image = camera.capture()
    assert 15 < np.nanmin(image.temperatures_c) <= np.nanmax(image.temperatures_c) < 90
    camera.close()


def test_microcontroller_and_flash_are_backed_up_written_and_verified(bench: SimulatedBench, tmp_path: Path) -> None:
    for role in ("mcu", "flash"):
        programmer = open_instrument(*bench.instruments[role])
        assert isinstance(programmer, FirmwareProgrammer)
        assert programmer.chip().code
        backup = tmp_path / f"{role}.bin"
        programmer.read(backup, size_bytes=32768)
        assert backup.stat().st_size == 32768
        programmer.flash(backup)
        programmer.verify(backup)
        programmer.close()


def test_the_console_listens(bench: SimulatedBench) -> None:
    console = open_instrument(*bench.instruments["console"])
    assert isinstance(console, SerialConsole)
    assert console.listen(0.1).line_times_s is not None
    console.close()


@pytest.mark.parametrize(
    ("role", "kind", "error"),
    [
        *[(role, "unplug", ConnectionLost) for role in ("meter", "meter2", "scope", "generator", "supply", "camera")],
        *[(role, "wrong_identity", WrongIdentity) for role in ("meter", "meter2", "scope", "generator", "supply")],
        ("camera", "wrong_identity", InstrumentRefused),  # nothing acknowledges at its address
        ("meter", "hang", NoResponse),
        ("supply", "hang", NoResponse),
        ("camera", "hang", NoResponse),
    ],
)
def test_a_misbehaving_instrument_is_named_and_works_again_afterwards(
    bench: SimulatedBench, role: str, kind: str, error: type[InstrumentError]
) -> None:
    bench.misbehave(role, kind)
    try:
        with pytest.raises(error) as raised:
            open_instrument(*bench.instruments[role])
        assert bench.instruments[role][0] in str(raised.value)
    finally:
        bench.misbehave(role, kind, on=False)
    open_instrument(*bench.instruments[role]).close()

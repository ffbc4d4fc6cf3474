"""Drivers that others wrote for these instruments, unmodified, on instruments that are played by their profiles."""

from collections.abc import Iterator

import numpy as np
import pytest
from easy_scpi import Instrument
from jds6600 import JDS6600
from koradctl.port import get_port
from koradctl.psu import PowerSupply
from minimalmodbus import IllegalRequestError
from minimalmodbus import Instrument as ModbusInstrument
from peer_programs import run
from rd6006 import RD6006
from waiting import wait_until

from drivers.simulated.personality import PlayedBench
from drivers.simulated.rails import Feed

PROFILES = (
    "riden-rd6006", "korad-ka3005p", "juntek-jds6600", "rigol-dp832", "keysight-34461a", "waveshare-modbus-relay-8ch",
    "rigol-dg1032z",
)  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedBench]:
    with PlayedBench(PROFILES, directory=tmp_path_factory.mktemp("played")) as bench:
        yield bench


def at(bench: PlayedBench, profile: str) -> tuple[str, str]:
    """Return role and place (a terminal's path, or a VISA address) of an instrument."""
    role, address = next((role, address) for role, (name, address) in bench.instruments.items() if name == profile)
    return role, address if address.startswith("TCPIP") else address.partition(":")[2].partition("?")[0]


def becomes(bench: PlayedBench, feed: Feed) -> bool:
    """Wait until the device is fed like this."""
    return wait_until(lambda: bench.device.state.feed == feed, f"the device is fed with {feed}")


def test_rd6006_sets_and_reads_a_riden_supply(played: PlayedBench) -> None:
    supply = RD6006(at(played, "riden-rd6006")[1])
    supply.voltage, supply.current, supply.enable = 5.0, 0.5, True
    assert played.device.state.feed == Feed(5.0, 0.5, True)
    assert (supply.voltage, supply.current, supply.enable) == (5.0, 0.5, 1)
    assert supply.measvoltage == pytest.approx(5.0, abs=0.02)
    assert 0.05 < supply.meascurrent < 0.12
    supply.enable = False
    assert not played.device.state.feed.on


def test_minimalmodbus_closes_a_relay_and_gets_exceptions(played: PlayedBench) -> None:
    board = ModbusInstrument(at(played, "waveshare-modbus-relay-8ch")[1], 1)
    board.serial.baudrate, board.serial.timeout = 9600, 0.2
    board.write_bit(2, 1, functioncode=5)
    assert board.read_bits(0, 8, functioncode=1) == [0, 0, 1, 0, 0, 0, 0, 0]
    board.write_bits(0, [1, 1, 0, 0, 0, 0, 0, 0])
    assert board.read_bits(0, 3, functioncode=1) == [1, 1, 0]
    with pytest.raises(IllegalRequestError, match="address"):
        board.read_bits(5, 8, functioncode=1)
    with pytest.raises(IllegalRequestError, match="function"):
        board.read_register(0)
    board.serial.close()


def test_koradctl_sets_and_reads_a_korad_supply(played: PlayedBench) -> None:
    port = get_port(at(played, "korad-ka3005p")[1])
    port.timeout = 0.5  # koradctl's 0.1 s can pass on a busy machine; it then asks again, and takes two answers for one
    supply = PowerSupply(port)
    assert supply.get_identity() == "KORADKA3005PV2.0"
    supply.set_voltage_setpoint(5.0)
    supply.set_current_setpoint(0.5)
    supply.set_output_state(True)
    assert (supply.get_voltage_setpoint().value, supply.get_current_setpoint().value) == (5.0, 0.5)
    volts, amperes, _ = supply.get_output_readings()
    assert volts.value == pytest.approx(5.0, abs=0.02)
    assert 0.05 < amperes.value < 0.12
    assert supply.get_status().output_enabled
    supply.set_output_state(False)
    port.close()


def test_jds6600_sets_and_reads_a_juntek_generator(played: PlayedBench) -> None:
    role, port = at(played, "juntek-jds6600")
    with JDS6600(port) as generator:
        generator.set_channels(True, False)
        generator.set_waveform(1, "square")
        generator.set_frequency(1, 1000.0)
        generator.set_amplitude(1, 2.0)
        generator.set_offset(1, -0.5)
        generator.set_dutycycle(1, 30.0)
        assert generator.get_channels() == (True, False)
        assert generator.get_waveform(1) == "square"
        assert [generator.get_frequency(1), generator.get_amplitude(1), generator.get_offset(1)] == [1000.0, 2.0, -0.5]
        assert generator.get_dutycycle(1) == 30.0
    wave = played.wiring.sources[f"{role.upper()}1"].voltage(np.arange(1000) / 1e6)
    assert (wave.max(), wave.min()) == (0.5, -1.5)
    assert np.mean(wave > 0) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("profile", ["keysight-34461a", "rigol-dg1032z"])
def test_easy_scpi_spells_commands_as_attributes(played: PlayedBench, profile: str) -> None:
    instrument = Instrument(
        at(played, profile)[1],
        port_match=False,
        backend="@py",
        read_termination="\n",
        write_termination="\n",
        timeout=3000,
    )
    instrument.connect()
    try:
        if profile == "keysight-34461a":
            assert "34461A" in instrument.id
            instrument.conf.volt.dc(10)
            assert float(instrument.volt.dc.rang()) == 10
            assert float(instrument.meas.volt.dc()) == pytest.approx(0.0, abs=6.0)
        else:
            instrument.source2.appl.sin(1000, 2, 0, 0)
            instrument.outp2("ON")
            assert instrument.outp2() in ("ON", "1")
        assert instrument.syst.err().lstrip("+").startswith("0,")
    finally:
        instrument.disconnect()


def test_sigroks_scpi_pps_feeds_the_device(played: PlayedBench) -> None:
    connection = f"scpi-pps:conn=tcp-raw/127.0.0.1/{at(played, 'rigol-dp832')[1].split('::')[2]}"
    for setting in ("voltage_target=5:current_limit=0.5", "enabled=on"):
        done = run("sigrok-cli", ["-d", connection, "-g", "1", "--config", setting, "--set"])
        assert done.returncode == 0, done.stderr
    assert becomes(played, Feed(5.0, 0.5, True))  # the last message may still be on its way when the program has ended
    done = run("sigrok-cli", ["-d", connection, "--samples", "1"])
    assert done.stdout.splitlines()[0] == "V1: 5.0000 V DC"
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [f"{q}{n}" for n in (1, 2, 3) for q in "VIP"]
    run("sigrok-cli", ["-d", connection, "-g", "1", "--config", "enabled=off", "--set"])
    assert becomes(played, Feed(5.0, 0.5, False))

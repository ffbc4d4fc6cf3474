"""sigrok-cli, unmodified, reads the simulated meter and scope, and its decoders understand the simulated buses."""

import re
import socket
import time

import numpy as np
import pytest
from peer_programs import run

from drivers.simulated.noise import instants
from drivers.simulated.uart import Receiver

NUMBER = re.compile(r"([-+]?[\d.]+) ?([mµunk]?)([A-Za-z]+)")
PREFIX = {"": 1.0, "m": 1e-3, "µ": 1e-6, "u": 1e-6, "n": 1e-9, "k": 1e3}


def tcp(bench, role):
    return f"tcp-raw/127.0.0.1/{bench.instruments[role][1].split('::')[2]}"


def values(text, label):
    lines = [line.removeprefix(f"{label}: ") for line in text.splitlines() if line.startswith(f"{label}: ")]
    return np.array([float(match[1]) * PREFIX[match[2]] for line in lines if (match := NUMBER.match(line))])


def scpi(bench, role, *messages):
    """Set an instrument up by hand; return its answer to the last message."""
    with socket.create_connection(("127.0.0.1", int(tcp(bench, role).rpartition("/")[2])), timeout=5) as connection:
        connection.sendall("\n".join(messages).encode() + b"\n")
        return connection.recv(1000).decode().strip()


def capture(bench, *arguments):
    done = run("sigrok-cli", ["-d", f"rigol-ds:conn={tcp(bench, 'scope')}", *arguments])
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("point, volts", [("TP_3V3", 3.298), ("TP_5V", 4.95), ("TP_GND", 0.0)])
def test_scpi_dmm_reads_the_test_point(bench, point, volts):
    bench.connect("meter", point)
    done = run("sigrok-cli", ["-d", f"scpi-dmm:conn={tcp(bench, 'meter')}", "--samples", "5"])
    assert done.returncode == 0, done.stderr
    read = values(done.stdout, "P1")
    assert read.size == 5
    assert read == pytest.approx(volts, abs=0.03)
    now = bench.device.now()
    truth = bench.device.voltage(point, instants(now, 1e-4, 2000)).mean()
    assert read.mean() == pytest.approx(truth, abs=0.03 if point == "TP_5V" else 1e-3)  # the relay moves the 5 V rail


def test_scpi_dmm_changes_function_and_sees_an_overload(bench):
    meter = f"scpi-dmm:conn={tcp(bench, 'meter')}"
    bench.connect("meter", "open")
    done = run("sigrok-cli", ["-d", meter, "--config", "measured_quantity=resistance", "--samples", "2"])
    assert done.returncode == 0, done.stderr
    assert "inf" in done.stdout.lower()
    bench.connect("meter", "TP_3V3")
    done = run("sigrok-cli", ["-d", meter, "--config", "measured_quantity=capacitance", "--samples", "2"])
    assert values(done.stdout, "P1") == pytest.approx(22e-6, rel=0.02)


def test_rigol_ds_captures_the_rail(bench):
    read = values(capture(bench, "-C", "CH1", "--frames", "1"), "CH1")
    assert read.size == 1200
    # 1 V a division: one code is 40 mV, and the scope's own gain and offset are within its 3 % of full scale
    assert read.mean() == pytest.approx(3.298, abs=0.15)
    assert np.ptp(read) < 0.3


def test_rigol_ds_captures_the_same_wave_that_the_device_makes(bench):
    bench.connect("scope", "TP_XTAL")
    shown = capture(bench, "-C", "CH1", "--config", "timebase=100ns", "--frames", "1")
    read = values(shown, "CH1")
    assert read.size == 1200
    now = bench.device.now()
    truth = bench.device.voltage("TP_XTAL", instants(now, 1e-9, 1200), bandwidth_hz=50e6)
    assert read.mean() == pytest.approx(truth.mean(), abs=0.1)
    assert read.std() == pytest.approx(truth.std(), rel=0.1)
    # 8 MHz: the strongest line of the spectrum, at 1 GSa/s
    line = np.abs(np.fft.rfft((read - read.mean()) * np.hanning(read.size))).argmax() * 1e9 / read.size
    assert line == pytest.approx(8e6, abs=1e9 / read.size)


def test_rigol_ds_reads_the_memory(bench):
    bench.connect("scope", "GEN1")
    assert scpi(bench, "generator", "C1:BSWV WVTP,SINE,FRQ,100000,AMP,4,OFST,0", "C1:OUTP ON", "C1:OUTP?") == (
        "C1:OUTP ON,LOAD,HZ,PLRT,NOR"
    )
    assert scpi(bench, "scope", ":TIM:SCAL 1e-3;:ACQ:MDEP 12000000;*OPC?") == "1"
    shown = capture(bench, "-C", "CH1", "--config", "data_source=Memory", "--frames", "1")
    read = values(shown, "CH1")
    assert read.size == 30_000  # libsigrok 0.5.2 reads the first block of the 12 million points at 1 GSa/s
    assert read.std() == pytest.approx(2.0 / np.sqrt(2.0), rel=0.03)
    crossings = np.flatnonzero(np.diff((read > 0).astype(int)) != 0)
    assert np.ptp(crossings) / 5000 == pytest.approx(round(np.ptp(crossings) / 5000), abs=0.05)  # half periods of 5 µs
    assert np.ptp(crossings) > 20_000
    assert scpi(bench, "scope", "SYST:ERR?") == '0,"No error"'


def test_the_analog_uart_decodes_to_the_boot_log(bench, tmp_path):
    """The TP_UART wave, sampled as logic, through sigrok's own UART decoder: the text of the boot log."""
    from protocols.captures.sigrok_write import write_sr
    from protocols.waveform import Capture, LogicCapture

    device = bench.device
    time.sleep(0.6)
    times = instants(0.0, 0.5e-6, 1_400_000)
    begun = device.boot_at(device.now()).start_s
    high = device.voltage("TP_UART", times + begun) > 1.65
    capture_file = tmp_path / "uart.sr"
    capture_file.write_bytes(write_sr(Capture(logic=LogicCapture(high.astype(np.uint8), 2e6, ("TX",)))))
    done = run(
        "sigrok-cli",
        ["-i", capture_file, "-P", "uart:rx=TX:baudrate=115200:format=ascii", "-A", "uart=rx-data"],
    )
    assert done.returncode == 0, done.stderr
    text = "".join(_character(line.partition(": ")[2]) for line in done.stdout.splitlines())
    frames = device.uart_frames(begun, begun + times[-1] - 12 / 115200)
    assert "app: ready" in text
    assert text.encode("latin-1").startswith(Receiver().decode(frames))


def _character(shown):
    return chr(int(shown[1:-1], 16)) if re.fullmatch(r"\[[0-9A-F]{2}\]", shown) else shown


def test_the_sensor_bus_decodes_to_a_temperature(bench, tmp_path):
    from protocols.captures.sigrok_write import write_sr
    from protocols.waveform import Capture, LogicCapture

    device = bench.device
    time.sleep(0.6)
    times = instants(device.boot_at(device.now()).start_s + 0.37, 0.5e-6, 200_000)
    words = (device.voltage("TP_SENSOR_SCL", times) > 1.65) * 1 + (device.voltage("TP_SENSOR_SDA", times) > 1.65) * 2
    capture_file = tmp_path / "i2c.sr"
    capture_file.write_bytes(write_sr(Capture(logic=LogicCapture(words.astype(np.uint8), 2e6, ("SCL", "SDA")))))
    done = run("sigrok-cli", ["-i", capture_file, "-P", "i2c:scl=SCL:sda=SDA", "-A", "i2c=addr-data"])
    assert done.returncode == 0, done.stderr
    lines = [line.partition(": ")[2] for line in done.stdout.splitlines()]
    first = lines[: lines.index("Stop") + 1]
    assert first[:8] == ["Start", "Write", "Address write: 48", "ACK", "Data write: 00", "ACK", "Start repeat", "Read"]
    high, low = (int(line.rpartition(" ")[2], 16) for line in first if line.startswith("Data read"))
    assert first[-2:] == ["NACK", "Stop"]
    assert ((high << 8 | low) >> 4) * 0.0625 == pytest.approx(25.5, abs=1.0)


def test_ut61e_over_a_terminal(bench):
    bench.connect("handheld", "TP_3V3")
    port = (bench.directory / "handheld").resolve()
    done = run("sigrok-cli", ["-d", f"uni-t-ut61e-ser:conn={port}", "--samples", "3"])
    if "invalid parameters" in done.stderr:
        pytest.skip("libserialport 0.1.1 opens no pseudo-terminals (it looks the port up in /sys/class/tty)")
    assert done.returncode == 0, done.stderr
    assert values(done.stdout, "P1") == pytest.approx(3.298, abs=0.01)

"""The simulated bench as a whole: ports that come and go, control, and instruments that misbehave on request."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

import pytest
import serial
from waiting import PATIENCE_S, wait_until

from drivers.simulated import firmware
from drivers.simulated.bench import SimulatedBench
from drivers.simulated.control import ask, control_endpoint
from drivers.simulated.rails import Feed

ROLES = {"meter", "meter2", "handheld", "scope", "generator", "supply", "camera", "mcu", "flash", "console"}


@pytest.fixture
def bench(tmp_path):
    with SimulatedBench(directory=tmp_path / "bench", handheld_rate_hz=50.0) as running:
        yield running


class ScpiClient:
    def __init__(self, bench, role):
        _, address = bench.instruments[role]
        self._socket = socket.create_connection(("127.0.0.1", int(address.split("::")[2])), timeout=5)
        self._file = self._socket.makefile("rb")

    def write(self, text):
        self._socket.sendall(text.encode() + b"\n")

    def ask(self, text):
        self.write(text)
        return self._file.readline().decode().rstrip("\n")

    def read(self, count):
        return self._file.read(count)

    def settimeout(self, seconds):
        self._socket.settimeout(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._file.close()
        self._socket.close()


def read_line(port, seconds=PATIENCE_S):
    deadline = time.monotonic() + seconds
    while not (line := port.readline()).endswith(b"\n"):
        assert time.monotonic() < deadline, "no line came"
    return line


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_bench_has_every_standard_role_and_leaves_nothing_behind(tmp_path):
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(3):
        with SimulatedBench(directory=tmp_path / "bench") as bench:
            assert set(bench.instruments) == ROLES
            with ScpiClient(bench, "meter") as meter:
                assert meter.ask("*IDN?").startswith("Keysight Technologies,34461A,")
    assert threading.active_count() == threads
    assert open_descriptors() == descriptors
    assert not (tmp_path / "bench" / "console").exists()


def test_a_temporary_folder_goes_with_the_bench():
    with SimulatedBench() as bench:
        folder = bench.directory
        assert folder.is_dir()
    assert not folder.exists()


def test_bench_toml_names_every_instrument(bench, tmp_path):
    bench.write_bench_toml(tmp_path / "bench.toml", 'the "first" bench')
    written = tomllib.loads((tmp_path / "bench.toml").read_text(encoding="utf-8"))
    assert written["bench"] == {"name": 'the "first" bench'}
    assert {role: (i["profile"], i["address"]) for role, i in written["instruments"].items()} == bench.instruments


def test_two_clients_share_one_instrument_and_its_error_queue(bench):
    with ScpiClient(bench, "meter") as one, ScpiClient(bench, "meter") as two:
        one.write("CONF:RES 1000")
        assert one.ask("*OPC?") == "1"
        assert two.ask("CONF?") == '"RES +1.00000000E+03,+1.00000000E-03"'
        two.write("NONSENSE 1")
        assert two.ask("*OPC?") == "1"
        assert one.ask("SYST:ERR?") == '-113,"Undefined header"'
        assert one.ask("SYST:ERR?") == '+0,"No error"'


def test_probes_move(bench):
    bench.device.power(Feed(5.0, 0.5, True))
    time.sleep(0.05)
    with ScpiClient(bench, "meter") as meter:
        for point, volts in (("TP_3V3", 3.298), ("TP_5V", 4.95), ("TP_GND", 0.0), ("open", 0.0)):
            bench.connect("meter", point)
            assert float(meter.ask("MEAS:VOLT:DC?")) == pytest.approx(volts, abs=0.03)
    with pytest.raises(ValueError, match="TP_3V3"):
        bench.connect("meter", "TP_NOWHERE")
    with pytest.raises(ValueError, match="meter2"):
        bench.connect("hub", "TP_3V3")


def test_an_ohmmeter_is_misled_by_a_live_board_and_right_on_a_dead_one(bench):
    bench.device.inject("shorted_load")
    bench.connect("meter", "TP_5V")
    with ScpiClient(bench, "meter") as meter:
        assert float(meter.ask("MEAS:RES?")) == pytest.approx(1.2, rel=0.01)
        bench.device.repair("shorted_load")
        assert float(meter.ask("MEAS:RES?")) == pytest.approx(22e3, rel=0.01)
        assert float(meter.ask("MEAS:CAP?")) == pytest.approx(9.9e37)  # 220 µF is beyond its 100 µF range
        bench.device.power(Feed(5.0, 0.5, True))
        time.sleep(0.05)
        assert float(meter.ask("MEAS:RES?")) > 500e3
        assert float(meter.ask("MEAS:VOLT:DC? 1")) == pytest.approx(9.9e37)
        bench.connect("meter", "J1")
        assert float(meter.ask("MEAS:CURR:DC?")) == pytest.approx(0.067, abs=0.002)


def test_the_scope_sees_the_generator(bench):
    bench.connect("scope", "GEN1")
    with ScpiClient(bench, "generator") as generator, ScpiClient(bench, "scope") as scope:
        generator.write("C1:BSWV WVTP,SINE,FRQ,10000,AMP,2,OFST,0.5")
        generator.write("C1:OUTP ON")
        assert generator.ask("C1:OUTP?") == "C1:OUTP ON,LOAD,HZ,PLRT,NOR"
        assert "FRQ,10000HZ" in generator.ask("C1:BSWV?")
        scope.write(":CHAN1:PROB 1;:CHAN1:SCAL 0.5;:TIM:SCAL 5e-5;:TRIG:EDG:LEV 0.5")
        assert float(scope.ask(":MEAS:ITEM? VPP,CHAN1")) == pytest.approx(2.0, rel=0.06)
        assert float(scope.ask(":MEAS:ITEM? VAVG,CHAN1")) == pytest.approx(0.5, abs=0.08)


def test_the_scope_clips_what_leaves_its_converter(bench):
    bench.device.power(Feed(5.0, 0.5, True))
    bench.connect("scope", "TP_5V")
    time.sleep(0.05)
    with ScpiClient(bench, "scope") as scope:
        scope.write(":CHAN1:SCAL 0.5;:TFOR;:STOP;:WAV:SOUR CHAN1;:WAV:MODE NORM;:WAV:FORM BYTE")
        preamble = scope.ask(":WAV:PRE?").split(",")
        assert preamble[:4] == ["0", "0", "1200", "1"]
        assert float(preamble[7]) == pytest.approx(0.5 / 25)
        scope.write(":WAV:DATA?")
        assert scope.read(11) == b"#9000001200"
        assert set(scope.read(1201)[:-1]) == {255}


def test_memory_depth_follows_the_channels(bench):
    with ScpiClient(bench, "scope") as scope:
        scope.write(":CHAN1:DISP 1;:CHAN2:DISP 1;:ACQ:MDEP 6000;:TIM:SCAL 1e-3")
        assert scope.ask(":ACQ:MDEP?") == "6000"
        assert float(scope.ask(":ACQ:SRAT?")) == pytest.approx(6000 / 12e-3)
        scope.write(":ACQ:MDEP 12000")
        assert scope.ask(":SYST:ERR?") == '-222,"Data out of range"'
        scope.write(":SING;:TFOR;:WAV:MODE RAW;:WAV:STAR 1;:WAV:STOP 6000")
        assert scope.ask(":TRIG:STAT?") == "STOP"
        scope.write(":WAV:DATA?")
        assert scope.read(11) == b"#9000006000"
        assert len(scope.read(6001)) == 6001


def test_a_single_trigger_waits_for_its_edge(bench):
    with ScpiClient(bench, "scope") as scope:
        scope.write(":CHAN1:PROB 1;:CHAN1:SCAL 1;:CHAN1:OFFS -2;:TIM:SCAL 1e-3;:TRIG:EDG:LEV 1.5;:SING")
        assert scope.ask(":TRIG:STAT?") == "WAIT"
        time.sleep(0.05)
        bench.device.power(Feed(5.0, 0.5, True))  # the rail comes up once
        wait_until(lambda: scope.ask(":TRIG:STAT?") == "STOP", "the scope has triggered")
        scope.write(":WAV:SOUR CHAN1;:WAV:MODE NORM;:WAV:FORM BYTE;:WAV:DATA?")
        assert scope.read(11) == b"#9000001200"
        codes = scope.read(1201)[:-1]
        volts = [(code - 127 + 50) * 0.04 for code in codes]
        assert max(volts[:550]) < 1.5 < min(volts[700:])


def test_the_supply_feeds_the_board_over_modbus(bench):
    from pymodbus.client import ModbusTcpClient

    host_port = bench.other_addresses["supply"][0].removeprefix("modbus-tcp:").partition("?")[0]
    client = ModbusTcpClient("127.0.0.1", port=int(host_port.rpartition(":")[2]))
    try:
        assert client.connect()
        assert client.read_holding_registers(0, count=4, device_id=1).registers[0] == 60062
        client.write_registers(8, [500, 400], device_id=1)
        client.write_register(18, 1, device_id=1)
        bench.device.inject("shorted_load")
        volts, amps, _, power = client.read_holding_registers(10, count=4, device_id=1).registers
        assert amps == pytest.approx(400, abs=3)
        assert volts < 100
        assert power == pytest.approx(volts * amps / 1000, abs=1)
        assert client.read_holding_registers(17, count=1, device_id=1).registers == [1]
        assert client.write_register(10, 1, device_id=1).isError()
        assert client.write_register(8, 9000, device_id=1).isError()
        assert client.read_holding_registers(100, count=50, device_id=1).isError()
        client.write_register(83, 300, device_id=1)  # over-current protection trips below the limit
        assert client.read_holding_registers(16, count=3, device_id=1).registers == [2, 0, 0]
        assert not bench.device.state.feed.on
    finally:
        client.close()


def test_the_console_replays_the_boot_log_and_takes_commands(bench):
    with serial.Serial(str(bench.directory / "console"), 115200, timeout=0.1) as console:
        time.sleep(0.1)
        began = time.monotonic()
        bench.device.power(Feed(5.0, 0.5, True))
        log = b""
        while b"app: ready\r\n" not in log:
            assert time.monotonic() < began + PATIENCE_S
            log += console.readline()
        assert time.monotonic() - began > 0.3  # as slow as the device
        assert b"reset: power-on" in log
        assert b"ok" in log.split(b"part assets:")[1].splitlines()[0]
        console.write(b"version\r\n")
        wait_until(lambda: firmware.CURRENT_VERSION.encode() in console.readline(), "the version is told")
        bench.device.power(Feed())
        wait_until(lambda: console.read(100) == b"", "what was on its way has come")
        console.write(b"version\r\n")
        assert console.read(100) == b""


def test_a_console_at_the_wrong_rate_hears_garbage(bench):
    bench.device.power(Feed(5.0, 0.5, True))
    with serial.Serial(str(bench.directory / "console"), 57600, timeout=0.2) as console:
        wait_until(lambda: console.in_waiting > 20, "the console speaks")
        assert b"status" not in console.read(console.in_waiting)


def test_the_handheld_sends_what_its_knob_says(bench):
    bench.device.power(Feed(5.0, 0.5, True))
    from protocols.dmm.es51922 import FrameReader, decode

    with serial.Serial(str(bench.directory / "handheld"), 19200, bytesize=7, parity="N", timeout=0.2) as port:

        def reading():
            port.reset_input_buffer()
            reader, frames = FrameReader(), []
            deadline = time.monotonic() + PATIENCE_S
            while len(frames) < 2:
                assert time.monotonic() < deadline
                frames += reader.feed(port.read(64))
            return decode(frames[-1])

        assert reading().value == pytest.approx(4.95, abs=0.03)
        bench.connect("handheld", "TP_XTAL")
        bench.turn_knob("frequency")
        assert reading().function == "frequency"
        assert reading().value == pytest.approx(8.0e6, rel=2e-3)
        bench.turn_knob("off")
        wait_until(lambda: not any(port.read(14) for _ in range(3)), "it is silent for longer than between two frames")
    with pytest.raises(ValueError, match="dc_voltage"):
        bench.turn_knob("sideways")


def test_a_hung_instrument_accepts_and_never_answers(bench):
    bench.misbehave("meter", "hang")
    with ScpiClient(bench, "meter") as meter:
        meter.settimeout(0.2)
        meter.write("*IDN?")
        with pytest.raises(TimeoutError):
            meter.read(1)
    bench.misbehave("meter", "hang", on=False)
    with ScpiClient(bench, "meter") as meter:
        assert "34461A" in meter.ask("*IDN?")


def test_a_truncated_block_stops_halfway(bench):
    bench.misbehave("scope", "truncate")
    with ScpiClient(bench, "scope") as scope:
        assert "DS1054Z" in scope.ask("*IDN?")
        scope.write(":WAV:DATA?")
        assert len(scope.read(606)) == 606
        scope.settimeout(0.2)
        with pytest.raises(TimeoutError):
            scope.read(1)


def test_unplugging_breaks_the_connection_and_the_address_stays(bench):
    before = bench.instruments["meter"]
    with ScpiClient(bench, "meter") as meter:
        bench.misbehave("meter", "unplug")
        assert meter.read(1) == b""
        with pytest.raises(OSError):
            ScpiClient(bench, "meter")
    bench.misbehave("meter", "unplug", on=False)
    with ScpiClient(bench, "meter") as meter:
        assert "34461A" in meter.ask("*IDN?")
    assert bench.instruments["meter"] == before
    link = bench.directory / "console"
    bench.misbehave("console", "unplug")
    assert not link.exists()
    bench.misbehave("console", "unplug", on=False)
    serial.Serial(str(link), 115200).close()


def test_an_impostor_says_so(bench):
    bench.misbehave("scope", "wrong_identity")
    with ScpiClient(bench, "scope") as scope:
        assert "RIGOL" not in scope.ask("*IDN?")


@pytest.mark.parametrize(
    "role, kind", [("flash", "hang"), ("console", "wrong_identity"), ("hub", "hang"), ("meter", "sulk")]
)
def test_impossible_misbehaviour_is_refused(bench, role, kind):
    with pytest.raises(ValueError):
        bench.misbehave(role, kind)


def test_opening_the_programming_port_stops_the_firmware(bench):
    bench.device.power(Feed(5.0, 0.5, True))
    with serial.Serial(str(bench.directory / "mcu"), 115200, timeout=PATIENCE_S) as port:
        wait_until(lambda: bench.device.state.rom_bootloader, "the boot loader runs")
        port.write(b"\x7f")
        assert port.read(1) == b"\x79"
    wait_until(lambda: not bench.device.state.rom_bootloader, "the boot loader has ended")
    assert bench.device.boot_at(bench.device.now() + 0.1) is not None
    bench.strap_boot0("high")
    assert bench.device.boot_at(bench.device.now() + 0.1) is None


def test_an_unpowered_mcu_does_not_answer_its_programmer(bench):
    with serial.Serial(str(bench.directory / "mcu"), 115200, timeout=0.2) as port:
        time.sleep(0.1)
        port.write(b"\x7f")
        assert port.read(1) == b""


def test_control_changes_a_running_bench(bench, tmp_path):
    path = tmp_path / "control"
    endpoint = control_endpoint(bench, path)
    endpoint.start()
    try:
        assert ask(path, {"do": "inject", "fault": "leaky_ldo"})["state"]["device"]["faults"] == ["leaky_ldo"]
        assert ask(path, {"do": "connect", "instrument": "meter", "point": "TP_XTAL"})["ok"]
        assert bench.wiring.probes["meter"].point == "TP_XTAL"
        assert ask(path, {"do": "repair", "fault": "all"})["state"]["device"]["faults"] == []
        assert ask(path, {"do": "misbehave", "instrument": "meter", "kind": "unplug"})["ok"]
        assert not ask(path, {"do": "state"})["state"]["instruments"]["meter"]["plugged"]
        assert ask(path, {"do": "behave", "instrument": "meter", "kind": "unplug"})["ok"]
        assert len(ask(path, {"do": "faults"})["faults"]) == 9
        for wrong in ({"do": "inject", "fault": "rust"}, {"do": "dance"}, {"do": "connect", "instrument": "meter"}):
            answer = ask(path, wrong)
            assert answer["ok"] is False
            assert answer["error"]
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        endpoint.stop()
    assert not path.exists()


def test_a_control_socket_replaces_only_a_dead_one_and_removes_only_its_own(bench, tmp_path):
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    endpoint = control_endpoint(bench, path)
    endpoint.start()
    assert ask(path, {"do": "state"})["ok"]
    path.unlink()
    path.write_text("somebody else's")
    endpoint.stop()
    assert path.read_text() == "somebody else's"
    with pytest.raises(OSError, match="no socket"):
        control_endpoint(bench, path).start()
    assert path.read_text() == "somebody else's"


def test_the_command_runs_a_bench_and_ends_on_sigterm(tmp_path):
    executable = [str(Path(sys.executable).parent / "benchwright")]
    control, bench_file = tmp_path / "control", tmp_path / "bench.toml"
    process = subprocess.Popen(
        [*executable, "simulate", "--fault", "cold_joint", "--json", "--control", str(control), "--write-bench",
         str(bench_file), "--directory", str(tmp_path / "ports")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        shown = json.loads(process.stdout.readline())
        assert shown["device"]["faults"] == ["cold_joint"]
        assert set(shown["instruments"]) == ROLES
        assert tomllib.loads(bench_file.read_text())["bench"]["name"] == "bench-01"
        done = subprocess.run(
            [*executable, "simulate", "control", str(control), "repair", "cold_joint"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout[:13]) == (0, "faults: none;")
        second = subprocess.run(
            [*executable, "simulate", "--control", str(control)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert second.returncode == 2
        assert "a bench answers there already" in second.stderr
        assert ask(control, {"do": "state"})["ok"], "the first one still answers there"
        wrong = subprocess.run(
            [*executable, "simulate", "control", str(control), "inject", "rust"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert wrong.returncode == 2
        assert "dried_capacitor" in wrong.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert not control.exists()


def test_at_pace_1_measurements_take_their_time(tmp_path):
    with SimulatedBench(directory=tmp_path / "bench", pace=1.0) as bench:
        with ScpiClient(bench, "meter") as meter:
            began = time.monotonic()
            meter.ask("MEAS:VOLT:DC?")  # 10 power line cycles
            assert time.monotonic() - began >= 0.2
        with ScpiClient(bench, "scope") as scope:
            scope.write(":CHAN1:PROB 1;:CHAN1:SCAL 1;:TIM:SCAL 1e-2;:TRIG:EDG:LEV 1.5;:SING")
            time.sleep(0.2)
            bench.device.power(Feed(5.0, 0.5, True))
            began = time.monotonic()
            wait_until(lambda: scope.ask(":TRIG:STAT?") == "STOP", "the scope has triggered")
            assert time.monotonic() - began >= 0.055  # half of the record comes after the trigger

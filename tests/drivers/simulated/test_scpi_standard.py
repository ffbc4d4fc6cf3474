"""What IEEE 488.2 and SCPI-99 ask of every instrument, asked of simulated ones over real sockets."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.simulated.device import Device
from drivers.simulated.endpoints import TcpEndpoint
from drivers.simulated.keysight_34461a import TruevoltMeter
from drivers.simulated.personality.base import PersonalitySession, ScpiPersonality
from drivers.simulated.personality.play import play
from drivers.simulated.rails import Feed
from drivers.simulated.scpi_device import ScpiSession
from drivers.simulated.wiring import Wiring
from protocols.scpi import parse_error


class Client:
    """A plain socket, as any program would open it."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._file = self._socket.makefile("rb")

    def send(self, message: str) -> None:
        self._socket.sendall(message.encode() + b"\n")

    def ask(self, message: str) -> str:
        self.send(message)
        line = self._file.readline()
        assert line.endswith(b"\n")
        return line.decode().rstrip("\r\n")

    def errors(self) -> list[int]:
        found = []
        while (entry := parse_error(self.ask("SYST:ERR?"))).code:
            found.append(entry.code)
        return found

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def instrument(kind: str) -> TcpEndpoint:
    device = Device(seed=1)
    device.power(Feed(5.0, 0.5, True))
    wiring = Wiring(device)
    if kind == "written by hand":
        meter = TruevoltMeter(wiring.probe("meter", "TP_3V3"))
        return TcpEndpoint("meter", lambda: ScpiSession(meter))
    player = play(kind, wiring, "it")
    assert isinstance(player, ScpiPersonality)
    return TcpEndpoint("it", lambda: PersonalitySession(player))


@contextmanager
def connected(kind: str) -> Iterator[Client]:
    endpoint = instrument(kind)
    endpoint.start()
    asking = Client(endpoint.port)
    yield asking
    asking.close()
    endpoint.stop()


@pytest.fixture(params=["written by hand", "keysight-34461a", "rigol-dp832"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with connected(request.param) as asking:
        yield asking


@pytest.fixture
def meter() -> Iterator[Client]:
    with connected("keysight-34461a") as asking:
        yield asking


@pytest.fixture
def supply() -> Iterator[Client]:
    with connected("rigol-dp832") as asking:
        yield asking


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("NONSENSE", -113),
        ("*IDN", -113),
        ("*IDN? 1", -108),
        ("*ESE", -109),
        ("*ESE 256", -222),
        ("*ESE 1,2", -108),
        ('*ESE "1"', -104),
        ("*ESE 1 V", -138),
        ("SYST:VERS", -113),
        ("*CLS?", -113),
        ('DISP:TEXT "open', -151),
        ("*ESE (1", -171),
        ("*ESE #0ab", -104),
        ("*ESE ON", -104),
        ("*ESE 1 2", -103),
        ("?", -102),
    ],
)
def test_mistakes_are_queued_with_their_standard_codes(client: Client, message: str, code: int) -> None:
    client.ask("*ESR?")
    client.send(message)
    assert client.errors() == [code]
    assert int(client.ask("*ESR?")) == (32 if -code // 100 == 1 else 16)


def test_common_commands(client: Client) -> None:
    assert int(client.ask("*ESR?")) == 128  # power on
    assert int(client.ask("*ESR?")) == 0
    assert len(client.ask("*IDN?").split(",")) == 4
    assert client.ask("*OPC?") in {"1", "+1"}
    client.send("*OPC")
    assert int(client.ask("*ESR?")) == 1
    client.send("*ESE #H3C; *SRE 255")
    assert [int(client.ask(question)) for question in ("*ESE?", "*SRE?", "*TST?")] == [60, 191, 0]
    client.send("NONSENSE")
    assert int(client.ask("*STB?")) == 4 + 32 + 64
    client.send("*CLS")
    assert int(client.ask("*STB?")) == 0
    assert client.ask("SYSTEM:VERSION?").startswith("1999.")
    assert int(client.ask("STATus:QUEStionable:CONDition?")) == 0
    client.send("STAT:QUES:ENAB 9")
    assert int(client.ask("stat:ques:enab?")) == 9
    client.send("STAT:PRES")
    assert int(client.ask("STAT:QUES:ENAB?")) == 0
    assert client.errors() == []


def test_the_error_queue_is_first_in_first_out_and_says_when_it_overflows(client: Client) -> None:
    client.send("NONSENSE;*ESE 999;*ESE")
    assert int(client.ask("SYST:ERR:COUN?")) == 3
    assert client.errors() == [-113, -222, -109]
    for _ in range(30):
        client.send("NONSENSE")
    codes = client.errors()
    assert codes == [-113] * (len(codes) - 1) + [-350]
    assert client.ask("SYST:ERR:NEXT?").lstrip("+") == '0,"No error"'


def test_queries_joined_in_one_message_are_answered_in_one_message(client: Client) -> None:
    parts = client.ask("*ESE 8;*ESE?;*SRE?;:SYST:VERS?;ERR?").split(";")
    assert [float(part) for part in parts[:3]] == [8, 0, 1999.0]
    assert parse_error(parts[3]).code == 0
    # What is wrong is passed over, the rest is answered.
    assert client.ask("*ESE?;NONSENSE?;*SRE?") in {"8;0", "+8;+0"}
    assert client.errors() == [-113]


def test_messages_may_come_in_pieces_with_carriage_returns_and_blanks(client: Client) -> None:
    client._socket.sendall(b"  *ES")
    client._socket.sendall(b"E   16\r\n\r\n;;*ESE?\t\r\n")
    assert int(client._file.readline()) == 16
    assert client.errors() == []


def test_a_header_continues_on_the_level_of_the_one_before(meter: Client) -> None:
    meter.send(":CONF:VOLT:DC 10")
    assert float(meter.ask(":VOLT:DC:RANG?")) == 10
    meter.send("*CLS;:CONF:VOLT:DC 100;AC 10")  # :CONF:VOLT:AC
    assert float(meter.ask("VOLT:AC:RANG?")) == 10
    meter.send("CONF:VOLT:DC 10;CONF:RES 100")  # :CONF:VOLT:CONF:RES
    assert meter.errors() == [-113]


@pytest.mark.parametrize(
    ("given", "range_v"),
    [("10", 10), ("+1.0E1", 10), ("0.01 KV", 10), ("10000mV", 10), ("7", 10), ("MIN", 0.1), ("MAXIMUM", 1000)],
)
def test_a_number_may_be_written_in_every_way(meter: Client, given: str, range_v: float) -> None:
    meter.send(f"configure:voltage:dc {given}")
    assert float(meter.ask("VOLT:DC:RANG?")) == range_v
    assert meter.errors() == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("CONF:VOLT:DC 10 A", -131),
        ("CONF:VOLT:DC 2000", -222),
        ("CONF:VOLT:DC SOMETHING", -224),
        ("CONF:VOLTA:DC 10", -113),
        ("CONFI:VOLT:DC 10", -113),
        ("CONF:DIOD 1", -108),
        ("CONF:VOLT:DC 10,0.01,3", -108),
    ],
)
def test_what_a_meter_does_not_take(meter: Client, message: str, code: int) -> None:
    meter.send(message)
    assert meter.errors() == [code]


def test_a_supply_takes_suffixes_booleans_and_numbered_words(supply: Client) -> None:
    supply.send(":SOURCE1:VOLTAGE 3300MV;CURRENT 200 mA")
    assert float(supply.ask(":SOUR1:VOLT?")) == 3.3
    assert float(supply.ask(":SOURCE:CURRENT?")) == 0.2  # 1 may be left out
    supply.send(":OUTP CH1,1")
    assert float(supply.ask(":MEASURE:VOLTAGE? CH1")) == pytest.approx(3.3, abs=0.05)
    supply.send(":OUTPUT CH1,OFF")
    assert supply.errors() == []
    supply.send(":SOUR9:VOLT 1")
    supply.send(":OUTP CH1,MAYBE")
    assert supply.errors() == [-114, -224]


def test_a_supply_knows_the_commands_of_its_class(supply: Client) -> None:
    supply.send("INST:NSEL 2;:VOLT 5V;:CURR:LEV:IMM:AMPL 0.1;:OUTP ON")
    assert [float(part) for part in supply.ask("INST:NSEL?;:SOUR:VOLT?;:SOUR2:CURR?;:OUTP?").split(";")] == [
        2,
        5,
        0.1,
        1,
    ]
    assert float(supply.ask("MEASure:SCALar:VOLTage:DC?")) == 5
    assert float(supply.ask(":MEAS:VOLT? CH1")) == 0
    supply.send("*RST")
    assert supply.ask("OUTP:STAT?") in {"0", "OFF"}
    assert supply.errors() == []


@pytest.mark.parametrize("name", ["keysight-33522b", "rigol-dg1032z"])
def test_a_generator_knows_the_commands_of_its_class(name: str) -> None:
    endpoint = instrument(name)
    endpoint.start()
    generator = Client(endpoint.port)
    generator.send("SOUR2:FUNC SQUare;FREQ 1.5KHZ;VOLT 500 mV;VOLT:OFFS -0.25")
    asked = generator.ask(":SOURCE2:FUNC:SHAPE?;:SOUR2:FREQ:CW?;:SOUR2:VOLT:LEV:IMM:AMPL?;OFFS?").split(";")
    assert (asked[0], [float(part) for part in asked[1:]]) == ("SQU", [1500, 0.5, -0.25])
    assert generator.ask("FUNC?") == "SIN"
    generator.send("FREQ 1 THZ")
    generator.send("SOUR3:FREQ 1")
    generator.send("FUNC TRIANGLEISH")
    assert generator.errors() == [-222, -114, -224]
    generator.close()
    endpoint.stop()


def test_a_meter_knows_the_commands_of_its_class(meter: Client) -> None:
    meter.send("FETCH?")
    assert meter.errors() == [-230]
    assert float(meter.ask("MEAS:VOLT:DC? 10,0.001")) == pytest.approx(5.0, abs=0.1)
    meter.send("CONF:VOLT:AC;:INIT")
    assert float(meter.ask("FETC?")) < 1
    assert meter.ask("FUNC?") == '"VOLT:AC"'
    meter.send(':SENS:FUNC "RESistance";:SENS:RES:RANG 1 KOHM')
    assert float(meter.ask("RES:RANG?")) == 1000
    assert meter.ask("SENSe:RES:RANGe:AUTO?;:SENS:VOLT:DC:RANG:AUTO?;:FUNC?") == '0;0;"RES"'
    meter.send('RES:RANG:AUTO ON;:FUNC "NONSENSE"')
    assert meter.errors() == [-224]
    assert meter.ask("RES:RANGE:AUTO?") == "1"
    meter.send("CONF:TEMP2")
    assert meter.errors() == [-113]

"""Whatever a client sends, a simulated instrument stays alive and answers the next one."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulated.bench import SimulatedBench
from drivers.simulated.control import ControlSession
from drivers.simulated.keysight_34461a import TruevoltMeter
from drivers.simulated.modbus_server import RtuSession, TcpSession
from drivers.simulated.owon_xdm1041 import Xdm1041
from drivers.simulated.rails import Feed
from drivers.simulated.riden_rd6006 import Rd6006
from drivers.simulated.rigol_ds1054z import Ds1054z
from drivers.simulated.scpi_device import ScpiSession
from drivers.simulated.siglent_sdg1032x import Sdg1032x

PARAMETERS = [
    "",
    "1",
    "-1",
    "0",
    "1e99",
    "1e-99",
    "9.9E37",
    "9.91E37",
    "AUTO",
    "MIN",
    "MAX",
    "DEF",
    "ON",
    "OFF",
    "(@1)",
    '"VOLT"',
    '"x',
    "#15abcde",
    "CHAN1",
    "CHAN9",
    "1,2",
    "1,2,3,4,5",
    "WVTP,SINE",
    "WVTP,PULSE",
    "FRQ,1E6",
    "FRQ,ABC",
    "AMP,0",
    "PERI,0",
    "HLEV,1",
    "LOAD,0",
    "LOAD,50",
    "BYTE",
    "ASC",
    "RAW",
    "POS",
    "1V",
    "1KHZ",
    "20M",
    "VPP,CHAN1",
    "EDGE",
    "S",
    "SING",
    "12000",
    "AC",
    "GND",
    "0.001",
]


@pytest.fixture(scope="module")
def bench():
    made = SimulatedBench()
    made.device.power(Feed(5.0, 0.5, True))
    yield made
    made.stop()


def instruments(bench):
    probe = bench.wiring.probe
    return {
        "meter": TruevoltMeter(probe("fuzzed meter", "TP_3V3")),
        "xdm1041": Xdm1041(probe("fuzzed xdm1041", "TP_XTAL")),
        "scope": Ds1054z([probe(f"fuzzed scope {n}", "TP_RELAY") for n in range(4)]),
        "generator": Sdg1032x(),
    }


def patterns(device):
    found = set(device.commands())
    for name in dir(type(device)):
        found |= set(getattr(getattr(type(device), name), "patterns", ()))
    return sorted(found)


def message(pattern, chooser):
    header = re.sub(r"\[<n>\]|<n>", chooser.choice("1124589"), pattern.removesuffix("?"))
    header = re.sub(r"\[[^\]]*\]", "", header) if chooser.random() < 0.5 else re.sub(r"[\[\]]", "", header)
    parameter = chooser.choice(PARAMETERS)
    return f"{header}{'?' if pattern.endswith('?') else ''}{' ' + parameter if parameter else ''}".encode()


@pytest.mark.parametrize("name", ["meter", "xdm1041", "scope", "generator"])
def test_every_command_with_any_parameter_leaves_the_instrument_alive(bench, name):
    device = instruments(bench)[name]
    session, chooser = ScpiSession(device), random.Random(name)
    known = patterns(device)
    heavy = re.compile(r"SAMP|TRIG\w*:COUN")  # ten thousand readings take their time
    asked = [pattern for pattern in known if not heavy.match(pattern)]
    for count in range(1500):
        if count % 40 == 0:
            session.receive(b"*RST\n")
        session.receive(message(chooser.choice(asked), chooser) + b"\n")
    assert session.receive(b"*IDN?\n").decode().count(",") >= 3


@settings(max_examples=60, deadline=None)
@given(chunks=st.lists(st.binary(max_size=60), max_size=6))
def test_garbage_leaves_every_session_alive(bench, chunks):
    supply = Rd6006(bench.device)
    rtu, tcp = RtuSession(supply, unit=1, baud=115200), TcpSession(supply)
    scpi, control = ScpiSession(Sdg1032x()), ControlSession(bench)
    for chunk in chunks:
        for session in (rtu, tcp, scpi, control):
            session.receive(chunk)
    scpi.receive(b"\n")
    assert scpi.receive(b"*IDN?\n").startswith(b"Siglent")
    control.receive(b"\n")
    assert b'"ok": true' in control.receive(b'{"do": "state"}\n')

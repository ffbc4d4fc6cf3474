"""How instruments speak that follow IEEE 488.2 and SCPI-99 in another way than those at hand.

The first dialogue is that of libscpi's example server, which was asked by this driver: answers end with CR LF, also
behind a block; an error has the message that caused it behind a semicolon; 17 errors are kept, the last of them -350.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_server import Exchange, SocketInstrument

from drivers.errors import BadResponse, InstrumentRefused
from drivers.registry import open_instrument
from drivers.scpi.link import ScpiLink

PROFILE = """
name: any-scpi
driver: scpi-multimeter
title: {en: Any, zh-CN: 任意}
maker: Any
models: [X]
addresses: ["TCPIP::192.0.2.1::5025::SOCKET"]
sources: [{document: SCPI-99}]
identity: {pattern: 'MANUFACTURE,INSTR2013,.*', example: 'MANUFACTURE,INSTR2013,0,01-02'}
timeout_s: 2
commands:
  identify: {send: "*IDN?", reply: text}
  clear: {send: "*CLS"}
  next_error: {send: "SYST:ERR?", reply: error}
  configure: {send: "CONF:VOLT:DC {range}", arguments: {range: {type: text}}}
  read: {send: "READ?", reply: number}
  scale: {send: "CHAN1:SCAL?", reply: number}
  count: {send: "SYST:ERR:COUN?", reply: integer}
  on: {send: ":OUTP?", reply: boolean}
  data: {send: "TEST:ARB?", reply: block}
functions:
  dc_voltage: {select: configure, auto: AUTO, ranges: [{full_scale: 10, argument: "10"}]}
"""
OPENING: list[Exchange] = [("*IDN?", b"MANUFACTURE,INSTR2013,0,01-02\r\n"), ("*CLS", None)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "any-scpi.yaml").write_text(PROFILE)
    return tmp_path


def link_to(server: SocketInstrument, folder: Path) -> ScpiLink:
    meter = open_instrument("any-scpi", server.address, profile_folder=folder)
    link: ScpiLink = meter.link  # type: ignore[attr-defined]
    return link


def test_libscpis_example_server(folder: Path) -> None:
    undefined = b'-113,"Undefined header;NONSENSE:HEADER 1"\r\n'
    script: list[Exchange] = [
        *OPENING,
        ("SYST:ERR?", b'0,"No error"\r\n'),
        ("TEST:ARB?", b"#15hello\r\n"),
        ("TEST:ARB?", b"#3005a\r\n;\n\r\n"),
        ("READ?", b"0\r\n"),
        ("SYST:ERR:COUN?", b"17\r\n"),
        *[("SYST:ERR?", undefined)] * 16,
        ("SYST:ERR?", b'-350,"Queue overflow"\r\n'),
        ("SYST:ERR?", b'0,"No error"\r\n'),
    ]
    with SocketInstrument(script) as server:
        link = link_to(server, folder)
        link.check_errors()
        assert link.ask_block("data").tobytes() == b"hello"
        assert link.ask_block("data").tobytes() == b"a\r\n;\n"
        assert link.ask_number("read") == 0.0
        assert link.ask_integer("count") == 17
        with pytest.raises(InstrumentRefused, match=r'NONSENSE:HEADER 1"; .*-350,"Queue overflow"$'):
            link.check_errors()
        link.close()
        server.finish()


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("+1.00000000E+00", 1.0),
        ("1", 1.0),
        ("0.1e1", 1.0),
        ("#H1", 1.0),
        ("#Q12", 10.0),
        ("#B101", 5.0),
        ("READ 1.0", 1.0),
        (":READ 1.0E0", 1.0),
        ("1.0 V", 1.0),
        ("-1.50E-03A", -1.5e-3),
        ("9.9E37", math.inf),
        ("-9.90000E+37", -math.inf),
        ("inf", math.inf),
        ("-inf", -math.inf),
    ],
)
def test_numbers_in_every_form(folder: Path, answer: str, value: float) -> None:
    with SocketInstrument([*OPENING, ("READ?", answer)]) as server:
        link = link_to(server, folder)
        assert link.ask_number("read") == value
        link.close()


@pytest.fixture
def answers(folder: Path, request: pytest.FixtureRequest) -> Iterator[ScpiLink]:
    with SocketInstrument([*OPENING, *request.param]) as server:
        link = link_to(server, folder)
        yield link
        link.close()
        server.finish()


@pytest.mark.parametrize(
    "answers",
    [[("CHAN1:SCAL?", ":CHANNEL1:SCALE 5.0E-1"), (":OUTP?", "OUTPUT 1"), (":OUTP?", "1.000000E+00"), (":OUTP?", "Off"),
      ("SYST:ERR:COUN?", ":SYST:ERR:COUN +3"), ("READ?", "9.91E37"), ("READ?", "-nan"), ("SYST:ERR?", "0")]],
    indirect=True,
)  # fmt: skip
def test_headers_that_were_not_switched_off_and_long_forms(answers: ScpiLink) -> None:
    assert answers.ask_number("scale") == 0.5
    assert [answers.ask_boolean("on") for _ in range(3)] == [True, True, False]
    assert answers.ask_integer("count") == 3
    assert math.isnan(answers.ask_number("read"))
    assert math.isnan(answers.ask_number("read"))
    answers.check_errors()


@pytest.mark.parametrize("answer", ["VOLT 1.0", "1.0 mV", "1.0 2.0", "1,2", "OVER", "#H", ""])
def test_what_is_no_number_is_refused(folder: Path, answer: str) -> None:
    with SocketInstrument([*OPENING, ("READ?", answer)]) as server:
        link = link_to(server, folder)
        with pytest.raises(BadResponse, match="expected a number"):
            link.ask_number("read")
        link.close()


def test_blocks_without_a_length_end_with_a_line_feed_and_silence(folder: Path) -> None:
    with SocketInstrument([*OPENING, ("TEST:ARB?", b"#0ab\ncd\n"), ("READ?", "1")]) as server:
        link = link_to(server, folder)
        assert link.ask_block("data").tobytes() == b"ab\ncd"
        assert link.ask_number("read") == 1.0
        link.close()
    with SocketInstrument([*OPENING, ("TEST:ARB?", b"#0abcd")]) as server:
        link = link_to(server, folder)
        with pytest.raises(BadResponse, match="ended without the line feed"):
            link.ask_block("data")
        link.close()

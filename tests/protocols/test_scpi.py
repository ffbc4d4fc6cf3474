"""SCPI values, program messages, headers and the error queue."""

import json
import math

import pytest
from byte_streams import mutated
from captures import require_capture
from hypothesis import given
from hypothesis import strategies as st

from protocols.ieee488 import format_block
from protocols.scpi import (
    ErrorEntry,
    ErrorQueue,
    ScpiError,
    format_number,
    format_string,
    parse_boolean,
    parse_error,
    parse_integer,
    parse_number,
    parse_number_or_quantity,
    parse_numbers,
    parse_string,
    response_data,
    split_list,
)
from protocols.scpi_program import (
    Command,
    CommandTable,
    Kind,
    MessageError,
    Parameter,
    match_header,
    parse_message,
)
from protocols.scpi_words import forms


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("+1.23456789E-03\n", 1.23456789e-3),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("1.0 E +3", 1000.0),
        ("#HfF", 255.0),
        ("#Q17", 15.0),
        ("#B101", 5.0),
        ("9.9E37", math.inf),
        ("+9.90000000E+37", math.inf),
        ("-9.9E+37", -math.inf),
        ("INF", math.inf),
    ],
)
def test_numbers(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5.00E-01V", 0.5),
        ("1.0 HZ", 1.0),
        ("-3%", -3.0),
        ("#H1F", 31.0),
        ("#HFA", 250.0),
        ("7", 7.0),
        ("-inf", -math.inf),
    ],
)
def test_numbers_with_a_unit_behind_them(text, value):
    assert parse_number_or_quantity(text) == value


@pytest.mark.parametrize(
    ("answer", "asked", "data"),
    [
        (":CHAN1:SCAL 1", "CHAN1:SCAL?", "1"),
        ("C1:VDIV 5.00E-01V", "C1:VDIV?", "5.00E-01V"),
        ("MEASURE:VOLTAGE 1", ":MEAS:VOLT? CH1", "1"),
        ("*ESR 1", "*ESR?", "1"),
        ("OTHER 1", ":MEAS:VOLT?", "OTHER 1"),
        ("VOLT", ":MEAS:VOLT?", "VOLT"),
        ("1,2", ":MEAS:VOLT?", "1,2"),
    ],
)
def test_headers_before_answers(answer, asked, data):
    assert response_data(answer, asked) == data


@given(st.text(max_size=100), st.text(max_size=30))
def test_any_answer_is_a_number_or_refused(answer, asked):
    try:
        parse_number_or_quantity(response_data(answer, asked))
    except ScpiError:
        return


def test_long_and_short_forms():
    assert forms("volt") == forms("VOLTAGE") == {"VOLT", "VOLTAGE"}
    assert forms("SCA") == {"SCA", "SCALE"}
    assert forms("SCALE") == {"SCA", "SCAL", "SCALE"}
    assert forms("WVTP") == {"WVTP"}


def test_not_a_number():
    assert math.isnan(parse_number("9.91E37"))
    assert math.isnan(parse_number("NAN"))


@pytest.mark.parametrize("text", ["", "OL", "1,2", "1V", "0x10", "1_0", "1E999", "--1", "#HG", "#12", "９", "1" * 100])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ScpiError, match="expected a number"):
        parse_number(text)


@given(st.floats(allow_nan=False, min_value=-1e37, max_value=1e37))
def test_numbers_survive_formatting(value):
    assert parse_number(format_number(value, 17)) == value


def test_infinite_numbers_survive_formatting():
    assert parse_number(format_number(-math.inf)) == -math.inf
    assert math.isnan(parse_number(format_number(math.nan)))


def test_integers_and_booleans():
    assert parse_integer("+1.2E+1") == 12
    assert [parse_boolean(text) for text in ("0", "1\n", "off", "ON")] == [False, True, False, True]
    for wrong in ("1.5", "INF", "1E300"):
        with pytest.raises(ScpiError):
            parse_integer(wrong)
    with pytest.raises(ScpiError, match="expected 0, 1, OFF or ON"):
        parse_boolean("2")


@given(st.text())
def test_strings_survive_quoting(text):
    assert parse_string(format_string(text)) == text


def test_lists():
    assert split_list(' 1, "a,b" ,(@1,2),') == ["1", '"a,b"', "(@1,2)", ""]
    assert split_list("") == []
    assert split_list("1;'x;y'", ";") == ["1", "'x;y'"]
    assert parse_numbers("1,2.5,9.9E37\n") == [1.0, 2.5, math.inf]
    with pytest.raises(ScpiError, match="quote is not closed"):
        split_list('1,"a')


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ('-113,"Undefined header"\n', ErrorEntry(-113, "Undefined header")),
        ('+0,"No error"', ErrorEntry(0, "No error")),
        ("0,No error", ErrorEntry(0, "No error")),
        ("0", ErrorEntry(0, "")),
        ('-222,"Data out of range;""VOLT"" 99"', ErrorEntry(-222, 'Data out of range;"VOLT" 99')),
    ],
)
def test_error_entries(text, entry):
    assert parse_error(text) == entry


def test_error_entries_survive_formatting():
    entry = ErrorEntry(-113, 'Undefined header;"X"')
    assert parse_error(str(entry)) == entry


def test_a_full_error_queue_says_so():
    queue = ErrorQueue(size=2)
    for code in (-113, -222, -101, -102):
        queue.push(ErrorEntry(code, "x"))
    assert [queue.pop().code for _ in range(4)] == [-113, -350, 0, 0]


@given(st.text(max_size=60))
def test_any_answer_is_read_or_refused(text):
    for parse in (parse_number, parse_integer, parse_boolean, parse_string, parse_error, parse_numbers, split_list):
        try:
            parse(text)
        except ScpiError as error:
            assert str(error)


def headers(message: bytes) -> list[str]:
    return [command.header + ("?" if command.query else "") for command in parse_message(message)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"*IDN?", ["*IDN?"]),
        (b":SENS:VOLT:RANG 10;NPLC 1", ["SENS:VOLT:RANG", "SENS:VOLT:NPLC"]),
        (b"FREQ:STAR 3 MHZ;STOP 5 MHZ", ["FREQ:STAR", "FREQ:STOP"]),
        (b"FREQ:STAR 3;:BAND 1;*OPC?;WID 2", ["FREQ:STAR", "BAND", "*OPC?", "WID"]),
        (b"HEAD:NODE:A 1;*WAI;B?", ["HEAD:NODE:A", "*WAI", "HEAD:NODE:B?"]),
        (b"TRIG:A 1;SUB:B 2;C 3", ["TRIG:A", "TRIG:SUB:B", "TRIG:SUB:C"]),
        (b" ; *CLS ;; ", ["*CLS"]),
        (b"", []),
    ],
)
def test_compound_messages(message, expected):
    assert headers(message) == expected


def only(message: bytes) -> Command:
    (command,) = parse_message(message)
    return command


def test_parameters_of_every_kind():
    block = b"\n;,'\""
    command = only(b"X 1.5E3 mV,MAX, 'it''s' ,(@101:103),#HFF," + format_block(block))
    number, name, string, expression, hexadecimal, data = command.take(6)
    assert number.number("V") == 1.5
    assert name.number(maximum=7.0) == 7.0
    assert string.string() == "it's"
    assert (expression.kind, expression.text) == (Kind.EXPRESSION, "(@101:103)")
    assert hexadecimal.integer() == 255
    assert data.block() == block
    assert only(b"X #0anything;\n").parameters[0].block() == b"anything;\n"


@pytest.mark.parametrize(
    ("sent", "unit", "value"),
    [
        (b"1MHZ", "HZ", 1e6),
        (b"1 mohm", "OHM", 1e6),
        (b"1 MV", "V", 1e-3),
        (b"1 MAV", "V", 1e6),
        (b"2kHz", "HZ", 2e3),
        (b"3 us", "S", 3e-6),
        (b"4 nA", "A", 4e-9),
        (b"5 uF", "F", 5e-6),
        (b"6", "V", 6.0),
        (b"50 PCT", "PCT", 50.0),
    ],
)
def test_suffixes(sent, unit, value):
    assert only(b"X " + sent).parameters[0].number(unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"?", -102),
        (b"VOLT::DC", -103),
        (b"VOLT,1", -103),
        (b"VOLT 1 2", -103),
        (b"VOLT 1,", -109),
        (b"VOLT ,1", -109),
        (b"VOLT 'a", -151),
        (b"VOLT (@1", -171),
        (b"VOLT #15ab", -161),
        (b"VOLT #3 1", -161),
        (b"\xffVOLT", -101),
        (b"VOLT \x80", -101),
        (b"A" * 300, -112),
    ],
)
def test_mistakes_carry_their_standard_code(message, code):
    with pytest.raises(MessageError) as caught:
        parse_message(b"*CLS;" + message)
    assert caught.value.code == code
    assert [command.header for command in caught.value.commands] == ["*CLS"]
    assert str(caught.value.entry).startswith(f'{code},"')


@pytest.mark.parametrize(
    ("use", "code"),
    [
        (lambda: Parameter(Kind.NUMBER, "11").number(maximum=10.0, minimum=0.0), -222),
        (lambda: Parameter(Kind.NUMBER, "9.91E37").number(maximum=10.0), -222),
        (lambda: Parameter(Kind.NUMBER, "9.9E37").integer(), -222),
        (lambda: Parameter(Kind.NUMBER, "1", "HZ").number("V"), -131),
        (lambda: Parameter(Kind.NUMBER, "1", "V").number(), -138),
        (lambda: Parameter(Kind.MNEMONIC, "MIN").number(), -224),
        (lambda: Parameter(Kind.STRING, '"1"').number(), -104),
        (lambda: Parameter(Kind.MNEMONIC, "MAYBE").boolean(), -224),
        (lambda: Parameter(Kind.MNEMONIC, "SQ").choice(["SINusoid", "SQUare"]), -224),
        (lambda: Parameter(Kind.NUMBER, "1").choice(["SINusoid"]), -104),
        (lambda: Parameter(Kind.NUMBER, "1").string(), -104),
        (lambda: Parameter(Kind.NUMBER, "1").block(), -104),
        (lambda: Command("X", False).take(1), -109),
        (lambda: only(b"X 1,2").take(0, 1), -108),
    ],
)
def test_parameters_that_do_not_fit_carry_their_standard_code(use, code):
    with pytest.raises(ScpiError) as caught:
        use()
    assert caught.value.code == code


def test_names_and_booleans():
    assert Parameter(Kind.MNEMONIC, "infinity").number("OHM", names={"INFinity": math.inf}) == math.inf
    assert Parameter(Kind.MNEMONIC, "SquARE").choice(["SINusoid", "SQUare"]) == "SQUare"
    assert Parameter(Kind.NUMBER, "20", "m").choice(["20M", "OFF"]) == "20M"
    sent = [b"ON", b"off", b"1", b"0", b"0.4", b"2"]
    assert [only(b"X " + text).parameters[0].boolean() for text in sent] == [True, False, True, False, False, True]


@pytest.mark.parametrize(
    ("pattern", "header", "suffixes"),
    [
        ("VOLTage[:DC]:RANGe", "volt:rang", ()),
        ("VOLTage[:DC]:RANGe", "VOLTAGE:DC:RANGE", ()),
        ("VOLTage[:DC]:RANGe", "VOLTA:RANG", None),
        ("VOLTage[:DC]:RANGe", "VOLT:AC:RANG", None),
        ("[:SENSe]:VOLTage", "VOLT", ()),
        ("[:SENSe]:VOLTage", "SENS:VOLT", ()),
        ("[SENSe:]VOLTage", "SENSE:VOLTAGE", ()),
        (":WAVeform:DATA", "wav:data", ()),
        ("CHANnel<n>:SCALe", "CHAN2:SCAL", (2,)),
        ("CHANnel<n>:SCALe", "CHANnel:SCALe", (1,)),
        ("[SOURce[<n>]:]APPLy:SINusoid", "SOUR2:APPL:SIN", (2,)),
        ("[SOURce[<n>]:]APPLy:SINusoid", "APPL:SIN", (1,)),
        ("OUTPut<n>[:STATe]", "OUTP1", (1,)),
        ("OUTPut<n>[:STATe]", "OUTP1:STAT2", None),
        ("C<n>:BSWV", "C2:BSWV", (2,)),
        ("*IDN", "*idn", ()),
    ],
)
def test_headers(pattern, header, suffixes):
    assert match_header(pattern, header) == suffixes


def test_a_command_table_tells_queries_from_commands():
    table = CommandTable({"VOLTage[:DC]:RANGe": "set", "VOLTage[:DC]:RANGe?": "get", "*IDN?": "who"})
    assert table.find(only(b":volt:rang 10")) == ("set", ())
    assert table.find(only(b"VOLT:DC:RANG? MAX")) == ("get", ())
    assert table.find(only(b"VOLT:DC:RANG? MIN")) == ("get", ())
    with pytest.raises(ScpiError) as caught:
        table.find(only(b"*IDN"))
    assert caught.value.entry == ErrorEntry(-113, "Undefined header;no command *IDN")


def test_a_wrong_pattern_is_named():
    with pytest.raises(ValueError, match=r"'VOLT\|CURR' at position 4"):
        CommandTable({"VOLT|CURR": 1})


@given(st.binary(max_size=80))
def test_any_message_is_parsed_or_refused(message):
    try:
        for command in parse_message(message):
            assert command.header.isascii()
    except ScpiError as error:
        assert error.code < 0


@given(st.data())
def test_a_damaged_message_is_parsed_or_refused(data):
    message = data.draw(mutated(b":SENS:VOLT:RANG 10 mV,MAX;NPLC? 'x';*WAI;DATA #15abcde,(@1)"))
    try:
        commands = parse_message(message)
    except ScpiError as error:
        assert error.code < 0
        return
    for command in commands:
        for parameter in command.parameters:
            for use in (parameter.integer, parameter.boolean, lambda p=parameter: p.number("V")):
                try:
                    use()
                except ScpiError as error:
                    assert error.code < 0


def test_dialogues_that_driver_authors_wrote_follow_the_grammar():
    dialogues = json.loads(require_capture("scpi/pymeasure_dialogues_dev.json").read_text())
    pairs = [pair for dialogue in dialogues for pair in dialogue["pairs"]]
    assert len(pairs) == 252
    for sent, answer in pairs:
        commands = parse_message(sent.encode("latin-1"))
        assert any(command.query for command in commands) or answer is None, sent

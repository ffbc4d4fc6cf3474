"""Text from outside, on a terminal and in a log."""

import json
import logging

from hypothesis import given
from hypothesis import strategies as st

from protocols.log_line import JsonFormatter, PlainFormatter
from protocols.plain_text import HIDDEN, json_escaped, lines, one_line

OBEYED = {chr(code) for code in (*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def test_hidden_characters_are_seen_and_line_breaks_are_blanks_or_stay() -> None:
    assert one_line("[/] \x1b[31m \x1b]0;x\x07 \x9b31m \u202egnp") == (
        f"[/] {HIDDEN}[31m {HIDDEN}]0;x{HIDDEN} {HIDDEN}31m {HIDDEN}gnp"
    )
    assert one_line("a\tb\r\nc\u00a0d\u3000e\udcff") == f"a b  c d e{HIDDEN}"
    assert lines("a\x1b\r\nb\n") == f"a{HIDDEN}\nb\n"
    rare = "\U000323b0"  # a Chinese character that is newer than the Unicode of Python 3.11
    assert one_line(f"王{rare}") == f"王{rare}"


@given(st.text())
def test_no_text_is_obeyed_or_changes_its_length(text: str) -> None:
    shown = one_line(text)
    assert not OBEYED & set(shown) and len(shown) == len(text)
    assert not (OBEYED - {"\n"}) & set(lines(text))
    document = json_escaped(json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(document) == {"a": text} and not OBEYED & set(document)


FORGED = "2026-11-29 08:00:00,000 INFO    hub.auth: li signed in"


def _record(message: str, *, failed: bool = False) -> logging.LogRecord:
    exception = (ValueError, ValueError(f"bad \x1b[2J\n{FORGED}\n\r{FORGED}"), None) if failed else None
    return logging.LogRecord("hub.x", logging.ERROR, __file__, 1, "%s", (message,), exception)


def test_a_line_of_the_log_is_one_line_whatever_came_from_outside() -> None:
    line = PlainFormatter().format(_record("no such model: a\x1b[2J\nERROR hub.x: forged"))
    assert line.endswith(f"ERROR   hub.x: no such model: a{HIDDEN}[2J ERROR hub.x: forged")
    told = PlainFormatter().format(_record("broken", failed=True))
    assert told.endswith(f"hub.x: broken\n  ValueError: bad {HIDDEN}[2J\n  {FORGED}\n   {FORGED}")
    assert json.loads(JsonFormatter().format(_record("a\x9b")))["message"] == "a\x9b"
    assert "\x9b" not in JsonFormatter().format(_record("a\x9b"))


def test_only_records_begin_in_the_first_column() -> None:
    record = _record("broken", failed=True)
    logging.Formatter().format(record)  # another handler came first and left its traceback in the record
    record.stack_info = f"Stack (most recent call last):\n\x1b[2J\n{FORGED}"
    first, *below = PlainFormatter().format(record).split("\n")
    assert first.endswith("ERROR   hub.x: broken")
    assert below == [
        f"  ValueError: bad {HIDDEN}[2J",
        f"  {FORGED}",
        f"   {FORGED}",
        "  Stack (most recent call last):",
        f"  {HIDDEN}[2J",
        f"  {FORGED}",
    ]
    sent = _record("broken")
    sent.exc_text = f"ValueError: x\n{FORGED}"  # as it comes from another process
    assert PlainFormatter().format(sent).endswith(f"broken\n  ValueError: x\n  {FORGED}")

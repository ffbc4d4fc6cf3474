"""Sentences of the agent in the reader's language."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts import catalogues
from tui import i18n
from tui.heard import _values, heard

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_the_catalogue_of_the_agents_sentences_is_complete_and_up_to_date():
    current = catalogues.updated(catalogues.AGENT)
    assert catalogues.untranslated(current) == [], "translate these in agent.po, then run python -m scripts.catalogues"
    assert catalogues.AGENT.read_bytes() == catalogues.po_bytes(current), "run python -m scripts.catalogues"
    assert catalogues.AGENT.with_suffix(".mo").read_bytes() == catalogues.mo_bytes(current)


def test_every_sentence_is_recognised_with_its_values():
    i18n.use("zh-CN")
    for message in catalogues.updated(catalogues.AGENT):
        if message.id:
            places = re.findall(r"\{(\d+)\}", message.id)
            assert sorted(places) == sorted(re.findall(r"\{(\d+)\}", message.string)), message.id
            shown = heard(re.sub(r"\{(\d+)\}", lambda place: f"v{place[1]}", message.id))
            assert CHINESE.search(shown), message.id
            assert all(f"v{place}" in shown for place in places), message.id


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("meter is controlled by wang for 12 s; release it there first", ("meter 正由 wang 控制", "请先在那里释放")),
        ("ch1: the signal is constant", ("ch1: 信号恒定",)),
        (
            "meter is not available: TCPIP::1.2.3.4 did not answer within 5 s; check that it is "
            "switched on and connected",
            ("meter 不可用：TCPIP::1.2.3.4 在 5 秒内没有应答",),
        ),
        ("the operator did not confirm the connection", ("操作员未确认连接",)),
        (
            "supply is not available: riden-rd6006 at modbus-rtu:/x?unit=1 cannot be opened: there is no such port; "
            "check the cable and the name",
            ("supply 不可用", "没有此端口"),
        ),
        (
            "my scan.csv: line 501: 'OVERLOAD' in column 2 is no number",
            ("my scan.csv：第 501 行：第 2 列的 'OVERLOAD' 不是数字",),
        ),
        (
            "a.wav: byte 44: the samples needs 96 bytes, the file ends 9 bytes too early; copy it again from its "
            "source",
            ("第 44 字节：样本 需要 96 字节", "请从来源重新复制"),
        ),
        (
            "b.toml: line 45, instruments.meter.calibration.on: 'x' is no date here; write one like 2026-01-31 "
            "(and 1 more: lines 50)",
            ("b.toml：第 45 行，instruments.meter.calibration.on：'x' 不是日期", "（另有 1 处：第 50 行）"),
        ),
        (
            "own.yaml, line 17, at commands.a: a value > 0 is wanted here (nan); correct it",
            ("own.yaml：第 17 行，commands.a 处：此处的值应 > 0",),
        ),
        (
            "b.toml: not valid TOML: Expected ']' at the end of a table declaration (at line 4, column 19); "
            "mend that place",
            ("b.toml：不是有效的 TOML：第 4 行第 19 列：表声明末尾应有 ']'；请修正该处",),
        ),
        ("no fault 'nope'; SP-100 can have leaky_ldo", ("没有故障 'nope'；SP-100 可以有 leaky_ldo",)),
        ("something that nobody foresaw", ("something that nobody foresaw",)),
        ("", ("",)),
    ],
)
def test_reasons_within_reasons_are_heard_too(sentence, wanted):
    assert heard(sentence) == sentence
    i18n.use("zh-CN")
    assert all(words in heard(sentence) for words in wanted)
    assert heard(ValueError(sentence)) == heard(sentence)


@pytest.mark.parametrize("words", [": ", " did not answer: ", "a b; ", "ch1: "])
def test_a_sentence_of_any_length_is_heard_in_no_time(words):
    """Places that are tried at every length would take minutes here, and the screens would stand still."""
    i18n.use("zh-CN")
    assert heard(words * 2000).endswith(words)


@given(st.text("ab", max_size=12), st.lists(st.text("ab", max_size=2), min_size=1, max_size=4))
def test_values_are_what_a_pattern_would_find(sentence, literals):
    pattern = "(.+?)".join(map(re.escape, literals))
    found = re.fullmatch(pattern, sentence)
    assert _values(tuple(literals), sentence) == (None if found is None else list(found.groups()))


def test_sentences_are_found_in_errors_reasons_and_notes():
    source = """
raise RackError(f"the role {role!r} has {len(x):g} instruments")
return NoAnswer("too few edges")
notes.append(f"{name}: {reason}")
notes.append("two channels are needed")
mark(fault="not connected yet" if x else None)
print("nothing to see here")
"""
    assert list(catalogues.sentences_of(source)) == [
        "the role {0} has {1} instruments",
        "too few edges",
        "two channels are needed",
        "not connected yet",
    ]

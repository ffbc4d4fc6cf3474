"""Why something is refused, in both languages within one text."""

from hypothesis import given
from hypothesis import strategies as st

from protocols.messages.reasons import reason_in, reason_of, reason_words

texts = st.text(min_size=1, max_size=80).filter(lambda text: bool(text.split()))


def test_each_reader_gets_the_line_of_the_own_language() -> None:
    reason = reason_of({"en": "closed: The ticket is closed.", "zh-CN": "工单已关闭。"}, 200)
    assert reason_words(reason) == {"en": "closed: The ticket is closed.", "zh-CN": "工单已关闭。"}
    assert reason_in("de", reason) == "closed: The ticket is closed."


def test_a_reason_of_before_is_the_same_in_every_language() -> None:
    assert reason_in("zh-CN", "not-possible: It is closed.") == "not-possible: It is closed."
    assert reason_in("zh-CN", "two\nlines") == "two lines"


@given(texts, texts, st.integers(20, 300))
def test_both_are_there_within_the_bound(english: str, chinese: str, at_most: int) -> None:
    reason = reason_of({"en": english, "zh-CN": chinese}, at_most)
    assert len(reason) <= at_most
    whole_en, whole_zh = " ".join(english.split()), " ".join(chinese.split())
    assert whole_en.startswith(reason_in("en", reason)) and reason_in("en", reason)
    assert (whole_zh if whole_zh != whole_en else whole_en).startswith(reason_in("zh-CN", reason))

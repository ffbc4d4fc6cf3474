"""Texts as terms, and versions as keys: pure functions."""

from hypothesis import given
from hypothesis import strategies as st

from hub.knowledge import index, versions
from hub.knowledge.terms import MAX_TERM, normalise, terms


def words(text: str) -> set[str]:
    return {term.text for term in terms(normalise(text))}


def test_chinese_gives_pairs_and_characters() -> None:
    assert words("屏碎") == {"屏碎", "屏", "碎"}
    assert words("的") == {"的"}, "somebody who asks for one character means it"
    assert "的" not in words("我的屏")


def test_english_gives_words_without_plural_and_identifiers_in_parts() -> None:
    assert words("Relays of rail_3v3") == {"relay", "rail_3v3", "rail", "~relay"}
    assert words("batteries") == {"battery"}
    assert words("ＳＰ－１００") == words("sp-100")


def test_phrases_that_mean_the_same_share_a_term() -> None:
    """K3."""
    assert "~no_power" in words("手机开不了机了") & words("It does not turn on") & words("DEAD")
    assert "~no_power" not in words("the deadline")


@given(st.text(max_size=200))
def test_terms_stand_where_they_say(text: str) -> None:
    plain = normalise(text)
    for term in terms(plain):
        assert 0 <= term.start < term.end <= len(plain)
        assert 0 < len(term.text) <= MAX_TERM


def test_why_is_told_in_the_longest_runs() -> None:
    query = index.Query("插座无法开机 LED", ("rail-3v3", "other"), "no_power", "SP-100")
    matched = frozenset(index.postings([index.Text("LED 不亮，无法开机", "", "x")], ["rail-3v3"], None, ["SP-100"]))
    told = [(match.what, match.text) for match in index.because(query, matched)]
    assert told == [("measurement", "rail-3v3"), ("model", "SP-100"), ("words", "无法开机"), ("words", "led")]


VERSION = st.lists(st.integers(0, 999_999), min_size=1, max_size=4)


@given(VERSION, VERSION)
def test_keys_sort_like_versions(one: list[int], other: list[int]) -> None:
    def padded(parts: list[int]) -> list[int]:
        return parts + [0] * (4 - len(parts))

    def key(parts: list[int]) -> str:
        return versions.first_key(".".join(map(str, parts)))

    assert (key(one) < key(other)) == (padded(one) < padded(other))
    assert versions.first_key(None) <= key(one) <= versions.last_key(".".join(map(str, one))) <= versions.last_key(None)


def test_the_last_version_includes_what_begins_with_it() -> None:
    """K2."""
    assert versions.first_key("1.4.2") <= versions.last_key("v1.4") < versions.first_key("1.5")

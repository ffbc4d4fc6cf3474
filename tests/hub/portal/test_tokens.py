"""T10: the signed token of a customer's link, and what the page shows of personal data."""

import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import masking
from hub.core.settings import Settings, SettingsError
from hub.portal import tokens
from hub.portal.keys import signing_key
from hub.portal.words import sections

KEY = b"0" * 64
moments = st.integers(1_600_000_000, 4_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))


@given(st.integers(0, 2**40 - 1), moments)
def test_a_token_says_what_was_signed(link: int, expires_at: datetime) -> None:
    token = tokens.sign(KEY, link, expires_at)
    assert len(token) == tokens.TOKEN_CHARACTERS
    said = tokens.read(KEY, token)
    assert said is not None and said.link == link
    assert timedelta() <= expires_at - said.expires_at < timedelta(minutes=1), "never longer than granted"


@given(st.integers(0, 34), st.sampled_from(string.ascii_letters + string.digits + "-_=+/ é"))
def test_a_changed_token_is_none(place: int, character: str) -> None:
    token = tokens.sign(KEY, 12, datetime(2026, 12, 1, tzinfo=UTC))
    changed = token[:place] + character + token[place + 1 :]
    assert (tokens.read(KEY, changed) is None) == (changed != token)


@given(st.text(max_size=60))
def test_no_other_text_is_one(text: str) -> None:
    assert tokens.read(KEY, text) is None


def test_another_key_signs_other_tokens() -> None:
    token = tokens.sign(KEY, 12, datetime(2026, 12, 1, tzinfo=UTC))
    assert tokens.read(b"1" * 64, token) is None


def test_a_mark_belongs_to_one_form() -> None:
    mark = tokens.form_mark(KEY, "plan", 1, 2, 3)
    assert tokens.same_mark(mark, tokens.form_mark(KEY, "plan", 1, 2, 3))
    for other in (("plan", 1, 2, 4), ("survey", 1, 2, 3), ("plan", 12, 3)):
        assert not tokens.same_mark(tokens.form_mark(KEY, *other), mark)
    assert not tokens.same_mark("", mark) and not tokens.same_mark("\udcff", mark)


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    key = signing_key(settings)
    file = tmp_path / "data" / "portal.key"
    assert (len(key), file.stat().st_mode & 0o777) == (64, 0o600)
    assert [one.name for one in file.parent.iterdir()] == ["portal.key"]
    assert signing_key(Settings(data_dir=tmp_path / "other", portal_key_file=file)) == key
    (tmp_path / "short.key").write_text("abc\n")
    with pytest.raises(SettingsError, match="too short"):
        signing_key(Settings(portal_key_file=tmp_path / "short.key"))


@pytest.mark.parametrize(
    ("masked", "shown"),
    [
        (masking.name("李雷"), "李*"),
        (masking.name("Li Lei"), "L*"),
        (masking.name(None), ""),
        (masking.phone("+86 138 0000 1234"), "138****1234"),
        (masking.phone("021-64001234"), "021****1234"),
        (masking.phone("95105"), "****05"),
        (masking.phone(None), ""),
        (masking.email("lilei@example.com"), "l***@example.com"),
        (masking.email(None), ""),
        (masking.serial("SN-20260001"), "SN…0001"),
        (masking.serial("SN-1"), "…-1"),
    ],
)
def test_personal_data_is_masked(masked: str, shown: str) -> None:
    assert masked == shown


@given(st.text(max_size=40))
def test_a_mask_never_shows_all(text: str) -> None:
    digits = [char for char in text if char.isdigit()]
    assert sum(char.isdigit() for char in masking.phone(text)) <= max(len(digits) - 1, 7 if len(digits) > 7 else 2)
    assert len(masking.name(text)) <= 2


def test_every_word_is_there_in_both_languages() -> None:
    for section in sections().values():
        for words in section.values():
            assert words.keys() == {"en", "zh-CN"} and all(words.values())

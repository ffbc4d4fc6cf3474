"""Why the hub refuses a record, in English and Chinese, within the one text that a receipt has for it.

The first line is English; a line that begins with a language tag and a colon is the same in that language::

    not-possible: The ticket is closed.
    zh-CN: 工单已关闭。

A receipt is decoded strictly, so a field of its own would make benches of before unable to read any refusal. They show
both lines, and a reason of one line (of a hub of before, or in a spool) is that line in every language.
"""

from collections.abc import Mapping

LANGUAGES = ("zh-CN",)
"""Languages beside English."""


def reason_of(words: Mapping[str, str], at_most: int) -> str:
    """Return ``words`` (by language tag, ``en`` among them) as a reason of at most so many characters.

    What is too long is cut, each language by the same share, so that no language is lost to another.
    """
    others = [(tag, words[tag]) for tag in LANGUAGES if words.get(tag) and words[tag] != words["en"]]
    share = at_most // (1 + len(others))
    lines = [_one_line(words["en"])[:share]]
    lines += [f"{tag}: {_one_line(text)}"[: share - 1] for tag, text in others]
    return "\n".join(lines)


def reason_in(language: str, reason: str) -> str:
    """Return ``reason`` in a language; in English where it does not speak that one."""
    english, *others = reason.split("\n")
    for line in others:
        tag, separator, text = line.partition(": ")
        if separator and tag == language:
            return text
    untagged = [line for line in others if line.partition(": ")[0] not in LANGUAGES]
    return " ".join([english, *untagged])


def reason_words(reason: str) -> dict[str, str]:
    """Return a reason by language tag."""
    return {tag: reason_in(tag, reason) for tag in ("en", *LANGUAGES)}


def _one_line(text: str) -> str:
    return " ".join(text.split())

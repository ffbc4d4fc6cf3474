"""What a terminal answers to questions, kept out of what a person types: it may come long after it was waited for.

A line with a second of delay, or a terminal that is busy, answers when the screen is there already. Textual knows keys,
the mouse and its own questions; it would take any other answer for keys and type it into the focused field.
"""

import re
import time
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.message import Message

HOLD_S = 0.5
"""An answer that has begun is waited for so long."""
_LONGEST = 512
_ANSWER = re.compile(r"\x1b(?:\[[?>=][\d;:]*c|\[6;\d+;\d+t|[P_][^\x1b\x07]*(?:\x1b\\|\x07))")
"""Device attributes (DA1 to DA3), the size of a cell, and strings: kitty's graphics, names and versions."""
_BEGUN = re.compile(r"\x1b(?:\[(?:[?>=][\d;:]*|6(?:;[\d;]*)?)|[P_][^\x1b\x07]*\x1b?)\Z")
_NO_KEY = "\x1b[G"
"""A sequence that Textual takes no notice of: what an answer becomes whose beginning was passed on."""


class AnswerFilter:
    """Takes answers out of a stream of characters that comes in any pieces."""

    def __init__(self) -> None:
        self.held = ""
        """The beginning of what may be an answer."""
        self._passed = ""
        """How much of an escape sequence was passed on as the last of what was: it may have been the Escape key."""

    def take(self, piece: str) -> str:
        """Return what is typed of the next ``piece``, with what was held before."""
        text, before = self._passed + self.held + piece, len(self._passed)
        typed, at = "", 0
        for answer in _ANSWER.finditer(text):
            typed += text[at : answer.start()] + (_NO_KEY if answer.start() < before else "")
            at = answer.end()
        begun = _BEGUN.search(text, at)
        if begun is not None and begun.end() - begun.start() <= _LONGEST:
            self.held = text[max(begun.start(), before) :]
            typed += text[at : max(begun.start(), before)]
        else:
            self.held = ""
            typed += text[at:]
        return self._pass(typed, before)

    def release(self) -> str:
        """Return what was held: it is no answer after all."""
        held, self.held = self.held, ""
        return self._pass(self._passed + held, len(self._passed))

    def _pass(self, typed: str, before: int) -> str:
        self._passed = next((one for one in ("\x1b[", "\x1b") if typed.endswith(one)), "")
        return typed[before:]


class TypedParser(XTermParser):
    """Textual's parser of what comes from the terminal, without answers to questions that it did not ask."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._filter = AnswerFilter()
        self._held_since = 0.0

    def feed(self, data: str) -> Iterable[Message]:
        """Take what came; nothing is the end."""
        typed = self._filter.take(data) if data else ""
        self._held_since = time.monotonic()
        if typed or not data:
            yield from super().feed(typed)

    def tick(self) -> Iterable[Message]:
        """Give up waiting for the rest of an answer; until then an Escape key before it is not given up either."""
        if self._filter.held:
            if time.monotonic() - self._held_since < HOLD_S:
                return
            yield from super().feed(self._filter.release())
        yield from super().tick()


def keep_out_answers() -> None:
    """Let the application's driver, which is made afterwards, read through the filter."""
    from textual.drivers import linux_driver

    linux_driver.XTermParser = TypedParser  # type: ignore[attr-defined]

"""What dialogs share that have no field to type into: a scanner's Enter never answers them."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual import events
from textual.screen import ModalScreen, Screen

from tui.i18n import _
from tui.widgets.notice import Notice

if TYPE_CHECKING:
    from tui.app import BenchApp

R = TypeVar("R")
_SETTLED_WITHIN_S = 0.5


async def settled(screen: Screen[Any]) -> None:
    """Wait until all that was typed so far is where it goes: in the focused field, or gathered by the dialog.

    A dialog's keys act when they arrive, while characters queue at the widget and bubble up from there. In a burst,
    as from a scanner, a key would otherwise overtake the characters before it. Bounded, so no key is ever lost.
    """
    if screen.focused is None:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(_SETTLED_WITHIN_S):
            for node in screen.focused.ancestors_with_self:
                if node is screen.app:
                    break
                done = asyncio.Event()
                if node.call_later(done.set):
                    await done.wait()


class Dialog(ModalScreen[R]):
    """Gathers what is typed. ``refusal`` is the answer that changes nothing, which a scan gives."""

    refusal: R
    typed = ""

    def on_key(self, event: events.Key) -> None:
        """Keep a printable character."""
        if event.is_printable and event.character is not None:
            self.typed += event.character
            event.stop()

    def scanned(self) -> bool:
        """Return whether Enter came after something typed; leave and open it if it is a ticket, else say so."""
        code, self.typed = self.typed.strip(), ""
        if not code:
            return False
        app = cast("BenchApp", self.app)
        if app.bench.scanned(code):
            self.dismiss(self.refusal)
            app.call_later(app.scan, code)
        else:
            words = _("“{text}” is no answer: choose with the keys below.")
            self.query_one(Notice).say(words.format(text=code))
        return True

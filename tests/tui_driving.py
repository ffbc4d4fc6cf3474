"""Working the application as a person would: keys in, text on the screen out."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import textual.app
import textual.pilot
from textual.events import Key
from textual.pilot import Pilot

from tui.app import BenchApp

TIMEOUT_S = 20.0
LOOK_AGAIN_S = 0.01
SETTLED_S = 0.01


async def until_the_loop_is_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until the thread of the screen has nothing to do.

    Textual's own waits for the whole process, in which agent and instruments are at work here: up to a second a key.
    """
    deadline = time.monotonic() + max_sleep
    while True:
        before = time.thread_time()
        await asyncio.sleep(SETTLED_S)
        if time.thread_time() - before < SETTLED_S / 20 or time.monotonic() > deadline:
            return


textual.app.wait_for_idle = textual.pilot.wait_for_idle = until_the_loop_is_idle  # type: ignore[attr-defined]


class Hands:
    """Presses keys and looks at the screen."""

    def __init__(self, app: BenchApp, pilot: "Pilot[None]") -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """What a scanner does: characters, then Enter."""
        await self.fill(text)
        await self.press("enter")

    async def fill(self, text: str) -> None:
        """Give the characters as a scanner does, one right after the other; they are in the field when this returns."""
        driver = self.app._driver
        assert driver is not None
        for char in text:
            driver.send_message(Key(_KEYS.get(char, char), char))
        await self.pilot.pause()

    async def sees(self, *words: str) -> None:
        """Wait until all these words are on the screen, be they broken over two lines."""

        def there() -> bool:
            text, joined = self.text, " ".join(self.text.split())
            return all(word in text or word in joined for word in words)

        await self.until(there, f"{words} on the screen")

    async def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {TIMEOUT_S:g} s: {what}\n{self.text}")
            await asyncio.sleep(LOOK_AGAIN_S)
        await self.pilot.pause()  # what is drawn is not always ready for keys


_KEYS = {"-": "minus", " ": "space", ",": "comma", ".": "full_stop", "/": "slash", ":": "colon"}


def work_at(
    socket: Path,
    what: Callable[[Hands], Awaitable[None]],
    *,
    language: str = "en",
    size: tuple[int, int] = (80, 24),
    **options: object,
) -> None:
    """Run the application on ``socket`` and do ``what`` with it."""

    async def go() -> None:
        app = BenchApp(socket, language=language, operator="li", **options)
        async with app.run_test(size=size) as pilot:
            await what(Hands(app, pilot))

    asyncio.run(go())

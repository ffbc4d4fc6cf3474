"""Working the application as a person would: keys in, text on the screen out."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from tui.app import BenchApp

TIMEOUT_S = 20.0


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
        await self.pilot.press(*(_KEYS.get(char, char) for char in text), "enter")

    async def fill(self, text: str) -> None:
        await self.pilot.press(*(_KEYS.get(char, char) for char in text))

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
            await asyncio.sleep(0.02)
            await self.pilot.pause()


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

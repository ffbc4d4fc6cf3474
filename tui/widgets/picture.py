"""The picture of a question, below its words."""

import asyncio
import io

from textual import work
from textual.containers import Vertical
from textual.widgets import Static

from tui import pictures
from tui.formatting import one_line
from tui.i18n import _
from tui.widgets.plot import Plot

LINES = 14


class QuestionPicture(Vertical):
    """Nothing, as long as there is no picture."""

    DEFAULT_CSS = f"QuestionPicture {{ height: {LINES}; display: none; margin-top: 1; }}"

    def __init__(self) -> None:
        super().__init__(id="picture")
        self._shown: tuple[str, bytes] = ("", b"")

    def show(self, name: str, content: bytes) -> None:
        """Show the picture called ``name``; an empty name shows none."""
        if (name, content) != self._shown:
            self._shown = (name, content)
            self._draw()

    @work(exclusive=True, group="picture")
    async def _draw(self) -> None:
        name, content = self._shown
        await self.remove_children()
        self.display = bool(name)
        if not name:
            return
        if not pictures.can_be_drawn(content):
            await self.mount(Static(_("Picture: {name}").format(name=one_line(name)), markup=False))
            return
        if (graphics := pictures.graphics()) is not None:
            from PIL import Image
            from textual_image.widget import SixelImage, TGPImage

            drawn = (TGPImage if graphics == "kitty" else SixelImage)(Image.open(io.BytesIO(content)))
            drawn.styles.height, drawn.styles.width = LINES, "auto"
            await self.mount(drawn)
            return
        plot = Plot({})
        await self.mount(plot)
        width = max(self.size.width, 20)
        try:
            lines = await asyncio.to_thread(pictures.half_blocks, content, width, LINES)
        except OSError as error:
            await plot.remove()
            await self.mount(Static(str(error), markup=False))
            return
        plot.show(lines)

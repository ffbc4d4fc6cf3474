"""Tables and coloured text on the terminal."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType  # noqa: TID251 - this is what stands for it
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from protocols.plain_text import lines


def styled(*parts: str | tuple[str, str] | Text, style: str = "") -> Text:
    """Return a text whose parts may have styles, hidden characters being shown; ``Text`` drops some of them."""
    return Text.assemble(*map(_part, parts), style=style)


def _part(part: str | tuple[str, str] | Text) -> str | tuple[str, str] | Text:
    if isinstance(part, Text):
        return part
    return lines(part) if isinstance(part, str) else (lines(part[0]), part[1])


def folded_table(*headings: str, title: str | None = None) -> Table:
    """Return a table whose cells are folded where they are too long, and never cut.

    With ``…`` for what is too long, Rich cuts a letter off a line of Chinese that ends with a blank, too.
    """
    return Table(*(Column(heading, overflow="fold") for heading in headings), title=title)


class Terminal(Console):
    """Prints text as it is: nothing in it is markup, an emoji's name or a command to the terminal.

    Plans, answers, tickets, names, file names and instruments' answers come from outside. What is to have a colour of
    ours is a ``Text`` with a style, or has the ``style`` of its line or column.
    """

    def __init__(self, *, stderr: bool = False, record: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, record=record, width=width, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text of a table or line, hidden characters being shown."""
        return super().render_str(lines(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Draw something; a ``Text`` was not through ``render_str``."""
        if isinstance(renderable, Text) and (shown := lines(renderable.plain)) != renderable.plain:
            renderable = renderable.copy()
            renderable.plain = shown  # a character for a character: the styles stay where they are
        return super().render(renderable, options)

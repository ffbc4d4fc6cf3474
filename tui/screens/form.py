"""A dialog with fields to fill in. Enter goes on to the next field, so a scanner fills one and cannot confirm."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, TypeVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingsMap, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input

from tui.i18n import N_, _
from tui.screens.base import localise
from tui.widgets.notice import Notice
from tui.widgets.rows import Column, Row
from tui.widgets.said import Said

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field:
    """One line to fill in; ``label`` and ``hint`` are message ids, ``suggestions`` complete what is typed (→)."""

    name: str
    label: str
    hint: str = ""
    required: bool = False
    value: str = ""
    suggestions: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    """What F2 lists: what goes into the field, and its words in the language of the moment."""


class Line(Input, inherit_bindings=False):
    """One line of a form. Its editing keys act when they arrive, so a character typed after one finds it done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        replace(key, priority=True)
        for keys in BindingsMap(Input.BINDINGS).key_to_bindings.values()
        for key in keys
        if key.action != "submit"
    ]


class FormDialog(ModalScreen[dict[str, str] | None]):
    """Returns what was filled in, or ``None`` when it was left with Escape.

    Its keys act when they arrive, not when they have come up from a field: what a scanner types after an Enter goes
    into the next field.
    """

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("ctrl+s", "save", show=False, priority=True),
        Binding("f2", "list", show=False, priority=True),
        Binding("ctrl+l", "app.language", show=False),
        Binding("enter", "next", show=False, priority=True),
        Binding("up,shift+tab", "app.focus_previous", show=False, priority=True),
        Binding("down,tab", "app.focus_next", show=False, priority=True),
    ]

    def __init__(self, title: str, fields: Sequence[Field], save: str, *, about: str = "", error: str = "") -> None:
        """``title`` and ``save`` are message ids; ``about`` is shown as it is; ``error`` is why it is shown again."""
        super().__init__()
        self._title = title
        self._about = about
        self._fields = tuple(fields)
        self._save = save
        self._error = error
        self._warned = False

    def compose(self) -> ComposeResult:
        """Lay out a label above each field."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Said(lambda: f"{_(self._title)}  {self._about}", classes="dialog-title")
            for field in self._fields:
                yield Said(partial(self._label, field), classes="label")
                yield Line(
                    field.value,
                    id=f"field-{field.name}",
                    max_length=1000,
                    suggester=SuggestFromList(field.suggestions, case_sensitive=False) if field.suggestions else None,
                )
            yield Notice()
            with Horizontal(classes="buttons"):
                yield Button(_(self._save), id="save", variant="primary")
                yield Button(_("Leave"), id="leave")
            yield Said(self._keys, classes="hint")

    def _keys(self) -> str:
        listed = "F2 " + _("list") + "   " if any(field.choices for field in self._fields) else ""
        return listed + _("⏎ next field   Ctrl+S save   Esc leave")

    def _label(self, field: Field) -> Content:
        """Return the field's name and, of what is in it, the words that F2 lists beside it."""
        entries = self.query(f"#field-{field.name}").results(Input)
        code = next((entry.value for entry in entries), field.value).strip()
        words = dict(field.choices).get(code, "")
        return Content.assemble(_(field.label) + (" *" if field.required else ""), ("  " + words, "$text-muted"))

    @on(Input.Changed)
    def _name_choice(self) -> None:
        for label in self.query(".label").results(Said):
            label.localise()

    @work(group="list", exclusive=True)
    async def action_list(self) -> None:
        """Choose for the field with the cursor, or for the first one that has a list."""
        from tui.screens.choose import ChooseDialog

        focused = None if self.focused is None else self.focused.id
        listed = [field for field in self._fields if field.choices]
        field = next((one for one in listed if f"field-{one.name}" == focused), listed[0] if listed else None)
        if field is None:
            return
        entry = self.query_one(f"#field-{field.name}", Input)
        rows = [Row(code, (words, code) if words else (code, "")) for code, words in field.choices]
        dialog = ChooseDialog(field.label, rows, (Column(N_("Name")), Column("", 22)), at=entry.value)
        if (chosen := await self.app.push_screen_wait(dialog)) is not None:
            entry.value = chosen
            entry.focus()

    def on_mount(self) -> None:
        """Say why it is shown again."""
        # Textual would scroll to the field before it knows the form's height: past the title and the field's name.
        self.query(Input).first().focus(scroll_visible=False)
        self.localise()
        if self._error:
            self.query_one(Notice).say(self._error)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Let no notice cover the field with the cursor: Textual takes one below a docked line for visible."""
        event.widget.scroll_visible(animate=False)

    def localise(self) -> None:
        """Draw in the language of the moment; what was typed stays."""
        localise(widget for widget in self.query("*") if widget is not self)
        for field in self._fields:
            hint = _(field.hint) if field.hint else ""
            if field.suggestions and not hint:
                hint = " / ".join(field.suggestions[:3])
            self.query_one(f"#field-{field.name}", Input).placeholder = hint
        self.query_one("#save", Button).label = _(self._save)
        self.query_one("#leave", Button).label = _("Leave")

    def action_next(self) -> None:
        """Go on to the next field; on a button, press it."""
        if isinstance(self.focused, Button):
            self.focused.press()
        else:
            self.focus_next()

    def _values(self) -> dict[str, str]:
        return {field.name: self.query_one(f"#field-{field.name}", Input).value.strip() for field in self._fields}

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Give back what was filled in, if nothing is missing."""
        values = self._values()
        for field in self._fields:
            if field.required and not values[field.name]:
                self.query_one(Notice).say(_("Fill in: {field}.").format(field=_(field.label)))
                self.set_focus(self.query_one(f"#field-{field.name}", Input))
                return
        self.dismiss(values)

    @on(Button.Pressed, "#leave")
    def leave(self) -> None:
        """Give back nothing."""
        self.dismiss(None)

    def action_leave(self) -> None:
        """Give back nothing; if something was typed, only when asked twice."""
        values = self._values()
        if not self._warned and any(values[field.name] != field.value.strip() for field in self._fields):
            self._warned = True
            self.query_one(Notice).say(_("Esc again leaves, and what was typed is lost; Ctrl+S saves it."), "info")
            return
        self.leave()


async def fill_in(
    app: "App[Any]",
    title: str,
    fields: Sequence[Field],
    save: str,
    check: Callable[[Mapping[str, str]], T | str],
    *,
    about: str = "",
    error: str = "",
) -> T | None:
    """Ask until ``check`` makes something of what was filled in; a text from it says what is wrong with it.

    What was typed stays in the fields; ``error`` says why the form is there once more. Returns ``None`` when it was
    left.
    """
    while True:
        values = await app.push_screen_wait(FormDialog(title, fields, save, about=about, error=error))
        if values is None:
            return None
        made = check(values)
        if not isinstance(made, str):
            return made
        fields, error = refilled(fields, values), made


def one_of(text: str, names: Mapping[str, str]) -> str | None:
    """Return the name that was typed: as it is, or by its title in English or in the language of the moment."""
    word = text.strip().casefold()
    return next((name for name, title in names.items() if word in {name, title.casefold(), _(title).casefold()}), None)


def choices_of(names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what a field lists: what goes into it, and nothing beside, since that is the title itself."""
    return tuple((_(title), "") for title in names.values())


def refilled(fields: Sequence[Field], values: Mapping[str, str]) -> tuple[Field, ...]:
    """Return the fields with what had been typed, for a second attempt."""
    return tuple(replace(one, value=values.get(one.name, one.value)) for one in fields)

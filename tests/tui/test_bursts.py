"""Keys that come faster than the screen draws, as a scanner sends them, are taken in their order."""

import asyncio

import pytest
from textual.events import Key
from tui_driving import Hands

from tui.app import BenchApp
from tui.screens.confirm import ConfirmDialog
from tui.screens.form import Field, FormDialog

FIELDS = (Field("cause", "Root cause", required=True, value="none"), Field("place", "Place"), Field("note", "Note"))


def burst_into(dialog, *keys, socket):
    """Show the dialog, send all the keys at once, and return its answer (``...`` while it gives none) and itself."""

    async def go():
        app = BenchApp(socket)
        async with app.run_test(size=(80, 24)) as pilot:
            answers = []
            app.push_screen(dialog, answers.append)
            await Hands(app, pilot).sees(*("No",) if isinstance(dialog, ConfirmDialog) else ("Root cause",))
            for word in keys:
                for key in [word] if word in NAMED else word:
                    app._driver.send_message(Key("underscore" if key == "_" else key, key if len(key) == 1 else None))
            await pilot.pause()
            return answers[0] if answers else ...

    return asyncio.run(go())


NAMED = {"escape", "enter", "ctrl+u", "ctrl+s", "right", "tab", "up", "backspace"}


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        (("ctrl+u", "leaky_ldo", "enter", "U2", "enter", "words", "ctrl+s"), ("leaky_ldo", "U2", "words")),
        (("new", "ctrl+u", "x", "backspace", "y", "tab", "U2", "up", "z", "ctrl+s"), ("z", "U2", "")),
        (("ctrl+u", "nonsense", "enter", "enter", "enter", "enter"), ("nonsense", "", "")),
    ],
)
def test_a_burst_fills_one_field_after_the_other(keys, wanted, tmp_path):
    answer = burst_into(FormDialog("Repaired", FIELDS, "Save"), *keys, socket=tmp_path / "none.sock")
    assert tuple(answer.values()) == wanted


def test_a_scan_in_a_burst_does_not_answer_a_question(tmp_path):
    dialog = ConfirmDialog("Sure?", "It is gone then.", "Yes")
    assert burst_into(dialog, "right", "X9", "enter", socket=tmp_path / "none.sock") is ...


def test_escape_leaves_a_form_with_typed_words_only_when_asked_twice(tmp_path):
    for keys, wanted in ((("escape",), None), (("x", "escape"), ...), (("x", "escape", "escape"), None)):
        assert burst_into(FormDialog("Repaired", FIELDS, "Save"), *keys, socket=tmp_path / "none.sock") is wanted

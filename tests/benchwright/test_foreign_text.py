"""What comes from outside is text on the terminal: no markup of ours, and nothing that a terminal obeys."""

import ast
import json
import sqlite3
from pathlib import Path

import pytest
from command_line import called
from rich.table import Table
from rich.text import Text

import benchwright
from benchwright.commands.discover import print_findings
from benchwright.printing import print_document, print_json, say
from benchwright.terminal import Terminal
from drivers.discovery.findings import Finding
from drivers.simulated.endpoints import Session, UnixEndpoint
from protocols.plain_text import HIDDEN

HOSTILE = "[/] [bold] :smile: \x1b[31m \x1b]0;x\x07 \x9b31m \u202egnp"
SHOWN = f"[/] [bold] :smile: {HIDDEN}[31m {HIDDEN}]0;x{HIDDEN} {HIDDEN}31m {HIDDEN}gnp"
QUOTED = json.dumps(HOSTILE)
"""As JSON and YAML write it."""
PLAN = f"""
plan: p
version: 1
model: M
title: {{en: {QUOTED}, zh-CN: 方案}}
main:
  - id: a
    title: {{en: {QUOTED}, zh-CN: 甲}}
    action: prompt
    with: {{kind: text, text: {{en: "Which code?", zh-CN: 代码？}}}}
    measure:
      - {{name: code, field: answer, expected: "[abc]"}}
"""


def assert_shown(printed: str, *texts: str) -> None:
    """Assert that texts stand in what was printed, however it was folded, and that no terminal obeys anything."""
    flat = "".join(printed.replace("│", "").split())
    for text in texts:
        assert "".join(text.split()) in flat, printed
    assert not set(printed) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_a_table_stays_in_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("a", title=HOSTILE)
    for cell in (HOSTILE, Text(HOSTILE, "red"), "plain"):
        table.add_row(cell)
    Terminal(width=78).print(table)
    printed = capsys.readouterr().out
    assert_shown(printed, SHOWN)
    assert len({len(line) for line in printed.splitlines()[1:]}) == 1


def test_sentences_stay_on_their_line_and_json_keeps_the_letter(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{HOSTILE}\nbenchwright: done")
    assert_shown(said := capsys.readouterr().out, SHOWN)
    assert said.count("\n") == 1
    print_json({"name": HOSTILE + "\x7f\udcff 王芳"})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"name": HOSTILE + "\x7f\udcff 王芳"}
    assert "王芳" in printed
    assert_shown(printed)


@pytest.mark.parametrize("on_a_terminal", [False, True])
def test_a_document_is_true_in_a_file_and_harmless_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, on_a_terminal: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: on_a_terminal)
    print_document(f"a,b\r\n{HOSTILE}\r\n")
    assert capsys.readouterr().out == (f"a,b\n{SHOWN}\n" if on_a_terminal else f"a,b\r\n{HOSTILE}\r\n")


def test_a_plan_is_shown_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "p.plan.yaml"
    file.write_text(PLAN, encoding="utf-8")
    done = called("plan", "show", file)
    assert done.returncode == 0, done.stderr
    assert_shown(done.stdout, SHOWN, "[abc]")
    assert json.loads(called("plan", "show", file, "--json").stdout)["title"]["en"] == HOSTILE
    file.write_text(PLAN.replace("action: prompt", f"action: {QUOTED}"), encoding="utf-8")
    assert_shown(called("plan", "check", file).stderr, "step a: action: the text '[/] [bold]")


def test_accounts_are_listed_as_they_are_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHWRIGHT_HUB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    made = called("hub", "user", "create", "--login", "ev", "--name", "Ev", "--role", "technician")
    assert made.returncode == 0, made.stderr
    (file,) = tmp_path.glob("*.db")
    with sqlite3.connect(file) as database:  # as an older version took it
        database.execute("UPDATE user_account SET name = ?", (HOSTILE,))
    database.close()
    assert_shown(called("hub", "user", "list").stdout, SHOWN)
    (user,) = json.loads(called("hub", "user", "list", "--json").stdout)
    assert user["name"] == HOSTILE


def test_names_of_files_and_channels_are_shown(tmp_path: Path) -> None:
    name = HOSTILE.replace("/", "")
    (tmp_path / name).write_text(f"time (s),{HOSTILE} (V)\n" + "".join(f"{n},{n % 2}\n" for n in range(40)))
    (tmp_path / f"bad {name}").write_text("")
    done = called("analyze", tmp_path / name, tmp_path / f"bad {name}")
    assert done.returncode == 2
    assert_shown(done.stdout, SHOWN.replace("/", ""))
    assert_shown(done.stderr, f"bad {SHOWN.replace('/', '')}: is empty")


class _Liar(Session):
    """A bench whose answers are not to be trusted."""

    def receive(self, data: bytes) -> bytes:
        state = {"device": {"faults": [HOSTILE]}, "probes": {"meter": HOSTILE}}
        answer = {"ok": True, "state": state} if b"inject" in data else {"ok": False, "error": HOSTILE}
        return json.dumps(answer).encode() + b"\n"


def test_the_answers_of_a_simulated_bench_are_shown(tmp_path: Path) -> None:
    endpoint = UnixEndpoint("control", _Liar, tmp_path / "control")
    endpoint.start()
    try:
        assert_shown(called("simulate", "control", tmp_path / "control", "inject", "x").stdout, SHOWN)
        assert_shown(called("simulate", "control", tmp_path / "control", "repair", "x").stderr, SHOWN)
    finally:
        endpoint.stop()


def test_what_instruments_say_of_themselves_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    print_findings((Finding("serial:/dev/ttyUSB0", "serial", HOSTILE, HOSTILE),))
    assert_shown(capsys.readouterr().err, SHOWN)


def _writes(tree: ast.AST) -> list[str]:
    """Return the calls that write to the terminal without a look at the text."""
    banned = (
        "Console",
        "print",
        "typer.echo",
        "typer.secho",
        "sys.stdout.write",
        "sys.stderr.write",
        "Text.from_markup",
    )
    return [name for one in ast.walk(tree) if isinstance(one, ast.Call) and (name := ast.unparse(one.func)) in banned]


def test_all_that_is_printed_goes_through_one_place() -> None:
    folder = Path(benchwright.__file__).parent
    for file in folder.rglob("*.py"):
        if file.name not in {"printing.py", "terminal.py"}:
            assert _writes(ast.parse(file.read_text(encoding="utf-8"))) == [], file

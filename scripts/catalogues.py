"""Write the message catalogues of terminal application and command line: ``python -m scripts.catalogues``.

There are two: the words of both (calls of ``_``, ``N_`` and ``ngettext`` in ``tui`` and ``benchwright``, the help of
all commands), and the sentences that say why something is not done (``tui.heard``). New messages are added to a
``.po`` without a translation, those no longer used are dropped, and the ``.mo`` that the program reads is made from it.
Babel is needed for this alone; the program does with the standard library.
"""

import ast
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from benchwright import cli
from benchwright.language import TYPER_SENTENCES, TYPER_WORDS
from tui.heard import PARTS, PLACES

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tui" / "locale" / "zh_CN" / "LC_MESSAGES"
SCREEN, AGENT = FOLDER / "benchwright.po", FOLDER / "agent.po"
KEYWORDS = {"_": 1, "N_": 1, "ngettext": 2}
"""Functions that take messages, and how many of their first arguments are."""
TELLING = (
    "edge_agent/local_api/client.py",
    "edge_agent/rack",
    "edge_agent/by_hand",
    "edge_agent/analysis",
    *(
        f"edge_agent/plans/{name}"
        for name in (
            "actions",
            "asking.py",
            "attempt.py",
            "check.py",
            "conditions.py",
            "ending.py",
            "load.py",
            "measure.py",
            "prompts.py",
            "runner.py",
            "soak_check.py",
            "source.py",
        )
    ),
    *(
        f"edge_agent/{name}.py"
        for name in (
            "bench_config",
            "bench_file",
            "calibration",
            "desk",
            "discovery",
            "firmware_profile",
            "manual_control",
            "plan_shelf",
            "run_history",
            "run_journal",
            "runs",
            "spool",
            "spool_file",
            "worklist",
        )
    ),
    *(f"drivers/{name}.py" for name in ("accuracy", "addresses", "guard", "profile", "profile_base", "registry")),
    "drivers/discovery/search.py",
    "drivers/programmers",
    "drivers/scpi/link.py",
    *(f"drivers/scpi/{name}.py" for name in ("generator", "load", "multimeter", "oscilloscope", "supply")),
    *(f"drivers/{name}.py" for name in ("korad_supply", "modbus_relay", "modbus_supply", "mlx90640", "serial_meter")),
    "drivers/serial_generator.py",
    *(f"drivers/{name}_model.py" for name in ("korad_supply", "modbus_supply", "serial_generator", "serial_meter")),
    *(f"drivers/scpi/{name}.py" for name in ("generator_model", "load_model", "model", "multimeter_model")),
    *(
        f"drivers/simulated/{name}"
        for name in ("control.py", "device.py", "personality/bench.py", "products", "tolerances.py")
    ),
    "drivers/transports",
    "benchwright",
    "hub/backup",
    "hub/broker.py",
    "hub/core/migrate.py",
    "hub/core/settings.py",
    "hub/events/auditing.py",
    "protocols/captures",
    "protocols/thermal",
    "protocols/mistakes.py",
)
"""Where the sentences are that a technician, or who uses the command line, is told."""
WORDING = (ROOT / "protocols" / "mistakes.py", ROOT / "edge_agent" / "plans" / "check.py")
"""Return sentences: of what msgspec finds, with the names of kinds in them, and of what is wrong with a plan."""
ERRORS = frozenset(
    {
        "AgentError",
        "AnalysisError",
        "BackupError",
        "BadResponse",
        "BenchConfigError",
        "BrokerError",
        "CallCancelled",
        "CallTimeout",
        "Cancelled",
        "CaptureError",
        "CaptureStoreError",
        "ConnectionLost",
        "DiscoveryError",
        "FirmwareError",
        "HistoryError",
        "InstrumentRefused",
        "InstrumentUnavailable",
        "LeaseRefused",
        "Misconfigured",
        "Mistake",
        "NoAnswer",
        "NoResponse",
        "NoTable",
        "OutOfRange",
        "PlanError",
        "Problem",
        "PromptUnanswered",
        "RackError",
        "RunError",
        "RunRefused",
        "RunSuspended",
        "SettingsError",
        "SourceError",
        "SpoolError",
        "UnknownRole",
        "UsageError",
        "ValueError",
        "WorklistError",
        "Wrong",
        "WrongCapability",
        "WrongIdentity",
        "_broken",
        "fail",
        "progress",
    }
)
"""What such a sentence is given to: an error, the reason why an analysis has no answer, or what a step tells."""
TOLD_AS = frozenset({"detail", "fault", "reasons", "remedy"})
"""Names of arguments and variables that hold such a sentence."""
_WRITTEN = datetime(2000, 1, 1, tzinfo=UTC)
"""The files say nothing of when they were made, so that the same source gives the same bytes."""


def extracted(file: Path) -> Catalog:
    """Return the messages of the source that belong into ``file``, without translations."""
    catalogue = Catalog(domain=file.stem)
    if file == SCREEN:
        for room in ("tui", "benchwright"):
            for path in sorted((ROOT / room).rglob("*.py")):
                for message in messages_of(path.read_text(encoding="utf-8")):
                    catalogue.add(message)
        for message in (*TYPER_WORDS, *help_texts()):
            catalogue.add(message)
        return catalogue
    for sentence in (*TYPER_SENTENCES, *PLACES, *PARTS):
        catalogue.add(sentence)
    for name in TELLING:
        place = ROOT / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            for sentence in sentences_of(path.read_text(encoding="utf-8"), returned=path in WORDING):
                catalogue.add(sentence)
    return catalogue


def help_texts() -> Iterator[str]:
    """Yield the help of every command, and of its parameters."""
    commands = [typer.main.get_command(cli.app), *map(cli.command_of, cli.COMMANDS)]
    while commands:
        command: Any = commands.pop()
        commands += getattr(command, "commands", {}).values()
        for place in (command, *command.params):
            yield from filter(None, (getattr(place, name, None) for name in ("help", "epilog")))


def messages_of(source: str) -> Iterator[str | tuple[str, str]]:
    """Yield the messages of a module; a plural is a pair. Those inside f-strings, which Babel does not see, too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            texts = [one.value for one in node.args[: KEYWORDS[node.func.id]] if isinstance(one, ast.Constant)]
            if len(texts) == 2:
                yield str(texts[0]), str(texts[1])
            elif texts and texts[0]:
                yield str(texts[0])


def sentences_of(source: str, *, returned: bool = False) -> Iterator[str]:
    """Yield the sentences that a module gives to errors, with ``{0}``, ``{1}`` … where values stand in them.

    Also those that it returns or keeps in a table, where they are ``returned``.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")
            given = node.args if name[2] in ERRORS or (name[2] == "append" and name[0] in {"notes", "found"}) else []
            given = [*given, *(one.value for one in node.keywords if one.arg in TOLD_AS)]
        elif returned and isinstance(node, ast.Return) and node.value is not None:
            given = [node.value]
        elif returned and isinstance(node, ast.Dict):
            given = node.values
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in TOLD_AS:
            given = list(node.value.values) if isinstance(node.value, ast.Dict) else [node.value]
        else:
            continue
        for one in (branch for argument in given for branch in _branches(argument)):
            sentence = _sentence(one)
            own = (sentence or "").strip("{}0123456789:; ")
            if sentence and own and (returned or " " in own):
                yield sentence


def _branches(node: ast.expr) -> tuple[ast.expr, ...]:
    """Return both sides of a conditional expression, the members of a list, anything else as it is."""
    if isinstance(node, ast.List):
        return tuple(node.elts)
    return (*_branches(node.body), *_branches(node.orelse)) if isinstance(node, ast.IfExp) else (node,)


def _sentence(node: ast.expr) -> str | None:
    """Return the text of a string or f-string with numbered places."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    text, number = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            text += f"{{{number}}}"
            number += 1
    return text


def updated(file: Path = SCREEN) -> Catalog:
    """Return the catalogue of a ``.po`` file, brought up to date with the source."""
    catalogue = Catalog(locale="zh_CN", domain=file.stem)
    if file.exists():
        with file.open("rb") as opened:
            catalogue = read_po(opened, locale="zh_CN", domain=file.stem)
    catalogue.update(extracted(file), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    what = "messages of terminal application and command line" if file == SCREEN else "sentences that say what is wrong"
    catalogue.header_comment = f"# Chinese (zh-CN) {what}."
    catalogue.fuzzy = False
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = ""
    catalogue.project, catalogue.version = "benchwright", "1"
    catalogue.creation_date = catalogue.revision_date = _WRITTEN
    return catalogue


def po_bytes(catalogue: Catalog) -> bytes:
    """Return a catalogue as a ``.po`` file."""
    out = io.BytesIO()
    write_po(out, catalogue, width=120, no_location=True, sort_output=True, include_lineno=False)
    return out.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """Return a catalogue as a ``.mo`` file."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def untranslated(catalogue: Catalog) -> list[object]:
    """Return the messages without a translation."""
    return [message.id for message in catalogue if message.id and not all_translated(message.string)]


def main() -> int:
    """Write all files; return whether messages are without a translation."""
    missing: list[object] = []
    for file in (SCREEN, AGENT):
        catalogue = updated(file)
        file.write_bytes(po_bytes(catalogue))
        file.with_suffix(".mo").write_bytes(mo_bytes(catalogue))
        missing += untranslated(catalogue)
    for message in missing:
        sys.stderr.write(f"without a translation: {message!r}\n")
    return min(len(missing), 1)


def all_translated(string: "str | list[str] | tuple[str, ...] | None") -> bool:
    """Whether a message has a translation, in all its plural forms."""
    return bool(string) if string is None or isinstance(string, str) else all(string)


if __name__ == "__main__":
    sys.exit(main())

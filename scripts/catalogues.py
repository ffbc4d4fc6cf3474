"""Write the message catalogues of the terminal application from its source: ``python -m scripts.catalogues``.

New messages are added to the ``.po`` without a translation, those no longer used are dropped, and the ``.mo`` that the
program reads is made from it. Babel is needed for this alone; the program does with the standard library.
"""

import ast
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tui"
PO_FILE = SOURCE / "locale" / "zh_CN" / "LC_MESSAGES" / "benchwright.po"
KEYWORDS = {"_": 1, "N_": 1, "ngettext": 2}
"""Functions that take messages, and how many of their first arguments are."""
_WRITTEN = datetime(2000, 1, 1, tzinfo=UTC)
"""The files say nothing of when they were made, so that the same source gives the same bytes."""


def extracted() -> Catalog:
    """Return the messages of the source, without translations."""
    catalogue = Catalog(domain="benchwright")
    for path in sorted(SOURCE.rglob("*.py")):
        for message in messages_of(path.read_text(encoding="utf-8")):
            catalogue.add(message)
    return catalogue


def messages_of(source: str) -> Iterator[str | tuple[str, str]]:
    """Yield the messages of a module; a plural is a pair. Those inside f-strings, which Babel does not see, too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            texts = [one.value for one in node.args[: KEYWORDS[node.func.id]] if isinstance(one, ast.Constant)]
            if len(texts) == 2:
                yield str(texts[0]), str(texts[1])
            elif texts and texts[0]:
                yield str(texts[0])


def updated() -> Catalog:
    """Return the catalogue of the ``.po`` file, brought up to date with the source."""
    with PO_FILE.open("rb") as file:
        catalogue = read_po(file, locale="zh_CN", domain="benchwright")
    catalogue.update(extracted(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.header_comment = "# Chinese (zh-CN) messages of the terminal application."
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


def main() -> int:
    """Write both files; return how many messages are without a translation (1 at most)."""
    catalogue = updated()
    PO_FILE.write_bytes(po_bytes(catalogue))
    PO_FILE.with_suffix(".mo").write_bytes(mo_bytes(catalogue))
    missing = [message.id for message in catalogue if message.id and not all_translated(message.string)]
    for message in missing:
        sys.stderr.write(f"without a translation: {message!r}\n")
    return min(len(missing), 1)


def all_translated(string: "str | list[str] | tuple[str, ...] | None") -> bool:
    """Whether a message has a translation, in all its plural forms."""
    return bool(string) if string is None or isinstance(string, str) else all(string)


if __name__ == "__main__":
    sys.exit(main())

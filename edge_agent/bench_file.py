"""``bench.toml`` as a file that a program changes without losing what a person wrote in it."""

import os
import re
import threading
from pathlib import Path

from edge_agent.bench_config import BenchConfigError, parse_bench_config

_HEADER = re.compile(r"^\s*\[")


class BenchFile:
    """Changes one table at a time; comments and all other tables stay as they are, byte for byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def put_instrument(self, role: str, table: str) -> None:
        """Write the table ``[instruments.<role>]`` (its whole text), in the place of an old one or at the end.

        It is on disk when this returns. Raises ``BenchConfigError`` or ``OSError``; the file is then unchanged.
        """
        with self._lock:
            try:
                text = self.path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise BenchConfigError(f"{self.path} cannot be read ({error}); mend it, then try again") from error
            changed = replace_table(text, role, table)
            parse_bench_config(changed.encode(), str(self.path))
            _write(self.path, changed)


def replace_table(text: str, role: str, table: str) -> str:
    """Return ``text`` with the table of ``role`` (and its sub-tables) replaced, or with ``table`` at the end."""
    own = re.compile(rf"^\s*\[\s*instruments\s*\.\s*[\"']?{re.escape(role)}[\"']?\s*[.\]]")
    kept: list[str] = []
    inside = False
    at: int | None = None
    for line in text.splitlines(keepends=True):
        if _HEADER.match(line):
            inside = bool(own.match(line))
            if inside and at is None:
                at = len(kept)
        if not inside or line.lstrip().startswith("#"):
            kept.append(line)
    if at is None:
        separator = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
        return text + separator + table
    rest = "".join(kept[at:])
    return "".join(kept[:at]) + table + ("\n" if rest and not rest.startswith("\n") else "") + rest


def _write(path: Path, text: str) -> None:
    unready = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with unready.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unready.chmod(path.stat().st_mode & 0o777)
        unready.replace(path)
    finally:
        unready.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

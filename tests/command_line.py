"""``benchwright`` called in this process: as the program does, without the half second in which one starts.

What is proven of the process itself (signals, kills, what it imports) needs a real one.
"""

import contextlib
import io
import os
import sys
from pathlib import Path
from subprocess import CompletedProcess

from benchwright import cli
from tui import i18n


def called(*words: object, folder: Path | None = None) -> "CompletedProcess[str]":
    """Return exit code, output and errors of ``benchwright`` with these words, with nobody at its standard input."""
    command = ["benchwright", *map(str, words)]
    out, err = io.StringIO(), io.StringIO()
    argv, sys.argv = sys.argv, command
    stdin, here = sys.stdin, Path.cwd()
    language, code = i18n.language(), None
    try:
        os.chdir(folder or here)
        with (
            Path(os.devnull).open(encoding="utf-8") as nobody,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            sys.stdin = nobody
            try:
                cli.main()
            except SystemExit as left:
                code = left.code
    finally:
        sys.argv, sys.stdin = argv, stdin
        i18n.use(language)
        os.chdir(here)
    assert isinstance(code, int), "main always ends with a code"
    return CompletedProcess(command, code, out.getvalue(), err.getvalue())

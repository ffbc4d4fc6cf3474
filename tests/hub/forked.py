"""Processes of the hub, to be killed: forked from one that has imported the hub, which takes seconds, once."""

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["forked", "benchwright.commands.hub", "hub.app", "hub.serve", "hub.jobs.table"])


def start_hub(*arguments: str, environment: Mapping[str, str], program: str = "") -> ForkServerProcess:
    """Run ``benchwright hub ARGUMENTS`` in a process of its own, after ``program``, with these variables beside ours.

    ``exitcode`` is the negative number of the signal that ended it; its words on standard error are lost.
    """
    process = _context.Process(
        target=_run, args=(program, ["benchwright", "hub", *arguments], {**os.environ, **environment}), daemon=True
    )
    process.start()
    return process


def _run(program: str, arguments: list[str], environment: dict[str, str]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno() if sys.stderr else 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    exec(program, {})
    from benchwright.cli import main

    main()

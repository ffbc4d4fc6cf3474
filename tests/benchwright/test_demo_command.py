"""``benchwright demo`` and its folder: nothing else is ever emptied, and no demonstration takes another's."""

import fcntl
import time
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from command_line import called

from benchwright.demo.processes import ProcessError, Processes


def demo(folder: Path) -> CompletedProcess[str]:
    return called("demo", "--folder", folder)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    done = demo(tmp_path / "precious")
    assert done.returncode == 2 and "holds other things" in done.stderr and done.stderr.count("\n") == 1
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"


def test_a_running_demonstration_keeps_its_folder(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / ".benchwright-demo").touch()
    (tmp_path / "demo" / "staff.key").write_text("bw_key")
    with (tmp_path / "demo.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = demo(tmp_path / "demo")
    assert done.returncode == 2 and "is running in" in done.stderr
    assert (tmp_path / "demo" / "staff.key").read_text() == "bw_key"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = demo(tmp_path / "file")
    assert done.returncode == 2 and "cannot be used" in done.stderr


def test_a_process_that_ends_by_itself_is_named_with_its_log(tmp_path: Path) -> None:
    def look_after(processes: Processes) -> None:
        while True:
            processes.check()
            time.sleep(0.05)

    said = r"short ended with 2 \(.*short\.log\):\nbenchwright: there is no test plan 'nothing'"
    with Processes(tmp_path) as processes, pytest.raises(ProcessError, match=said):
        processes.start("short", ["plan", "show", "nothing"])
        processes.check()
        look_after(processes)

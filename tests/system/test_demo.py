"""The demonstration itself, as ``make demo`` runs it."""

import subprocess
import sys

import pytest
from command_line import called


def demo(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchwright", "demo", "--folder", str(folder / "scene"), *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.timeout(240)
def test_a_device_is_repaired_and_the_story_is_told_in_chinese(tmp_path):
    result = demo(tmp_path, "--language", "zh-CN", "--fault", "leaky_ldo", "--pictures", str(tmp_path / "pictures"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "✗" not in result.stdout.rpartition("小结")[2]
    for words in ("首次检测不合格", "首位疑似原因即所设故障：leaky_ldo", "复测通过", "工单 T-000001 已移交"):
        assert words in result.stdout
    assert (tmp_path / "pictures" / "repair.svg").read_text().startswith("<svg")


def test_a_folder_that_cannot_be_written_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder")
    result = called("demo", "--folder", tmp_path / "file" / "below" / "scene")
    assert result.returncode == 2
    assert "name a folder that you may write" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_fault_is_refused_with_those_there_are(tmp_path):
    result = called("demo", "--folder", tmp_path / "scene", "--fault", "gremlins")
    assert result.returncode == 2
    assert "dried_capacitor" in result.stderr

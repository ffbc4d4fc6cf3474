"""``benchwright analyze`` as a person runs it, and every real capture against its truth."""

import json
import subprocess
import sys

import numpy as np
import pytest
from analysis.decode.lines import sampled, uart_line
from captures import captures_dir, require_capture
from command_line import called

from benchwright import real_captures
from protocols.captures.sigrok_write import write_sr
from protocols.waveform import Capture, Waveform
from tui import i18n


def run(*arguments):
    return called("analyze", *arguments)


@pytest.fixture
def recording(tmp_path):
    """A session file with a UART line and a 1 kHz square wave."""
    logic = sampled(uart_line(b"Hello bench\r\n" * 4, 9600), 192_000, ["TX"])
    times = np.arange(logic.words.size) / 192_000
    square = np.where(times * 1000 % 1 < 0.25, 3.3, 0.0).astype(np.float32)
    file = tmp_path / "made.sr"
    file.write_bytes(write_sr(Capture(analog=(Waveform("CH1", square, 1 / 192_000),), logic=logic)))
    return file


def test_a_file_is_shown_with_its_traffic_and_timing(recording):
    command = [sys.executable, "-m", "benchwright", "analyze", recording]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert "UART 9600 Bd" in result.stdout
    assert "Hello bench" in result.stdout
    assert "frequency" in result.stdout


def test_a_bad_file_keeps_no_good_one_from_being_shown_and_too_few_samples_are_told(recording, tmp_path):
    bad, short = tmp_path / "bad.csv", tmp_path / "short.csv"
    bad.write_text("t,CH1\n0,x\n")
    short.write_text("time (s),CH1 (V)\n0,0.1\n0.1,0.2\n0.2,0.1\n")
    result = run(recording, bad, short, "--language", "zh-CN")
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    assert "bad.csv" in result.stderr
    assert "频率" in result.stdout and "正脉宽" in result.stdout and "frequency" not in result.stdout
    assert "k = 2" not in result.stdout.partition("short.csv")[2]
    assert "记录有 3 个采样点；至少需要 16 个" in result.stdout


def test_machines_get_the_same_as_json(recording):
    (found,) = json.loads(run(recording, "--json", "--uart", "TX:9600:8N1").stdout)
    assert bytes(word["value"] for word in found["uart"]) == b"Hello bench\r\n" * 4
    pulse = found["analog"][0]["pulse"]
    assert pulse["frequency"]["value"] == pytest.approx(1000, rel=1e-4)
    assert pulse["duty"]["value"] == pytest.approx(25, abs=0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.sr"], "missing.sr cannot be read: No such file or directory; give the path of a capture file"),
        ([], "no file given"),
        ([__file__], "test_analyze.py"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments, words):
    result = run(*arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("option", "words"),
    [("--uart=RX:9600", "no channel 'RX'"), ("--uart=TX:fast", "CHANNEL:BAUD"), ("--i2c=TX", "SCL,SDA")],
)
def test_a_wrong_bus_option_says_what_is_right(recording, option, words):
    result = run(recording, option)
    assert result.returncode == 2
    assert words in result.stderr


def test_every_real_capture_is_within_its_tolerance_and_told_in_chinese():
    require_capture("README.md")
    i18n.use("zh-CN")
    found = list(real_captures.checks(captures_dir()))
    assert len(found) >= 35
    assert [f"{check.file} {check.what}: {check.measured}" for check in found if not check.passed] == []
    assert {check.what for check in found if check.what.isascii()} == {"RDID", "CH2 UART"}, "words of no language"
    assert not [check for check in found if {"of", "exact"} & set(f"{check.truth} {check.tolerance}".split())]


def test_without_the_folder_of_captures_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCHWRIGHT_CAPTURES", str(tmp_path / "none"))
    result = run("--truth")
    assert result.returncode == 2
    assert "docs/captures.md" in result.stderr

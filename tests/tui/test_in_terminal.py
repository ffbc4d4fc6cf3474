"""The real program in a real terminal (tmux), without a mouse."""

import os
import shlex
import shutil
import signal
import sys
import time

import pytest
from terminal import Terminal
from waiting import wait_until

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed (apt install tmux)")


@pytest.fixture
def terminal(bench, tmp_path):
    opened = []

    def open_terminal(columns=80, lines=24, language="en"):
        program = [sys.executable, "-m", "benchwright", "tui"]
        command = shlex.join([*program, "--socket", str(bench.socket), "--language", language, "--operator", "li"])
        opened.append(Terminal(tmp_path, columns, lines, command))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


def test_from_scan_to_verdict_in_both_languages_and_killed_in_between(bench, terminal):
    screen = terminal()
    screen.sees("T-000103", "F9 Test")
    screen.scan("SP100-000042")
    screen.sees("Test plan  rails")
    screen.keys("F5")
    screen.sees("↑  taken")
    screen.keys("F9")
    screen.sees("meter → TP_3V3")
    screen.keys("C-l")
    screen.sees("请操作", "F8 中止")
    time.sleep(0.4)  # an Enter that comes with the question cannot be its answer
    screen.keys("Enter")
    screen.sees("指示灯状态如何？", "1 ⏎  常亮")

    os.kill(screen.pid(), signal.SIGKILL)
    screen.close()
    again = terminal(160, 48, "zh-CN")
    again.sees("▶ 待回答", "↑ 已接单")
    again.keys("F3")
    again.sees("指示灯状态如何？")
    again.scan("1")
    again.sees("扫描主板标签")
    again.scan("SP100-BOARD-7")
    again.sees("有几颗螺丝？")
    again.scan("4")
    again.sees("✓  合格", "全部在限值之内")
    again.keys("C-q")
    wait_until(lambda: not again.alive(), "the program has ended")

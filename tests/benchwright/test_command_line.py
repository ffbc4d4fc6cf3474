"""The command line as a whole: its help and its errors in the reader's language."""

import re

import pytest

from benchwright import cli
from benchwright.commands.discover import is_at
from benchwright.language import translate
from tui import i18n

HAN = re.compile(r"[\u4e00-\u9fff]")


def told(capsys, monkeypatch, *words, locale="C.UTF-8"):
    """Return exit code, output and errors of ``benchwright`` with these words in a terminal with this locale."""
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setattr("sys.argv", ["benchwright", *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out, err = capsys.readouterr()
    return left.value.code, out, err


def words_of(command, path):
    for place in (command, *command.params):
        for name in ("help", "epilog"):
            if words := getattr(place, name, None):
                yield f"{path} {place.name}", words
    for name, one in getattr(command, "commands", {}).items():
        yield from words_of(one, f"{path} {name}")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_every_command_is_there_in_chinese(name):
    command = cli.command_of(name)
    i18n.use("zh-CN")
    translate(command)
    for place, words in words_of(command, name):
        assert HAN.search(words), place


def test_the_terminal_says_which_language_is_spoken(capsys, monkeypatch):
    code, out, _ = told(capsys, monkeypatch, "--help", locale="zh_CN.UTF-8")
    assert code == 0
    assert "检查、显示和运行检测方案。" in out and "显示本帮助并退出。" in out
    code, out, _ = told(capsys, monkeypatch, "plan", "show", "--help")
    assert code == 0
    assert "Show what a plan does" in out and "--language" in out
    code, out, _ = told(capsys, monkeypatch, "--language", "zh-CN", "plan", "show", "--help")
    assert "显示方案的内容" in out
    for locale, language, wanted, unwanted in (
        ("C.UTF-8", "zh-CN", ("显示本帮助并退出。", "选项"), ("Options", "Show this")),
        ("zh_CN.UTF-8", "en", ("Show this message and exit.", "Options"), ("选项", "显示")),
    ):
        for words in (("-l", language, "--help"), ("profile", "list", "-l", language, "--help")):
            code, out, _ = told(capsys, monkeypatch, *words, locale=locale)
            assert code == 0
            assert all(one in out for one in wanted) and not any(one in out for one in unwanted), out
    for words in (["agent", "-l", "zh-CN", "--help"], ["hub", "key", "--help", "--language=zh-CN"],
                  ["analyze", "--help", "--language", "zh-CN"]):  # fmt: skip
        code, out, err = told(capsys, monkeypatch, *words)
        assert (code, err, "显示本帮助并退出。" in out, "Options" in out) == (0, "", True, False), out
    assert told(capsys, monkeypatch, "analyze", "--help", "--language", "en")[1].count("显示") == 0
    code, out, _ = told(capsys, monkeypatch, "plan", "-l", "zh-CN", "show", "lm200-ask")
    assert (code, "步骤" in out, "group" in out) == (0, True, False)
    code, out, _ = told(capsys, monkeypatch, "plan", "show", "lm200-ask", "-l", "zh-CN")
    assert (code, "步骤" in out, "group" in out) == (0, True, False)


@pytest.mark.parametrize(
    ("words", "english", "chinese"),
    [
        (["tui", "--language", "xx"], "there is no language 'xx'; there are en, zh-CN", None),
        (["plan", "run", "sp100-reflash"], "Missing option '--bench'.", "缺少选项 '--bench'。"),
        (["plan", "zzzzz"], "No such command 'zzzzz'. There are next, ", "没有命令 'zzzzz'。有 next, "),
        (["discover", "--host", "300.1.1.1"], "300.1.1.1 is no network address", "300.1.1.1 不是网络地址"),
        (["discover", "--host", "127.0.0.1:99999"], "there is no port 99999", "没有端口 99999"),
        (["plan", "shw"], "No such command 'shw'. Did you mean 'show'?", "没有命令 'shw'。是否指 'show'？"),
        (
            ["agent", "run", "--bench", "x", "--log-level", "loud"],
            "'loud' is not one of 'debug'",
            "'loud' 不在 'debug'",
        ),
        (["discover", "--port", "/etc/passwd"], "/etc/passwd: this is no serial port; name", "/etc/passwd：这不是串口"),
        (["hub", "seed", "--stores", "0"], "Input should be greater than or equal to 1", "须大于或等于 1"),
        (["simulate", "--directory", "/proc/x"], "the folder /proc/x cannot be made", "无法创建文件夹 /proc/x"),
        (["simulate", "--write-bench", "/dev/null"], "/dev/null exists", "/dev/null 已存在"),
        (["plan", "show", "none"], "there is no test plan 'none'", "没有检测方案 'none'；有 bench-check"),
    ],
)
def test_what_is_wrong_is_one_sentence_in_either_language(capsys, monkeypatch, words, english, chinese):
    for locale, expected in (("C.UTF-8", english), ("zh_CN.UTF-8", chinese or "xx")):
        code, out, err = told(capsys, monkeypatch, *words, locale=locale)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert expected in err and "Value error" not in err


def test_a_plan_that_is_wrong_is_told_in_chinese_with_its_place(capsys, monkeypatch, tmp_path):
    file = tmp_path / "p.plan.yaml"
    file.write_text(
        "plan: p\nversion: 1\nmodel: M\ntitle: {en: P, zh-CN: 方案}\nmain:\n"
        "  - {id: a, title: {en: A, zh-CN: 甲}, action: wait, with: {seconds: 1 s}, role: metre}\n"
    )
    code, _, err = told(capsys, monkeypatch, "plan", "show", str(file), "--language", "zh-CN")
    assert code == 2
    assert "第 6 行：步骤 a：wait 不需要仪器；请去掉 role" in err
    file.write_text("plan: p\nversion: x\nmodel: M\ntitle: {en: P, zh-CN: 方案}\nmain: []\n")
    _code, _out, err = told(capsys, monkeypatch, "plan", "check", str(file), "-l", "zh-CN")
    assert f"{file}: 第 2 行：version: 此处应为整数，而不是文字（'x'）；请改正" in err


@pytest.mark.parametrize("command", [["profile", "list"], ["simulate", "--list-personalities"]])
def test_a_folder_of_profiles_that_cannot_be_used_is_one_sentence(capsys, monkeypatch, tmp_path, command):
    monkeypatch.setenv("BENCHWRIGHT_PROFILES", str(tmp_path / "none"))
    code, out, err = told(capsys, monkeypatch, *command)
    assert (code, out, err.count("\n")) == (2, "", 1)
    (tmp_path / "own.yaml").write_text("name: [")
    monkeypatch.setenv("BENCHWRIGHT_PROFILES", str(tmp_path))
    code, _, err = told(capsys, monkeypatch, *command)
    assert (code, err.count("\n"), "own.yaml, line " in err) == (2, 1, True)


def test_a_host_that_gives_no_answer_is_named(capsys, monkeypatch):
    quiet = ("--no-usb", "--no-serial", "--no-lan")
    code, _, err = told(capsys, monkeypatch, "discover", *quiet, "--host", "127.0.0.1:9")
    assert (code, "no instrument answered at 127.0.0.1:9; check" in err) == (3, True)


@pytest.mark.parametrize(
    ("address", "host", "there"),
    [
        ("TCPIP::192.168.1.40::inst0::INSTR", "192.168.1.40", True),
        ("TCPIP::192.168.1.40::5025::SOCKET", "192.168.1.40:5025", True),
        ("TCPIP::192.168.1.40::5025::SOCKET", "192.168.1.40:50", False),
        ("TCPIP::192.168.1.40::5025::SOCKET", "192.168.1.4", False),
        ("TCPIP::fd00::7::5025::SOCKET", "[fd00::7]:5025", True),
        ("TCPIP::scope.lan::hislip0,4880::INSTR", "Scope.lan:4880", True),
        ("modbus-tcp:192.168.1.40:502?unit=1", "192.168.1.40:502", True),
        ("modbus-tcp:192.168.1.40:502?unit=1", "192.168.1.40:50", False),
        ("serial:/dev/ttyUSB0", "192.168.1.40", False),
    ],
)
def test_what_was_found_is_at_a_host_that_was_named(address, host, there):
    assert is_at(address, host) is there


def test_without_a_terminal_the_screen_says_what_it_lacks(capsys, monkeypatch):
    code, _, err = told(capsys, monkeypatch, "tui", "-l", "zh-CN")
    assert (code, err.count("\n")) == (2, 1)
    assert "benchwright agent status" in err and HAN.search(err)


def test_a_password_that_is_too_easy_is_told_in_chinese(capsys, monkeypatch, tmp_path):
    file = tmp_path / "password"
    file.write_text("short")
    code, _, err = told(capsys, monkeypatch, "hub", "seed", "--password-file", str(file), "-l", "zh-CN")
    assert (code, err.count("\n")) == (2, 1)
    assert "--password-file: " in err and HAN.search(err)


def test_a_file_that_cannot_be_written_is_told_with_its_remedy(capsys, monkeypatch):
    code, _, err = told(capsys, monkeypatch, "simulate", "--write-bench", "/proc/none/b.toml")
    assert (code, err.count("\n")) == (2, 1)
    assert "/proc/none/b.toml cannot be written: No such file or directory; give a file in a folder" in err


def test_what_is_wrong_with_a_measurement_is_told_in_chinese(capsys, monkeypatch, tmp_path):
    file = tmp_path / "p.plan.yaml"
    file.write_text(
        "plan: p\nversion: 1\nmodel: M\ntitle: {en: P, zh-CN: 方案}\n"
        "roles: {meter: {kind: multimeter, title: {en: M, zh-CN: 表}}}\nmain:\n"
        "  - {id: a, title: {en: A, zh-CN: 甲}, action: multimeter.read, role: meter, with: {function: dc_voltage},\n"
        "     measure: [{name: v, field: value, low: 3.2}]}\n"
    )
    code, _, err = told(capsys, monkeypatch, "plan", "check", str(file), "-l", "zh-CN")
    assert (code, "步骤 a：测量 v：限值没有单位；value 的单位是 V，因此请写 3.2 V" in err) == (2, True)

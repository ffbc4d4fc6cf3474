"""A broken bench.toml gets one sentence with file, line or key, and remedy."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.bench_config import BenchConfigError, load_bench_config, parse_bench_config

GOOD = """
[bench]
name = "bench-01"

[instruments.meter]
profile = "keysight-34461a"
address = "TCPIP::127.0.0.1::5025::SOCKET"

[instruments.console]
profile = "serial-console"
address = "serial:/dev/ttyUSB0"
options = {baud = 115200}

[hub]
mqtt = "mqtt://127.0.0.1:1883"
url = "http://127.0.0.1:8000"
"""


def test_a_good_file_becomes_typed(tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    path.write_text(GOOD)
    config = load_bench_config(path)
    assert config.name == "bench-01"
    assert list(config.instruments) == ["meter", "console"]
    assert config.instruments["console"].options == {"baud": 115200}
    assert config.hub is not None
    assert config.hub.mqtt == "mqtt://127.0.0.1:1883"


def test_a_bench_without_hub_works_offline() -> None:
    assert parse_bench_config(b'[bench]\nname = "b"\n').hub is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'profile = "keysight',
            'profle = "keysight',
            [
                "line 6",
                "instruments.meter.profle",
                "is not known here (is 'profile' meant?)",
                "spelling",
                "1 more: lines 5",
            ],
        ),
        ('address = "TCPIP::127.0.0.1::5025::SOCKET"', "", ["instruments.meter", "'address' is missing", "add it"]),
        (
            'profile = "keysight-34461a"',
            "profile = 3",
            ["line 6", "instruments.meter.profile", "text is wanted here, not a whole number (3)"],
        ),
        ('name = "bench-01"', 'name = "bench 01"', ["line 3", "bench.name", "correct"]),
        ('mqtt = "mqtt://127.0.0.1:1883"', 'mqtt = "127.0.0.1"', ["line 15", "hub.mqtt"]),
        ("[bench]", "[bench", ["line 2", "not valid TOML"]),
        ("[bench]", "[benhc]", ["benhc", "not known here (is 'bench' meant?)"]),
    ],
)
def test_each_mistake_gets_one_sentence_with_place_and_remedy(old: str, new: str, words: list[str]) -> None:
    with pytest.raises(BenchConfigError) as caught:
        parse_bench_config(GOOD.replace(old, new).encode(), "my/bench.toml")
    message = str(caught.value)
    assert message.startswith("my/bench.toml: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchConfigError, match=r"none\.toml: cannot be read \(No such file"):
        load_bench_config(tmp_path / "none.toml")


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: GOOD.replace("meter", text).encode()))
def test_whatever_the_file_holds_there_is_no_other_error(data: bytes) -> None:
    try:
        parse_bench_config(data)
    except BenchConfigError as error:
        assert str(error).startswith("bench.toml: ")

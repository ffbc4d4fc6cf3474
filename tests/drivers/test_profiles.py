"""Driver profiles: what is shipped is sound and described; what is broken says where and how to mend it."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from drivers.capabilities import Instrument
from drivers.errors import Misconfigured
from drivers.profile import BrokenProfile, load_profile, parse_profile
from drivers.registry import SHIPPED_PROFILES, open_instrument, profiles
from drivers.scpi.multimeter_model import ScpiMultimeterProfile

NAMES = sorted(path.stem for path in SHIPPED_PROFILES.glob("*.yaml"))
METER = (SHIPPED_PROFILES / "keysight-34461a.yaml").read_text()


def test_the_promised_profiles_are_there() -> None:
    assert set(NAMES) >= {
        "keysight-34461a", "owon-xdm1041", "uni-t-ut61e", "rigol-ds1054z", "siglent-sdg1032x", "rigol-dg812",
        "riden-rd6006", "mlx90640", "stm32flash", "flashrom", "serial-console",
    }  # fmt: skip
    assert list(profiles()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_is_sound(name: str) -> None:
    profile = profiles()[name]
    assert profile.name == name
    assert profile.title["en"]
    assert re.search("[\u4e00-\u9fff]", profile.title["zh-CN"])
    assert profile.sources
    capability = profile.capability.title().replace("_", "")
    assert any(one.__name__ == capability for one in Instrument.__subclasses__())


def test_the_published_schema_accepts_every_profile() -> None:
    validator = jsonschema.Draft202012Validator(json.loads((SHIPPED_PROFILES / "profile.schema.json").read_text()))
    for name in NAMES:
        tree = yaml.load((SHIPPED_PROFILES / f"{name}.yaml").read_text(), yaml.CSafeLoader)
        validator.validate(json.loads(json.dumps(tree)))


def test_every_meter_function_states_a_limit_of_error_or_why_not() -> None:
    for name in NAMES:
        profile = profiles()[name]
        if isinstance(profile, ScpiMultimeterProfile):
            bare = [f for f, model in profile.functions.items() if not all(one.accuracy for one in model.ranges)]
            notes = profile.notes.lower()
            assert all(function in notes for function in bare) or "no limits of error are given" in notes, name


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("timeout_s: 10", "timeout: 10", r"at timeout: the key 'timeout' is not known here \(is 'timeout_s' meant\?\)"),
        ("timeout_s: 10", "timeout_s: soon", r"line \d+, at timeout_s: a number is wanted here, not text \('soon'\)"),
        ("timeout_s: 10", "timeout_s: -1", r"at timeout_s: a value > 0.0 is wanted here \(-1\)"),
        (
            "driver: scpi-multimeter",
            "driver: scpi-multimetre",
            "at driver: 'scpi-multimetre' is not known here; give one of scpi-multimeter, scpi-osc",
        ),
        ('read: {send: "READ?", reply: number}', 'read: {send: "READ?"}', "a query has a reply"),
        ('read: {send: "READ?", reply: number}', 'raed: {send: "READ?", reply: number}', "command 'read' is missing"),
        ('{send: "CONF:VOLT:DC {range}"', '{send: "CONF:VOLT:DC {rnge}"', "range, rnge is in the placeholders of"),
        (
            "configure_diode: {send:",
            "configure_diode: {sned:",
            r"at commands.configure_diode.sned: the key 'sned' is not known here \(is 'send' meant\?\)",
        ),
        ("pattern: '(Keysight", "pattern: '(Keysight((", "the identity pattern is no regular expression"),
        ("example: Keysight Technologies,34461A", "example: ACME,1", "does not match its own example 'ACME,1"),
        (
            "zh-CN: 是德科技 34461A 台式万用表",
            "zh_CN: x",
            "at title.zh_CN: 'zh_CN' is not known here; give one of en, zh-CN",
        ),
        (", zh-CN: 是德科技 34461A 台式万用表", "", "title needs both languages, en and zh-CN"),
        ("  dc_voltage:", "  dc_volts:", "dc_volts"),
        ("safe_state: []", "safe_state: [outputs_off]", "the command 'outputs_off' is missing"),
        ("models: [34460A,", "models: [34460A", ""),
    ],
)
def test_a_broken_profile_is_one_sentence_with_place_and_remedy(old: str, new: str, match: str, tmp_path: Path) -> None:
    assert old in METER
    broken = METER.replace(old, new, 1)
    if not match:
        parse_profile(broken.replace("[34460A 34461A", "[34460A, 34461A"), "x.yaml")
        return
    with pytest.raises(Misconfigured) as raised:
        parse_profile(broken, "x.yaml")
    message = str(raised.value)
    assert message.startswith("x.yaml")
    assert re.search(match, message), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty or no mapping"),
        ("- 1", "is empty or no mapping"),
        ("name: [", "line 2, column 1"),
        ("name: a\nname: b", "line 2, column 1: the key 'name' appears twice"),
        ("a: &x 1\nb: *x", "uses a YAML alias"),
        ("a: " + "[" * 5000, "."),
        ("name: \x07", "."),
        ("{}", "the key 'driver' is missing"),
        ("!!python/object:os.system {}", "could not determine a constructor"),
    ],
)
def test_what_is_no_profile_at_all(text: str, match: str) -> None:
    with pytest.raises(Misconfigured, match=match):
        parse_profile(text, "x.yaml")


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    broken = METER.replace("timeout_s: 10", "timeout_s: soon").replace("models: [34460A", "modles: [34460A")
    with pytest.raises(BrokenProfile, match=r"and 2 more; 'benchwright profile check' lists them") as raised:
        parse_profile(broken, "x.yaml")
    lines = broken.splitlines()
    for words, text in (("timeout_s", "timeout_s: soon"), ("'modles' is not known here", "modles: ")):
        line = next(number for number, one in enumerate(lines, 1) if text in one)
        assert any(f"line {line}, " in one and words in one for one in raised.value.problems), raised.value.problems
    assert any("'models' is missing" in one for one in raised.value.problems)


def test_numbers_and_words_mean_what_they_say() -> None:
    profile = parse_profile(METER.replace("timeout_s: 10", "timeout_s: 1e1"), "x.yaml")
    assert isinstance(profile, ScpiMultimeterProfile)
    assert profile.timeout_s == 10.0


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"none\.yaml cannot be read"):
        load_profile(tmp_path / "none.yaml")
    (tmp_path / "a.yaml").write_bytes(b"name: \xff")
    with pytest.raises(Misconfigured, match=r"a\.yaml is no UTF-8 text"):
        load_profile(tmp_path / "a.yaml")
    (tmp_path / "big.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(Misconfigured, match=r"big\.yaml is larger than"):
        load_profile(tmp_path / "big.yaml")
    (tmp_path / "other-name.yaml").write_text(METER)
    with pytest.raises(Misconfigured, match=r"must be called keysight-34461a\.yaml"):
        load_profile(tmp_path / "other-name.yaml")


def test_a_folder_adds_profiles_and_replaces_shipped_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my-meter.yaml").write_text(METER.replace("name: keysight-34461a", "name: my-meter"))
    (tmp_path / "keysight-34461a.yaml").write_text(METER.replace("timeout_s: 10", "timeout_s: 7"))
    assert set(profiles(tmp_path)) == {*NAMES, "my-meter"}
    assert profiles(tmp_path)["keysight-34461a"].timeout_s == 7  # type: ignore[union-attr]
    assert profiles()["keysight-34461a"].timeout_s == 10  # type: ignore[union-attr]
    monkeypatch.setenv("BENCHWRIGHT_PROFILES", str(tmp_path))
    assert "my-meter" in profiles()
    (tmp_path / "my-meter.yaml").write_text(METER.replace("name: keysight-34461a", "name: my-meter").replace("10", "x"))
    with pytest.raises(Misconfigured, match=r"my-meter\.yaml, line \d+, at timeout_s"):
        open_instrument("my-meter", "TCPIP::127.0.0.1::1::SOCKET")

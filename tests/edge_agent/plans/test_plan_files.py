"""D2: a plan is checked whole without instruments; every mistake gets file, line, step and remedy."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import plan_texts
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from plan_texts import plan, read, wait

from edge_agent.plans.load import LoadedPlan, PlanError, load_plan, parse_plan
from edge_agent.plans.model import Branch
from edge_agent.plans.schema import faults_schema, plan_schema

Make = Callable[..., LoadedPlan]
GOOD = plan(setup=wait("w"), main=read("a", extra="timeout: 500 ms\nretries: 2\n") + read("b"), teardown=wait("t"))

FAULTS = """\
model: SP-100
causes:
- cause: low-rail
  title: {en: Low rail, zh-CN: 电压低}
  remedy: {en: Replace U2, zh-CN: 更换 U2}
  signature: {a-value: low}
"""


def test_a_good_plan_becomes_typed(plan_of: Make) -> None:
    loaded = plan_of(GOOD)
    step = loaded.plan.main[0]
    assert (step.id, step.timeout, step.retries) == ("a", 0.5, 2)
    assert step.measure[0].low is not None
    assert (step.measure[0].low.value, step.measure[0].low.unit) == (3.2, "V")
    assert loaded.reference.name == "test-plan"


def test_branches_are_steps_too(plan_of: Make) -> None:
    branch = "on_fail:\n  then: stop\n  steps:\n" + "".join(f"  {line}\n" for line in read("b").splitlines())
    step = plan_of(plan(main=read("a", extra=branch))).plan.main[0]
    assert isinstance(step.on_fail, Branch)
    assert step.stops
    assert [one.id for one in step.branch()] == ["b"]


def test_any_change_of_the_plan_or_its_files_changes_its_identity(plan_of: Make) -> None:
    text = plan(main=read("a"), head=plan_texts.HEAD + "faults: faults.yaml\n")
    first = plan_of(text, faults_yaml=FAULTS).sha256
    assert plan_of(text, faults_yaml=FAULTS).sha256 == first
    assert plan_of(text + "# a word\n", faults_yaml=FAULTS).sha256 != first
    assert plan_of(text, faults_yaml=FAULTS + "# a word\n").sha256 != first


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("action: multimeter.read", "action: multimeter.raed", ["line 18", "step a", "'multimeter.raed'", "there are"]),
        ("role: meter", "role: metre", ["step a", "role 'metre'", "(meter)"]),
        ("    role: meter\n", "", ["step a", "needs the key role"]),
        ("function: dc_voltage", "function: dc_volt", ["line 20", "step a", "multimeter.read", "dc_volt"]),
        ("{function: dc_voltage}", "{function: dc_voltage, rnage: 10 V}", ["step a", "rnage", "its parameters are"]),
        ("{function: dc_voltage}", "{function: dc_voltage, range: 10 A}", ["step a", "range is in A", "reads V"]),
        ("field: value", "field: valu", ["step a", "a-value", "no field 'valu'", "value, minimum"]),
        ("low: 3.2 V", "low: 3.2 A", ["step a", "limit is in A", "in V"]),
        ("low: 3.2 V", "low: 3.2", ["step a", "the limit has no unit", "so write 3.2 V"]),
        ("low: 3.2 V", "low: 3.5 V", ["step a", "low (3.5) is above high (3.4)", "exchange"]),
        ("low: 3.2 V", "expected: true, low: 3.2 V", ["step a", "is a number; use low and high"]),
        ("name: b-value", "name: a-value", ["step b", "'a-value' is there twice"]),
        ("- id: b", "- id: a", ["id 'a' is used twice"]),
        ("retries: 2", "retries: two", ["line 23", "step a", "retries"]),
        ("retries: 2", "retires: 2", ["step a", "'retires' is not known here", "spelling"]),
        ("timeout: 500 ms", "timeout: 500", ["line 2", "step a", "timeout", "has no unit", "500 ms"]),
        ("timeout: 500 ms", "timeout: 500 mV", ["step a", "timeout", "is not in s"]),
        ("timeout: 500 ms", "save: true", ["step a", "captures nothing"]),
        ("timeout: 500 ms", "connect: {meter: TP_9}", ["step a", "point 'TP_9'", "TP_5V, TP_3V3", "add it there"]),
        ("timeout: 500 ms", "only_if: {failed: c}", ["step a", "no measurement 'c'"]),
        ("timeout: 500 ms", "only_if: {suspect: c}", ["step a", "no cause 'c'", "faults"]),
        ("timeout: 500 ms", "analyse: [{analysis: nonesuch}]", ["step a", "nonesuch"]),
        ("seconds: 1 ms", "seconds: -", ["step w", "wait"]),
        ("model: SP-100\n", "", ["'model' is missing"]),
        (", zh-CN: 测试", "", ["'zh-CN' is missing"]),
        ("version: 1", "version: 0", ["line 2", "version"]),
        ("kind: multimeter", "kind: oscilloscope", ["step a", "needs a multimeter, but meter is a oscilloscope"]),
    ],
)
def test_each_mistake_gets_one_sentence_with_its_place(plan_of: Make, old: str, new: str, words: list[str]) -> None:
    assert old in GOOD
    with pytest.raises(PlanError) as caught:
        plan_of(GOOD.replace(old, new, 1))
    message = caught.value.problems[0]
    assert message.startswith("test.plan.yaml: line ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_all_mistakes_are_told_at_once(plan_of: Make) -> None:
    with pytest.raises(PlanError, match=r"and 2 more") as caught:
        plan_of(GOOD.replace("role: meter", "role: metre").replace("name: b-value", "name: a-value"))
    assert len(caught.value.problems) == 3
    lines = [int(one.split(": line ")[1].partition(":")[0]) for one in caught.value.problems]
    assert lines == sorted(lines)


def test_all_mistakes_of_form_are_told_each_in_its_line(plan_of: Make) -> None:
    text = GOOD.replace("version: 1", "version: none").replace("retries: 2", "retires: 2")
    text = text.replace("kind: multimeter", "kind: multimetre").replace("low: 3.2 V", "low: [3]", 1)
    with pytest.raises(PlanError) as caught:
        plan_of(text)
    lines = text.splitlines()
    wanted = {
        "version: none": "version: a whole number is wanted here, not text ('none'); correct it",
        "retires: 2": "step a: the key 'retires' is not known here (is 'retries' meant?)",
        "multimetre": "kind: 'multimetre' is not known here; give one of multimeter, oscilloscope,",
        "low: [3]": "step a: low: [3] is not a quantity; write a number and a unit",
    }
    assert len(caught.value.problems) == len(wanted)
    told_in = [int(one.split(": line ")[1].partition(":")[0]) for one in caught.value.problems]
    assert told_in == sorted(told_in)
    for words, told in wanted.items():
        line = next(number for number, one in enumerate(lines, 1) if words in one)
        assert any(one.startswith(f"test.plan.yaml: line {line}: ") and told in one for one in caught.value.problems)


def test_all_wrong_parameters_of_a_step_are_told(plan_of: Make) -> None:
    wrong = GOOD.replace("{function: dc_voltage}", "{function: dc_volts, rnage: 10 V, average: often}", 1)
    with pytest.raises(PlanError) as caught:
        plan_of(wrong)
    told = "\n".join(caught.value.problems)
    assert "'dc_volts' is not known here; give one of dc_voltage" in told and "(is 'range' meant?)" in told


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("a-value: low", "x-value: low", "no measurement 'x-value'"),
        ("a-value: low", "a-value: wrong", "a-value cannot come out wrong"),
        ("model: SP-100", "model: SP-200", "for SP-200, but the plan is for SP-100"),
        ("a-value: low", "a-value: lowish", "faults.yaml: line 6"),
    ],
)
def test_the_fault_dictionary_is_checked_with_the_plan(plan_of: Make, old: str, new: str, words: str) -> None:
    text = plan(main=read("a"), head=plan_texts.HEAD + "faults: faults.yaml\n")
    with pytest.raises(PlanError, match=words):
        plan_of(text, faults_yaml=FAULTS.replace(old, new))


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"none\.yaml: cannot be read"):
        load_plan(tmp_path / "none.yaml")
    with pytest.raises(PlanError, match=r"p: line \d+: the file '../x' must lie beside the plan"):
        parse_plan(plan(main=wait("a"), head=plan_texts.HEAD + "faults: ../x\n").encode(), "p", lambda _: b"")


def test_a_missing_file_is_told_where_the_plan_names_it() -> None:
    def none(name: str) -> bytes:
        raise PlanError([f"{name}: cannot be read"])

    asked = "with: {kind: confirm, text: {en: Look, zh-CN: 看}, picture: a.png}"
    text = "# not a.png, f.yaml\n" + plan(
        main=wait("not-f.yaml") + wait("b").replace("wait", "prompt").replace("with: {seconds: 1 ms}", asked),
        head=plan_texts.HEAD + "faults: f.yaml\n",
    )
    lines = text.splitlines()
    with pytest.raises(PlanError) as caught:
        parse_plan(text.encode(), "p", none)
    assert caught.value.problems == [
        f"p: line {lines.index('faults: f.yaml') + 1}: f.yaml: cannot be read",
        f"p: line {lines.index('    ' + asked) + 1}: step b: a.png: cannot be read",
    ]


@given(st.binary(max_size=100), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_no_damage_gives_another_error(damage: bytes, at: int, length: int) -> None:
    data = GOOD.encode()
    try:
        parse_plan(data[:at] + damage + data[at + length :], "p.yaml", lambda _: b"")
    except PlanError as error:
        assert str(error).startswith("p.yaml")


def test_the_schema_accepts_good_plans_and_refuses_wrong_parameters() -> None:
    schema = plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator.check_schema(faults_schema())
    validator = jsonschema.Draft202012Validator(schema)
    good = json.loads(json.dumps(yaml.safe_load(GOOD)))
    assert list(validator.iter_errors(good)) == []
    for old, new in (("dc_voltage", "dc_volt"), ("multimeter.read", "nonesuch"), ("500 ms", "500"), ("retries", "x")):
        bad = json.loads(json.dumps(yaml.safe_load(GOOD.replace(old, new, 1))))
        assert list(validator.iter_errors(bad)), new


def test_a_plan_is_called_as_its_file_is(tmp_path: Path) -> None:
    """Tickets name plans by their file, runs by their key ``plan``: an interrupted run looks for its plan by that."""
    good, other = tmp_path / "test-plan.plan.yaml", tmp_path / "br.plan.yaml"
    for file in (good, other):
        file.write_text(GOOD)
    assert load_plan(good).plan.plan == "test-plan"
    with pytest.raises(PlanError) as caught:
        load_plan(other)
    assert "br.plan.yaml: the plan in it is called 'test-plan'; call the file test-plan.plan.yaml" in str(caught.value)

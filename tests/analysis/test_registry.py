"""The catalogue agrees with the functions, and a plan can be checked against it without running anything."""

import inspect
import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from types import NoneType, UnionType
from typing import get_args, get_type_hints

import numpy as np
import pytest

from edge_agent.analysis.mask import Mask
from edge_agent.analysis.registry import (
    REQUIRED,
    AnalysisError,
    AnalysisSpec,
    FieldKind,
    InputKind,
    ParameterKind,
    analyses,
    analysis,
    run,
)
from edge_agent.analysis.result import Accuracy, NoAnswer
from protocols.quantity import Quantity
from protocols.waveform import LogicCapture, ThermalImage, Waveform

PYTHON_TYPES = {
    ParameterKind.NUMBER: float,
    ParameterKind.INTEGER: int,
    ParameterKind.TEXT: str,
    ParameterKind.FLAG: bool,
    ParameterKind.ACCURACY: Accuracy,
    ParameterKind.WAVEFORM: Waveform,
    ParameterKind.THERMAL: ThermalImage,
    ParameterKind.MASK: Mask,
}
INPUT_TYPES = {
    InputKind.WAVEFORM: Waveform,
    InputKind.LOGIC: LogicCapture,
    InputKind.THERMAL: ThermalImage,
    InputKind.TEXT: str,
}


def options(hint) -> set[type]:
    return set(get_args(hint)) if isinstance(hint, UnionType) else {hint}


@pytest.mark.parametrize("spec", analyses().values(), ids=lambda spec: spec.name)
def test_row_agrees_with_its_function(spec: AnalysisSpec) -> None:
    module, name = spec.target.split(":")
    function = getattr(import_module(f"edge_agent.analysis.{module}"), name)
    signature, hints = inspect.signature(function), get_type_hints(function)
    first, *keywords = signature.parameters.values()
    if spec.input_kind is not InputKind.WAVEFORMS:
        assert hints[first.name] is INPUT_TYPES[spec.input_kind]
    assert {one.name for one in keywords} == set(spec.parameters)
    for one in keywords:
        parameter = spec.parameters[one.name]
        assert options(hints[one.name]) - {NoneType} == {PYTHON_TYPES[parameter.kind]}, one.name
        assert (one.default is inspect.Parameter.empty) == (parameter.default is REQUIRED), one.name
        if parameter.kind is not ParameterKind.ACCURACY and parameter.default is not REQUIRED:
            assert parameter.default == one.default, one.name
    (result,) = options(hints["return"]) - {NoAnswer}
    result_hints = get_type_hints(result)
    public = {field.name for field in fields(result)}
    for field_name, field in spec.fields.items():
        assert field_name in public
        held = options(result_hints[field_name]) - {NoAnswer}
        expected = {FieldKind.QUANTITY: Quantity, FieldKind.TEXT: str, FieldKind.FLAG: bool}[field.kind]
        assert held == {expected}, field_name
    scalar = {n for n, hint in result_hints.items() if options(hint) - {NoAnswer} <= {Quantity, str, bool}}
    assert scalar == set(spec.fields), "every scalar of the result can be used in a plan"
    assert set(spec.summary) == {"en", "zh-CN"}


def rail_wave() -> Waveform:
    t = np.arange(20_000) * 1e-8
    volts = 3.3 + 0.05 * np.sin(2 * np.pi * 200e3 * t)
    return Waveform("3V3", np.round(volts / 1e-3).astype(np.int16), 1e-8, scale=1e-3)


def test_a_plan_runs_an_analysis_by_name_with_numbers_as_yaml_gives_them() -> None:
    found = run("rail", rail_wave(), bandwidth_hz="20e6", accuracy=Accuracy(gain=0.01))
    assert set(found) == set(analysis("rail").fields)
    ripple = found["ripple_pp"]
    assert isinstance(ripple, Quantity)
    assert ripple.value == pytest.approx(0.1, rel=0.02)
    assert ripple.standard_uncertainty == pytest.approx(0.001, rel=0.2)


def test_an_instrument_without_known_accuracy_may_be_passed_as_none() -> None:
    assert run("rail", rail_wave(), accuracy=None) == run("rail", rail_wave())


def test_units_follow_the_input() -> None:
    spec = analysis("rail")
    assert spec.unit_of("ripple_pp", "A") == "A"
    assert spec.unit_of("ripple_frequency", "A") == "Hz"
    results = run("rail", rail_wave())
    for name, value in results.items():
        if isinstance(value, Quantity):
            assert value.unit == spec.unit_of(name, "V")


def test_no_answer_reaches_every_field() -> None:
    found = run("pulse", Waveform("flat", np.full(1000, 5, np.uint8), 1e-6))
    assert set(found) == set(analysis("pulse").fields)
    assert all(isinstance(value, NoAnswer) for value in found.values())


@pytest.mark.parametrize(
    ("name", "signal", "parameters", "message"),
    [
        ("rial", rail_wave(), {}, "no analysis 'rial'; known are"),
        ("rail", rail_wave(), {"bandwith_hz": 1e6}, "no parameter 'bandwith_hz'; it takes bandwidth_hz"),
        ("rail", rail_wave(), {"bandwidth_hz": "wide"}, "must be a number, not 'wide'"),
        ("rail", rail_wave(), {"bandwidth_hz": True}, "must be a number, not bool"),
        ("rail", rail_wave(), {"bandwidth_hz": -1}, "must lie in 0 … inf Hz"),
        ("rail", rail_wave(), {"bandwidth_hz": float("nan")}, "must lie in"),
        ("rail", "text", {}, "takes a waveform as input, not str"),
        ("tone", rail_wave(), {"harmonics": 2.5}, "must be a whole number"),
        ("frequency", rail_wave(), {}, "needs the parameter nominal_hz"),
        ("hot_spots", ThermalImage(np.zeros((9, 9), np.float32), 1.0), {"against": "x"}, "one of ambient"),
        ("hot_spots_against", ThermalImage(np.zeros((9, 9), np.float32), 1.0), {"reference": 3}, "must be a thermal"),
    ],
)
def test_mistakes_get_one_clear_sentence(name, signal, parameters, message) -> None:
    with pytest.raises(AnalysisError, match=message.replace("(", r"\(")) as caught:
        run(name, signal, **parameters)
    assert "\n" not in str(caught.value)


def test_unknown_field_names_the_known_ones() -> None:
    with pytest.raises(AnalysisError, match="no field 'riple'; it gives mean"):
        analysis("rail").unit_of("riple")


def test_text_and_flags() -> None:
    found = run("boot_log", "reset: watchdog\nfirmware version 2.1\nsystem ready\n")
    assert (found["reset_cause"], found["firmware_version"], found["ready"]) == ("watchdog", "2.1", True)


def test_checking_a_plan_imports_no_scipy() -> None:
    code = (
        "import sys; from edge_agent.analysis.registry import analysis;"
        "analysis('tone').check_parameters({'harmonics': 5}); sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

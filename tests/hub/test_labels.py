"""Serial numbers and models however they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.labels import is_model, model_form, model_key
from protocols.serial_numbers import serial_form


@pytest.mark.parametrize(
    "typed",
    ["SN-20260001", "sn-20260001", "  Sn-2026 0001\t", "ＳＮ－２０２６０００１", "\u3000sn-2026\u200b0001\ufeff"],
)
def test_one_device_has_one_serial_number(typed: str) -> None:
    assert serial_form(typed) == "SN-20260001"


@given(st.text(max_size=70))
def test_the_form_of_a_form_is_itself(typed: str) -> None:
    form = serial_form(typed)
    assert serial_form(form) == form == serial_form(f" {form} ")


def test_models_are_compared_without_case_and_blanks() -> None:
    assert model_key(" ｓp-100  Pro") == model_key("SP-100 pro") != model_key("SP-100Pro")
    assert is_model("sp-100", ("CAM-*", "SP-*")) and not is_model("sp-100", ("SP-1",))


def test_a_model_keeps_its_capitals_and_blanks() -> None:
    assert model_form("　Ｃam 12 ") == "Cam 12"

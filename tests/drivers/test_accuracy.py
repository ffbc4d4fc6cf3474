"""Q7: limits of error inside and outside the temperatures that they are stated for, for every kind of instrument."""

import math
from typing import Any

import msgspec
import pytest

from drivers.accuracy import Accuracy
from drivers.guard import Guard
from drivers.korad_supply import KoradSupply
from drivers.korad_supply_model import KoradSupplyProfile
from drivers.modbus_supply import ModbusSupply
from drivers.modbus_supply_model import ModbusSupplyProfile
from drivers.registry import profiles
from drivers.scpi.load import ScpiElectronicLoad
from drivers.scpi.load_model import ScpiLoadProfile
from drivers.scpi.supply import ScpiPowerSupply
from drivers.scpi.supply_model import ScpiSupplyProfile
from drivers.uvc_camera import UvcCamera
from drivers.uvc_camera_model import UvcCameraProfile

STATED = {"percent_of_reading": 0.5, "counts": 2, "resolution": 0.01}


@pytest.mark.parametrize(
    ("coefficients", "at_33_c"),
    [
        ({"temperature_percent_of_reading": 0.1}, 0.07 + 5 * 0.01),
        ({"temperature_percent_of_range": 0.1}, 0.07 + 5 * 0.1),
        ({"temperature_offset": 0.002}, 0.07 + 5 * 0.002),
        ({"temperature_share_of_limit": 0.1}, 0.07 * 1.5),
        ({"temperature_percent_of_reading": 0.1, "temperature_offset": 0.002}, 0.07 + 5 * 0.012),
        ({"temperature_offset": 0.0}, 0.07),
        ({}, None),
    ],
)
def test_heat_and_cold_widen_a_limit_as_its_maker_says(coefficients: dict[str, float], at_33_c: float | None) -> None:
    one = Accuracy(**STATED, **coefficients)  # type: ignore[arg-type]
    assert one.limit(10.0, 100.0) == pytest.approx(0.07)
    assert one.limit(10.0, 100.0, 28.0) == one.limit(10.0, 100.0, 18.0) == pytest.approx(0.07), "the band's ends"
    for ambient_c in (33.0, 13.0):
        limit = one.limit(-10.0, 100.0, ambient_c)
        assert limit == (None if at_33_c is None else pytest.approx(at_33_c))
        assert one.standard_uncertainty(-10.0, 100.0, ambient_c) == (
            None if limit is None else pytest.approx(limit / math.sqrt(3))
        )


class Line:
    """What the drivers below need of a link: they are only asked for the uncertainty of a number."""

    label, guard = "it", Guard()

    def __init__(self, profile: Any) -> None:
        self.profile = profile

    def ask_number(self, _: str, **__: object) -> float:
        return 10.0


WARM = Accuracy(**STATED, temperature_share_of_limit=0.1)


def test_every_kind_of_instrument_that_states_limits_is_told_how_warm_it_is() -> None:
    wide = 0.07 * 1.5 / math.sqrt(3)
    of = {type(one): one for one in profiles().values()}
    korad, scpi, load = (of[kind] for kind in (KoradSupplyProfile, ScpiSupplyProfile, ScpiLoadProfile))
    modbus, camera = of[ModbusSupplyProfile], of[UvcCameraProfile]
    line: Any = Line(korad)
    assert KoradSupply(line, korad, ambient_c=33.0)._uncertainty(WARM, 10.0, 100.0) == pytest.approx(wide)
    line = Line(scpi)
    assert ScpiPowerSupply(line, ambient_c=33.0)._uncertainty(WARM, 10.0, 100.0) == pytest.approx(wide)
    line = Line(load)
    measured = ScpiElectronicLoad(line, ambient_c=33.0)._measured("measure_voltage", "V", WARM, 100.0)
    assert measured.standard_uncertainty == pytest.approx(wide)
    warm = msgspec.structs.replace(modbus, voltage_accuracy=WARM, current_accuracy=WARM)
    line = Line(warm)
    supply = ModbusSupply(line, warm, ambient_c=33.0)
    supply._model = next(iter(warm.supply_models.values()))
    told = {"output_voltage": 10.0, "output_current": 0.0, "output": "on", "regulation": "constant_voltage"}
    supply._read = lambda *_: told  # type: ignore[method-assign,assignment,return-value]
    assert supply.read().voltage.standard_uncertainty == pytest.approx(wide)
    for ambient_c, limit_k in ((None, camera.accuracy_c), (23.0, camera.accuracy_c), (33.0, None)):
        opened = UvcCamera("/dev/null", "it", camera, Guard(), ambient_c=ambient_c)
        assert opened.limit_of_error_k() == limit_k
        opened.close()


def test_profiles_that_state_no_coefficient_are_unknown_on_a_hot_bench() -> None:
    ut61e: Any = profiles()["uni-t-ut61e"]
    (first, *_) = ut61e.functions["dc_voltage"]
    assert first.accuracy[0].limit(0.1, 0.22) is not None
    assert first.accuracy[0].limit(0.1, 0.22, 35.0) is None

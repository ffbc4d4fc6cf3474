"""TH-300: radiator thermostat, 5 V, a valve coil, a thermistor against 10 kΩ at TP_NTC."""

from drivers.simulated import faults as f
from drivers.simulated.board import Board, Stage
from drivers.simulated.heat import SPOTS, Spot
from drivers.simulated.points import PointKind, board_points
from drivers.simulated.products.product import Product, by_name

PRODUCT = Product(
    model="TH-300",
    key="thermostat",
    title={"en": "Thermostat TH-300", "zh-CN": "温控器 TH-300"},
    serial="TH300-2501-0001",
    feed_v=5.0,
    board=Board(
        logic_load_ohm=110.0,
        ntc_ohm=10e3,
        stage=Stage(word="valve", says="valve test", load="K1", load_ohm=82.0, driver_ohm=1.5, period_s=0.8),
    ),
    points=board_points("TP_5V", "TP_VALVE", TP_NTC=PointKind.THERMISTOR),
    spots={**SPOTS, "K1": Spot(18.0, 7.0, 24.0, 3.0)},
    faults=by_name(
        f.dried_capacitor(
            {"en": "large 100 kHz ripple on TP_5V and TP_3V3", "zh-CN": "TP_5V 与 TP_3V3 出现较大的 100 kHz 纹波"}
        ),
        f.leaky_ldo(),
        f.Fault(
            "open_thermistor",
            "RT1",
            {"en": "Thermistor RT1 open", "zh-CN": "热敏电阻 RT1 开路"},
            {
                "en": "TP_NTC at 3.3 V: the room seems icy, the valve never closes",
                "zh-CN": "TP_NTC 为 3.3 V：显示极低温，阀门不关",
            },
            {"ntc_ohm": f.OPEN_OHM},
        ),
        f.Fault(
            "damp_thermistor",
            "RT1",
            {"en": "Moisture at thermistor RT1", "zh-CN": "热敏电阻 RT1 受潮"},
            {"en": "TP_NTC low: the room seems too warm", "zh-CN": "TP_NTC 偏低：显示温度偏高"},
            {"ntc_ohm": 5.6e3},
        ),
        f.weak_drive(
            "weak_valve_drive",
            {"en": "Weak valve driver", "zh-CN": "阀门驱动不足"},
            {"en": "TP_VALVE level low and its edge slow", "zh-CN": "TP_VALVE 电平偏低、边沿缓慢"},
            45.0,
        ),
        f.broken_sensor_bus(),
        f.wrong_crystal(),
        f.corrupted_firmware(),
        f.creeping_reference(),
    ),
)

"""RB-1: the reference box of the daily bench check: 2.5 V, 10 kΩ and 8 MHz, known better than benches measure."""

from drivers.simulated import faults as f
from drivers.simulated.board import Board
from drivers.simulated.heat import SPOTS
from drivers.simulated.points import PointKind, board_points
from drivers.simulated.products.product import Product, by_name

PRODUCT = Product(
    model="RB-1",
    key="reference-box",
    title={"en": "Reference box RB-1", "zh-CN": "参考盒 RB-1"},
    serial="RB1-0007",
    feed_v=5.0,
    board=Board(crystal_hz=8e6, reference_v=2.5, resistor_ohm=10e3),
    points=board_points("TP_5V", "TP_RELAY", TP_2V5=PointKind.REFERENCE, TP_10K=PointKind.RESISTOR),
    spots=SPOTS,
    faults=by_name(
        f.Fault(
            "drifted_reference",
            "U9",
            {"en": "Reference voltage has drifted", "zh-CN": "基准电压漂移"},
            {"en": "all meters of the bench read 20 mV too much", "zh-CN": "工位各表读数均偏高 20 mV"},
            {"reference_v": 2.52},
            found_by="bench-check",
        ),
        f.Fault(
            "drifted_resistor",
            "R1",
            {"en": "Reference resistor has drifted", "zh-CN": "基准电阻漂移"},
            {"en": "10 kΩ read as 10.2 kΩ", "zh-CN": "10 kΩ 读数为 10.2 kΩ"},
            {"resistor_ohm": 10.2e3},
            found_by="bench-check",
        ),
    ),
)

"""CS-12: supply of a security camera, 12 V in, switched 12 V out with a test load of 47 Ω on the bench."""

from drivers.simulated import faults as f
from drivers.simulated.board import Board, Stage, StageKind
from drivers.simulated.heat import SPOTS, Spot
from drivers.simulated.points import board_points
from drivers.simulated.products.product import Product, by_name

PRODUCT = Product(
    model="CS-12",
    key="camera-supply",
    title={"en": "Camera supply CS-12", "zh-CN": "摄像机电源 CS-12"},
    serial="CS12-2411-0001",
    feed_v=12.0,
    board=Board(
        converter_ohm=0.3,
        stage=Stage(
            kind=StageKind.OUTPUT,
            word="output",
            says="load test, 0.5 s on, 0.5 s off",
            load="J2",
            driver="Q1",
            load_ohm=47.0,
            driver_ohm=0.15,
            rise_tau_s=1.5e-3,
            fall_tau_s=3e-3,
            period_s=1.0,
        ),
    ),
    points=board_points("TP_12V", "TP_OUT"),
    spots={
        "U1": SPOTS["U1"],
        "U2": Spot(8.0, 20.0, 45.0, 2.0),
        "U3": SPOTS["U3"],
        "C7": SPOTS["C7"],
        "Q1": Spot(12.0, 9.0, 90.0, 1.4),
    },
    faults=by_name(
        f.dried_capacitor(
            {"en": "large 100 kHz ripple on TP_12V and TP_OUT", "zh-CN": "TP_12V 与 TP_OUT 出现较大的 100 kHz 纹波"}
        ),
        f.Fault(
            "loop_oscillation",
            "C11",
            {"en": "Control loop oscillates (C11 cracked)", "zh-CN": "环路振荡（C11 开裂）"},
            {"en": "8.7 kHz on TP_12V, audible whistle", "zh-CN": "TP_12V 上有 8.7 kHz 振荡，伴有啸叫"},
            {"oscillation_v": 0.16},
        ),
        f.Fault(
            "worn_switch",
            "Q1",
            {"en": "Output switch Q1 worn", "zh-CN": "输出开关管 Q1 老化"},
            {"en": "TP_OUT sags under load and Q1 gets hot", "zh-CN": "带载时 TP_OUT 跌落，Q1 发热"},
            {"stage.driver_ohm": 6.0},
        ),
        f.Fault(
            "no_soft_start",
            "C12",
            {"en": "Soft start lost (C12 open)", "zh-CN": "软启动失效（C12 开路）"},
            {
                "en": "TP_OUT rises within microseconds: cameras trip on the inrush",
                "zh-CN": "TP_OUT 微秒级上升，摄像机因浪涌复位",
            },
            {"stage.rise_tau_s": 12e-6},
        ),
        f.Fault(
            "switch_stuck_on",
            "Q1",
            {"en": "Output switch Q1 shorted", "zh-CN": "输出开关管 Q1 短路"},
            {"en": "TP_OUT never switches off", "zh-CN": "TP_OUT 无法关断"},
            {"stage.stuck_on": True},
        ),
        f.leaky_ldo(leakage_s=0.008),
        f.corrupted_firmware(),
        f.shorted_load("12 V"),
    ),
)

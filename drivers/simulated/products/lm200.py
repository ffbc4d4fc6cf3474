"""LM-200: tunable lamp, 12 V, a string of three white LEDs dimmed at 1 kHz; R8 senses the string's current."""

from drivers.simulated import faults as f
from drivers.simulated.board import Board, Stage, StageKind
from drivers.simulated.heat import SPOTS, Spot
from drivers.simulated.points import board_points
from drivers.simulated.products.product import Product, by_name

PRODUCT = Product(
    model="LM-200",
    key="lamp",
    title={"en": "Smart lamp LM-200", "zh-CN": "智能灯 LM-200"},
    serial="LM200-2503-0001",
    feed_v=12.0,
    board=Board(
        converter_ohm=0.4,
        stage=Stage(
            kind=StageKind.LAMP,
            word="lamp",
            says="dimming test, 1 kHz, 50 %",
            load="D1",
            load_ohm=8.0,
            forward_v=8.7,
            driver_ohm=0.6,
            rise_tau_s=0.4e-6,
            fall_tau_s=0.4e-6,
            period_s=1e-3,
            duty=0.5,
        ),
    ),
    points=board_points("TP_12V", "TP_LED"),
    spots={
        "U1": SPOTS["U1"],
        "U2": Spot(8.0, 20.0, 45.0, 2.0),
        "U3": SPOTS["U3"],
        "C7": SPOTS["C7"],
        "D1": Spot(17.0, 9.0, 18.0, 3.2),
        "Q1": Spot(12.0, 9.0, 90.0, 1.2),
    },
    faults=by_name(
        f.dried_capacitor(
            {
                "en": "large 100 kHz ripple on TP_12V, the light flickers on camera pictures",
                "zh-CN": "TP_12V 出现较大的 100 kHz 纹波，拍摄时灯光闪烁",
            }
        ),
        f.leaky_ldo(leakage_s=0.008),
        f.Fault(
            "open_led",
            "D1",
            {"en": "LED string open", "zh-CN": "LED 灯串开路"},
            {
                "en": "no light; TP_LED stays at 0 V, supply current low",
                "zh-CN": "灯不亮；TP_LED 为 0 V，供电电流偏小",
            },
            {"stage.load_ohm": 1e9},
        ),
        f.Fault(
            "shorted_mosfet",
            "Q1",
            {"en": "Dimmer transistor shorted", "zh-CN": "调光管 Q1 短路"},
            {
                "en": "always full light; TP_LED does not switch, supply current high",
                "zh-CN": "灯一直全亮；TP_LED 不切换，供电电流偏大",
            },
            {"stage.stuck_on": True},
        ),
        f.Fault(
            "aged_led",
            "D1",
            {"en": "Aged LED string", "zh-CN": "LED 灯串老化"},
            {
                "en": "dim light; TP_LED level low, all supplies normal",
                "zh-CN": "灯光变暗；TP_LED 电平偏低，各路供电正常",
            },
            {"stage.load_ohm": 22.0, "stage.forward_v": 9.3},
        ),
        f.Fault(
            "weak_gate_drive",
            "R9",
            {"en": "Gate resistor R9 too large (corroded)", "zh-CN": "栅极电阻 R9 阻值变大（腐蚀）"},
            {"en": "slow edges at TP_LED", "zh-CN": "TP_LED 边沿缓慢"},
            {"stage.rise_tau_s": 40e-6, "stage.fall_tau_s": 40e-6},
        ),
        f.wrong_crystal(),
        f.corrupted_firmware(),
        f.shorted_load("12 V"),
    ),
)

"""SS-50: smart speaker, 12 V, a bridge amplifier that plays 1 kHz in its self test."""

from drivers.simulated import faults as f
from drivers.simulated.board import Board, Stage, StageKind
from drivers.simulated.heat import SPOTS, Spot
from drivers.simulated.points import PointKind, board_points
from drivers.simulated.products.product import Product, by_name

PRODUCT = Product(
    model="SS-50",
    key="speaker",
    title={"en": "Smart speaker SS-50", "zh-CN": "智能音箱 SS-50"},
    serial="SS50-2502-0001",
    feed_v=12.0,
    board=Board(
        converter_ohm=0.4,
        stage=Stage(
            kind=StageKind.AUDIO,
            word="tone",
            says="tone test, 1 kHz",
            load="LS1",
            driver="U5",
            load_ohm=120.0,
            driver_ohm=3.0,
            duty=1.0,
            tone_v=2.0,
            line_gain=3.0,
        ),
    ),
    points=board_points("TP_12V", "TP_SPK", LINE_IN=PointKind.LINE),
    spots={
        "U1": SPOTS["U1"],
        "U2": Spot(8.0, 20.0, 45.0, 2.0),
        "U3": SPOTS["U3"],
        "C7": SPOTS["C7"],
        "U5": Spot(15.0, 8.0, 60.0, 2.6),
    },
    faults=by_name(
        f.dried_capacitor(
            {
                "en": "large 100 kHz ripple on TP_12V, and 100 Hz hum at the output",
                "zh-CN": "TP_12V 出现较大的 100 kHz 纹波，输出有 100 Hz 交流声",
            },
            {"stage.hum_v": 0.08},
        ),
        f.Fault(
            "blown_amplifier",
            "U5",
            {"en": "Amplifier U5 blown", "zh-CN": "功放 U5 烧毁"},
            {"en": "no sound: nothing at TP_SPK, supply current low", "zh-CN": "无声：TP_SPK 无信号，供电电流偏小"},
            {"stage.tone_v": 0.0, "stage.line_gain": 0.0, "stage.load_ohm": 1e9},
        ),
        f.Fault(
            "clipping_amplifier",
            "U5",
            {"en": "Amplifier U5 clips (bootstrap capacitor lost)", "zh-CN": "功放 U5 削顶（自举电容失效）"},
            {"en": "harsh sound: flat tops at TP_SPK", "zh-CN": "声音失真：TP_SPK 波形削顶"},
            {"stage.clip_v": 1.5},
        ),
        f.Fault(
            "ground_hum",
            "J3",
            {"en": "Ground connection of the amplifier open", "zh-CN": "功放接地不良"},
            {"en": "100 Hz hum at TP_SPK, rails clean", "zh-CN": "TP_SPK 有 100 Hz 交流声，电源轨干净"},
            {"stage.hum_v": 0.12},
        ),
        f.Fault(
            "leaking_coupling",
            "C21",
            {"en": "Output coupling C21 has lost capacitance", "zh-CN": "输出耦合电容 C21 容量下降"},
            {"en": "quiet and thin sound: level at TP_SPK low", "zh-CN": "声音小而薄：TP_SPK 电平偏低"},
            {"stage.coupling_f": 0.67e-6},
        ),
        f.Fault(
            "dull_treble",
            "C22",
            {"en": "Output filter C22 with a capacitor of four times the value", "zh-CN": "输出滤波 C22 误装四倍容值"},
            {
                "en": "dull sound: nothing is wrong at 1 kHz, treble is missing at TP_SPK",
                "zh-CN": "声音发闷：1 kHz 正常，TP_SPK 缺少高音",
            },
            {"stage.treble_hz": 5.5e3},
            found_by="golden",
        ),
        f.leaky_ldo(leakage_s=0.008),
        f.cold_joint(),
        f.wrong_crystal(),
        f.corrupted_firmware(),
    ),
)

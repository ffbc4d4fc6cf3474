"""SP-100: smart plug with a relay, fed at J1 with 5 V on the bench (mains isolated)."""

from drivers.simulated import faults as f
from drivers.simulated.board import Board
from drivers.simulated.heat import SPOTS
from drivers.simulated.points import board_points
from drivers.simulated.products.product import Product, by_name

PRODUCT = Product(
    model="SP-100",
    key="plug",
    title={"en": "Smart plug SP-100", "zh-CN": "智能插座 SP-100"},
    serial="SP100-2407-0001",
    feed_v=5.0,
    board=Board(),
    points=board_points("TP_5V", "TP_RELAY"),
    spots=SPOTS,
    faults=by_name(
        f.dried_capacitor(
            {
                "en": "large 100 kHz ripple on TP_5V and TP_3V3, mean voltages normal; C5 measures far below 220 µF",
                "zh-CN": "TP_5V 与 TP_3V3 上出现较大的 100 kHz 纹波，平均电压正常；C5 容量远低于 220 µF",
            }
        ),
        f.leaky_ldo(),
        f.cold_joint(),
        f.wrong_crystal(),
        f.corrupted_firmware(),
        f.shorted_load("5 V"),
        f.broken_sensor_bus(),
        f.weak_drive(
            "weak_relay_drive",
            {"en": "Weak relay driver", "zh-CN": "继电器驱动不足"},
            {
                "en": "TP_RELAY high level low and its edge slow; the relay does not pull in",
                "zh-CN": "TP_RELAY 高电平偏低、边沿缓慢，继电器不吸合",
            },
            78.0,
        ),
        f.creeping_reference(),
    ),
)

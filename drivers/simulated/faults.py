"""The faults that can be put into the simulated device, and what each of them looks like on the bench."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``part`` is the reference designator of the component at fault."""

    name: str
    part: str
    title: Mapping[str, str]
    looks_like: Mapping[str, str]


_ALL = (
    Fault(
        "dried_capacitor",
        "C5",
        {"en": "Dried-out reservoir capacitor", "zh-CN": "滤波电容干涸"},
        {
            "en": "large 100 kHz ripple on TP_5V and TP_3V3, mean voltages normal; C5 measures far below 220 µF",
            "zh-CN": "TP_5V 与 TP_3V3 上出现较大的 100 kHz 纹波，平均电压正常；C5 容量远低于 220 µF",
        },
    ),
    Fault(
        "leaky_ldo",
        "U2",
        {"en": "Leaky voltage regulator", "zh-CN": "稳压器漏电"},
        {
            "en": "TP_3V3 low, supply current high, hot spot at U2",
            "zh-CN": "TP_3V3 偏低，供电电流偏大，U2 处有热点",
        },
    ),
    Fault(
        "cold_joint",
        "U2",
        {"en": "Cold solder joint at the regulator's output", "zh-CN": "稳压器输出脚虚焊"},
        {
            "en": "short drops of TP_3V3 about twice a second, and brown-out resets in the log",
            "zh-CN": "TP_3V3 每秒约两次瞬间跌落，日志中出现欠压复位",
        },
    ),
    Fault(
        "wrong_crystal",
        "Y1",
        {"en": "Wrong crystal fitted (7.3728 MHz)", "zh-CN": "晶振型号错误（7.3728 MHz）"},
        {
            "en": "TP_XTAL 7.8 % low, and the UART log is garbage at 115200 baud",
            "zh-CN": "TP_XTAL 频率偏低 7.8%，串口日志在 115200 波特率下为乱码",
        },
    ),
    Fault(
        "corrupted_firmware",
        "U3",
        {"en": "Corrupted firmware", "zh-CN": "固件损坏"},
        {"en": "boot loop with a CRC message on the UART", "zh-CN": "串口显示 CRC 错误并循环重启"},
    ),
    Fault(
        "shorted_load",
        "C7",
        {"en": "Short circuit on the 5 V rail", "zh-CN": "5 V 电源短路"},
        {
            "en": "the supply limits its current, all rails collapse, hot spot at C7",
            "zh-CN": "供电进入限流，各路电压跌落，C7 处有热点",
        },
    ),
    Fault(
        "broken_sensor_bus",
        "R12",
        {"en": "Sensor bus stuck", "zh-CN": "传感器总线故障"},
        {
            "en": "TP_SENSOR_SDA held low, and a sensor error in the log",
            "zh-CN": "TP_SENSOR_SDA 被拉低，日志中有传感器错误",
        },
    ),
    Fault(
        "weak_relay_drive",
        "Q1",
        {"en": "Weak relay driver", "zh-CN": "继电器驱动不足"},
        {
            "en": "TP_RELAY high level low and its edge slow; the relay does not pull in",
            "zh-CN": "TP_RELAY 高电平偏低、边沿缓慢，继电器不吸合",
        },
    ),
)
FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _ALL}
"""Every fault by its name."""


def known_fault(name: str) -> Fault:
    """Return the fault called ``name``; raise ``ValueError`` with the known names when there is none."""
    if name not in FAULTS:
        raise ValueError(f"no fault {name!r}; this device knows {', '.join(FAULTS)}")
    return FAULTS[name]

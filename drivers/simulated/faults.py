"""The faults that can be put into a simulated device: what each changes about its board, and how it looks on the bench.

Faults that many products share are made here, with the part's name and what it looks like there.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CORRUPTED_FIRMWARE = "corrupted_firmware"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``part`` is the reference designator of the component at fault."""

    name: str
    part: str
    title: Mapping[str, str]
    looks_like: Mapping[str, str]
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Values of the board that it changes (``board.Board.changed``)."""
    resets: str | None = None
    """Reason of the reset that the fault brings, if it does."""
    found_by: str = "functional"
    """Which of the product's plans finds it: ``functional``, ``soak`` or ``golden``."""


def dried_capacitor(looks_like: Mapping[str, str], changes: Mapping[str, float] | None = None) -> Fault:
    """Return a reservoir capacitor that has lost its electrolyte."""
    title = {"en": "Dried-out reservoir capacitor", "zh-CN": "滤波电容干涸"}
    return Fault("dried_capacitor", "C5", title, looks_like, {"c5_f": 8e-6, "c5_esr_ohm": 2.5, **(changes or {})})


def leaky_ldo(leakage_s: float = 0.03) -> Fault:
    """Return a regulator that leaks to ground and sags."""
    title = {"en": "Leaky voltage regulator", "zh-CN": "稳压器漏电"}
    looks_like = {
        "en": "TP_3V3 low, supply current high, hot spot at U2",
        "zh-CN": "TP_3V3 偏低，供电电流偏大，U2 处有热点",
    }
    return Fault("leaky_ldo", "U2", title, looks_like, {"regulated_v": 3.02, "leakage_s": leakage_s})


def cold_joint() -> Fault:
    """Return a solder joint that opens about twice a second."""
    return Fault(
        "cold_joint",
        "U2",
        {"en": "Cold solder joint at the regulator's output", "zh-CN": "稳压器输出脚虚焊"},
        {
            "en": "short drops of TP_3V3 about twice a second, and brown-out resets in the log",
            "zh-CN": "TP_3V3 每秒约两次瞬间跌落，日志中出现欠压复位",
        },
        {"joint_opens": True},
    )


def wrong_crystal() -> Fault:
    """Return a crystal of another frequency."""
    return Fault(
        "wrong_crystal",
        "Y1",
        {"en": "Wrong crystal fitted (7.3728 MHz)", "zh-CN": "晶振型号错误（7.3728 MHz）"},
        {
            "en": "TP_XTAL 7.8 % low, and the UART log is garbage at 115200 baud",
            "zh-CN": "TP_XTAL 频率偏低 7.8%，串口日志在 115200 波特率下为乱码",
        },
        {"crystal_hz": 7.3728e6},
        resets="clock failure",
    )


def corrupted_firmware() -> Fault:
    """Return an application whose CRC is wrong; the device's flash itself is changed, not its board."""
    return Fault(
        CORRUPTED_FIRMWARE,
        "U3",
        {"en": "Corrupted firmware", "zh-CN": "固件损坏"},
        {"en": "boot loop with a CRC message on the UART", "zh-CN": "串口显示 CRC 错误并循环重启"},
    )


def shorted_load(rail: str) -> Fault:
    """Return a short circuit of the main rail."""
    return Fault(
        "shorted_load",
        "C7",
        {"en": f"Short circuit on the {rail} rail", "zh-CN": f"{rail} 电源短路"},
        {
            "en": "the supply limits its current, all rails collapse, hot spot at C7",
            "zh-CN": "供电进入限流，各路电压跌落，C7 处有热点",
        },
        {"short_s": 1 / 1.2},
    )


def broken_sensor_bus() -> Fault:
    """Return a data line that is held low."""
    return Fault(
        "broken_sensor_bus",
        "R12",
        {"en": "Sensor bus stuck", "zh-CN": "传感器总线故障"},
        {
            "en": "TP_SENSOR_SDA held low, and a sensor error in the log",
            "zh-CN": "TP_SENSOR_SDA 被拉低，日志中有传感器错误",
        },
        {"bus_stuck": True},
    )


def weak_drive(name: str, title: Mapping[str, str], looks_like: Mapping[str, str], driver_ohm: float) -> Fault:
    """Return a driver transistor that no longer switches through, and slowly."""
    return Fault(name, "Q1", title, looks_like, {"stage.driver_ohm": driver_ohm, "stage.rise_tau_s": 1.2e-3})


def creeping_reference() -> Fault:
    """Return a regulator whose reference creeps for hours: at first nothing shows."""
    return Fault(
        "creeping_reference",
        "U2",
        {"en": "Creeping reference of the regulator", "zh-CN": "稳压器基准漂移"},
        {
            "en": "TP_3V3 falls by some tenths of a millivolt an hour under power; a short test shows nothing",
            "zh-CN": "通电后 TP_3V3 每小时下降零点几毫伏；短时检测看不出异常",
        },
        {"creep_v_per_h": -0.6e-3},
        found_by="soak",
    )


OPEN_OHM = math.inf
"""Resistance of a part that no longer conducts."""

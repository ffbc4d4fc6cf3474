"""Kinds of test points: what an instrument sees there is told by ``waves``."""

from enum import StrEnum


class PointKind(StrEnum):
    """What a test point is connected to."""

    TERMINAL = "terminal"
    GROUND = "ground"
    MAIN = "main"
    LOGIC = "logic"
    CRYSTAL = "crystal"
    UART = "uart"
    STAGE = "stage"
    SENSOR_SDA = "sensor_sda"
    SENSOR_SCL = "sensor_scl"
    THERMISTOR = "thermistor"
    LINE = "line"
    """The line input of an amplifier."""
    REFERENCE = "reference"
    """A precise voltage."""
    RESISTOR = "resistor"
    """A precise resistor to ground."""


def board_points(main: str, stage: str, **more: PointKind) -> dict[str, PointKind]:
    """Return the test points that every board has, with the names of its main rail and output stage."""
    return {
        "J1": PointKind.TERMINAL,
        "TP_GND": PointKind.GROUND,
        main: PointKind.MAIN,
        "TP_3V3": PointKind.LOGIC,
        "TP_XTAL": PointKind.CRYSTAL,
        "TP_UART": PointKind.UART,
        stage: PointKind.STAGE,
        "TP_SENSOR_SDA": PointKind.SENSOR_SDA,
        "TP_SENSOR_SCL": PointKind.SENSOR_SCL,
        **more,
    }

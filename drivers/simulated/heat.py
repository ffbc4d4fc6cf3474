"""The heat map of the board: each part's loss spreads as a spot, and warms and cools with one time constant."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drivers.simulated.noise import Floats

AMBIENT_C = 25.0
ROWS, COLUMNS = 24, 32
TIME_CONSTANT_S = 4.0
"""A small board in still air; short, so that a bench need not wait minutes."""
HOTTEST_RISE_K = 220.0
"""Above this the solder melts; the model ends there."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a part lies in the image, its thermal resistance at the surface and the width of its spot in pixels."""

    row: float
    column: float
    kelvin_per_watt: float
    sigma: float


SPOTS: Mapping[str, Spot] = {
    "U1": Spot(5.0, 8.0, 60.0, 1.8),
    "U2": Spot(8.0, 20.0, 80.0, 1.6),
    "U3": Spot(14.0, 17.0, 45.0, 2.2),
    "K1": Spot(18.0, 7.0, 35.0, 3.0),
    "Q1": Spot(12.0, 9.0, 110.0, 1.2),
    "C7": Spot(4.0, 14.0, 110.0, 1.3),
}
"""The board of the SP-100, from which the others differ in few places."""


def approach(
    spots: Mapping[str, Spot], start: Mapping[str, float], losses_w: Mapping[str, float], elapsed_s: float
) -> dict[str, float]:
    """Return each part's rise above ambient (K) after ``elapsed_s`` seconds with ``losses_w``, from ``start``."""
    left = math.exp(-max(0.0, elapsed_s) / TIME_CONSTANT_S)
    rises = {}
    for part, spot in spots.items():
        final = min(HOTTEST_RISE_K, losses_w.get(part, 0.0) * spot.kelvin_per_watt)
        rises[part] = final + (start.get(part, 0.0) - final) * left
    return rises


def temperature_map(spots: Mapping[str, Spot], rises: Mapping[str, float]) -> Floats:
    """Return the surface temperatures in °C, shape (24, 32)."""
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float64)
    field = np.full((ROWS, COLUMNS), AMBIENT_C)
    for part, spot in spots.items():
        distance2 = (rows - spot.row) ** 2 + (columns - spot.column) ** 2
        field += rises.get(part, 0.0) * np.exp(-distance2 / (2.0 * spot.sigma**2))
    return field

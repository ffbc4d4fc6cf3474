"""Good units of a product differ: each has parts within their tolerances, and lies a little elsewhere under the camera.

What part has which tolerance is that of ordinary parts: 5 % for coupling resistances, 10 % for electrolytic
capacitors, 0.5 % for a regulator, 10 ppm for a crystal. A fault puts its own value in the place of the unit's.
"""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from drivers.simulated.board import StageKind
from drivers.simulated.products.product import Product

BOARD: Mapping[str, float] = {
    "converter_ohm": 0.05,
    "converter_idle_a": 0.05,
    "ripple_hz": 0.003,
    "regulated_v": 0.005,
    "ripple_feedthrough": 0.05,
    "logic_load_ohm": 0.02,
    "c5_f": 0.10,
    "c5_esr_ohm": 0.15,
    "c6_f": 0.10,
    "crystal_hz": 10e-6,
}
"""Relative tolerance of each value of a board, uniform within ±."""
STAGE: Mapping[str, float] = {
    "load_ohm": 0.02,
    "driver_ohm": 0.10,
    "rise_tau_s": 0.05,
    "fall_tau_s": 0.05,
    "tone_v": 0.02,
}
AUDIO: Mapping[str, float] = {"line_gain": 0.03, "coupling_f": 0.20, "treble_hz": 0.10}
THERMAL = 0.05
"""Tolerance of thermal resistances."""
PLACED_PX = 0.4
"""How far off a technician lays a board under the camera, in pixels either way."""


def unit(product: Product, number: int) -> Product:
    """Return one good unit of a product; ``number`` makes it, and its serial number, always the same."""
    draw = Random(f"{product.model} {number}")  # noqa: S311 - a model, no secret

    def within(tolerance: float) -> float:
        return 1.0 + draw.uniform(-tolerance, tolerance)

    board = product.board
    changes: dict[str, Any] = {name: getattr(board, name) * within(of) for name, of in BOARD.items()}
    changes |= {f"stage.{name}": getattr(board.stage, name) * within(of) for name, of in STAGE.items()}
    down, right = draw.uniform(-PLACED_PX, PLACED_PX), draw.uniform(-PLACED_PX, PLACED_PX)
    spots = {
        part: replace(
            spot,
            row=spot.row + down,
            column=spot.column + right,
            kelvin_per_watt=spot.kelvin_per_watt * within(THERMAL),
        )
        for part, spot in product.spots.items()
    }
    if board.stage.kind is StageKind.AUDIO:
        changes |= {f"stage.{name}": getattr(board.stage, name) * within(of) for name, of in AUDIO.items()}
    return replace(
        product, board=board.changed(changes), spots=spots, serial=f"{product.serial.rpartition('-')[0]}-{number:04d}"
    )

"""Melexis MLX90640, a 32 × 24 infrared array: EEPROM and RAM words to temperatures, and back for a simulator.

Source: MLX90640 data sheet (Melexis 3901090640), section 11 "Calculating object temperature"; words are numbered from
EEPROM address 0x2400 and RAM address 0x0400.
"""

from protocols.thermal.mlx90640.calibration import MLX90640Calibration
from protocols.thermal.mlx90640.errors import Mlx90640Error
from protocols.thermal.mlx90640.frame import ambient_c, fill_defective, merge, subframe_mask, supply_v, temperatures
from protocols.thermal.mlx90640.synthesis import default_eeprom, encode_frame

__all__ = [
    "MLX90640Calibration",
    "Mlx90640Error",
    "ambient_c",
    "default_eeprom",
    "encode_frame",
    "fill_defective",
    "merge",
    "subframe_mask",
    "supply_v",
    "temperatures",
]

"""The error of this sensor's parsers."""

from protocols.errors import ProtocolError


class Mlx90640Error(ProtocolError):
    """EEPROM or frame words that no MLX90640 gives, or a scene that its words cannot hold."""

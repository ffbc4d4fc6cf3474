"""How much a file may unpack to, unless whoever reads it says that it is trusted."""

LIMIT_BYTES = 1 << 30

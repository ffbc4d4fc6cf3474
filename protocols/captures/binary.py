"""Fields of a binary file, each read only after it is known to be inside the file."""

import struct
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from protocols.captures.errors import CaptureError

ByteOrder = Literal["<", ">"]


@dataclass(frozen=True, slots=True)
class BinaryReader:
    """Random access to ``data``; every method raises ``CaptureError`` naming the field, the place and the file.

    Offsets count from the start of ``data``. ``what`` is the name of the field for the message.
    """

    data: bytes
    name: str
    order: ByteOrder = "<"

    def with_order(self, order: ByteOrder) -> Self:
        """Return a reader of the same data in another byte order."""
        return replace(self, order=order)

    def fail(self, at: int, reason: str) -> CaptureError:
        """Return the error that names file and place."""
        return CaptureError(f"{self.name}: byte {at}: {reason}")

    def check(self, at: int, count: int, what: str) -> None:
        """Raise unless ``count`` bytes at ``at`` are inside the file."""
        if at < 0 or count < 0 or at + count > len(self.data):
            missing = at + count - len(self.data)
            raise self.fail(
                at,
                f"{what} needs {count} bytes, the file ends {missing} bytes too early; copy it again from its source",
            )

    def _number(self, kind: str, at: int, what: str) -> Any:
        self.check(at, struct.calcsize(kind), what)
        return struct.unpack_from(self.order + kind, self.data, at)[0]

    def u8(self, at: int, what: str) -> int:
        """Read an unsigned byte."""
        return int(self._number("B", at, what))

    def u16(self, at: int, what: str) -> int:
        """Read an unsigned 16-bit number."""
        return int(self._number("H", at, what))

    def i16(self, at: int, what: str) -> int:
        """Read a signed 16-bit number."""
        return int(self._number("h", at, what))

    def i32(self, at: int, what: str) -> int:
        """Read a signed 32-bit number."""
        return int(self._number("i", at, what))

    def u32(self, at: int, what: str) -> int:
        """Read an unsigned 32-bit number."""
        return int(self._number("I", at, what))

    def i64(self, at: int, what: str) -> int:
        """Read a signed 64-bit number."""
        return int(self._number("q", at, what))

    def f32(self, at: int, what: str) -> float:
        """Read a finite float."""
        return self._finite(self._number("f", at, what), at, what)

    def f64(self, at: int, what: str) -> float:
        """Read a finite double."""
        return self._finite(self._number("d", at, what), at, what)

    def _finite(self, value: float, at: int, what: str) -> float:
        if not np.isfinite(value):
            raise self.fail(at, f"{what} is {value}, which no instrument writes; the file is damaged")
        return float(value)

    def text(self, at: int, count: int, what: str) -> str:
        """Read a field of ``count`` bytes that holds NUL-terminated text; odd bytes become U+FFFD."""
        self.check(at, count, what)
        field = self.data[at : at + count].split(b"\0", 1)[0].decode("utf-8", "replace")
        return "".join(c if c.isprintable() else "\ufffd" for c in field).strip()

    def array(self, at: int, kind: str, count: int, what: str) -> npt.NDArray[Any]:
        """Return ``count`` numbers of numpy type ``kind`` (without byte order), shape (count,), without copying."""
        kind_here = np.dtype(self.order + kind)
        self.check(at, count * kind_here.itemsize, what)
        return np.frombuffer(self.data, kind_here, count, at)

"""The error of every capture-file parser."""

from protocols.errors import ProtocolError


class CaptureError(ProtocolError):
    """A capture file that cannot be read, or a capture that a file format cannot hold.

    The message names the file, the place in it, what is wrong and how to mend it.
    """


class NoTable(CaptureError):
    """A file that is no text, or a text without rows of numbers."""


def quoted(text: str, limit: int = 40) -> str:
    """Return text from a file as it can stand in a message: in quotes, on one line, ``limit`` characters at most."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")

"""Transcripts: what each driver says and hears, byte for byte. Data, so that a test can ask what they cover."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scripted_server import Exchange

NO_ERROR: Exchange = ("SYST:ERR?", '+0,"No error"')


@dataclass(frozen=True)
class Transcript:
    """``action`` is given the open instrument; ``script`` is what follows the identification."""

    profile: str
    name: str
    action: Callable[[Any], object]
    script: list[Exchange]
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.profile}: {self.name}"

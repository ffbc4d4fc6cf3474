"""What all SCPI drivers have in common: a link, the profile that declares it, identity and safe state."""

from typing import Any, Generic, TypeVar, cast

from drivers.capabilities import Instrument
from drivers.scpi.link import ScpiLink
from drivers.scpi.model import ScpiProfile

P = TypeVar("P", bound=ScpiProfile)


class ScpiInstrument(Instrument, Generic[P]):
    """Base of a driver of the profiles ``P``; its other base is the capability that it implements."""

    def __init__(self, link: ScpiLink, **_: Any) -> None:
        self.profile = cast(P, link.profile)  # the registry pairs them
        self.link = link
        self.guard = link.guard

    def identify(self) -> str:
        """Return the ``*IDN?`` answer."""
        return self.link.identify()

    def safe_state(self) -> None:
        """Send the profile's safe-state commands: every output (of a load, the input) off."""
        self.link.safe_state()

    def close(self) -> None:
        """Release the port."""
        self.link.close()

"""The declaration of a serial console."""

from typing import ClassVar

from drivers.profile_base import ProfileBase, SerialLine


class SerialConsoleProfile(ProfileBase, tag="serial-console", frozen=True, kw_only=True):
    """A UART log; the line settings are those of most devices and are changed by options."""

    capability: ClassVar[str] = "serial_console"

    serial: SerialLine = SerialLine(baud=115200)

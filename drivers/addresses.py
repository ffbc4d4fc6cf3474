"""Instrument addresses as written in ``bench.toml``: a scheme, a target and options."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from drivers.errors import Misconfigured

_VISA = re.compile(r"^(TCPIP|USB|ASRL|GPIB|PXI|VXI)[^:]*::.+$|^ASRL[^:]+$", re.IGNORECASE)
_VISA_SOCKET = re.compile(r"^TCPIP\d*::(?P<host>.+)::(?P<port>\d+)::SOCKET$", re.IGNORECASE)
_WITH_OPTIONS = (
    "serial", "hid", "uvc", "modbus-rtu", "modbus-tcp", "i2c", "sc18im700", "stm32flash", "esptool",
    "avrdude", "dfu-util", "openocd", "pyocd",
)  # fmt: skip
_SCHEMES = (*_WITH_OPTIONS, "flashrom")


@dataclass(frozen=True, slots=True)
class Address:
    """One address. ``scheme`` is ``tcp`` (a VISA socket), ``visa`` or one of ours; ``options`` follow a ``?``."""

    text: str
    scheme: str
    target: str
    options: Mapping[str, str] = field(default_factory=dict)

    def integer(self, option: str, default: int) -> int:
        """Return a whole-number option (``unit=1``, ``address=0x33``); raise ``Misconfigured`` when it is none."""
        text = self.options.get(option)
        if text is None:
            return default
        try:
            return int(text, 0)
        except ValueError as error:
            raise Misconfigured(f"address {self.text!r}: {option} must be a whole number, not {text!r}") from error

    def host_and_port(self, default_port: int) -> tuple[str, int]:
        """Split a ``host:port`` target; raise ``Misconfigured`` when the port is no port number."""
        host, colon, port = self.target.rpartition(":")
        if not colon:
            return self.target, default_port
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise Misconfigured(f"address {self.text!r}: the port must be a number from 1 to 65535, not {port!r}")
        return host.strip("[]"), int(port)


def parse_address(text: str) -> Address:
    """Return the parts of an address; raise ``Misconfigured`` naming the forms that exist."""
    socket_name = _VISA_SOCKET.match(text)
    if socket_name:
        address = Address(text, "tcp", f"{socket_name['host']}:{socket_name['port']}")
        address.host_and_port(0)
        return address
    if _VISA.match(text):
        return Address(text, "visa", text)
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in _SCHEMES or not rest:
        raise Misconfigured(
            f"{text!r} is no instrument address; write a VISA resource name (TCPIP::host::port::SOCKET, "
            f"USB0::…::INSTR) or one of {', '.join(name + ':…' for name in _SCHEMES)}"
        )
    options: dict[str, str] = {}
    if scheme in _WITH_OPTIONS:
        rest, _, query = rest.partition("?")
        options = dict(parse_qsl(query, keep_blank_values=True))
    return Address(text, scheme, rest, options)

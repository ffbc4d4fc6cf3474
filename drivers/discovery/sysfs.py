"""What Linux tells of connected devices in sysfs, without opening any of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

USBTMC = ("fe", "03")
_HID = re.compile(r"^HID_ID=[0-9A-F]+:([0-9A-F]{8}):([0-9A-F]{8})$", re.MULTILINE | re.IGNORECASE)
_HID_NAME = re.compile(r"^HID_NAME=(.*)$", re.MULTILINE)
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class UsbId:
    """Vendor, product, and what the device calls itself."""

    vendor: int
    product: int
    name: str = ""
    serial: str = ""

    def __str__(self) -> str:
        parts = [self.name, f"{self.vendor:04x}:{self.product:04x}", self.serial and f"serial {self.serial}"]
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """A device file in ``/dev`` and the USB device behind it (``None``: a port of the machine itself)."""

    path: str
    usb: UsbId | None


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A device on the bus; ``usbtmc`` when it is a test-and-measurement device."""

    usb: UsbId
    bus_name: str
    usbtmc: bool


def serial_ports(sysfs: Path) -> list[DeviceFile]:
    """Return the USB serial ports (``ttyUSB``, ``ttyACM``), by name."""
    ports = (path for path in _entries(sysfs / "class/tty") if path.name.startswith(("ttyUSB", "ttyACM")))
    return [DeviceFile(f"/dev/{path.name}", _usb_above(path / "device")) for path in ports]


def hid_devices(sysfs: Path) -> list[DeviceFile]:
    """Return the raw HID devices, by name."""
    found = []
    for path in _entries(sysfs / "class/hidraw"):
        usb = _usb_above(path / "device")
        event = _read(path / "device/uevent")
        match = _HID.search(event)
        if usb is None and match:
            name = _HID_NAME.search(event)
            usb = UsbId(int(match[1], 16), int(match[2], 16), name[1].strip() if name else "")
        found.append(DeviceFile(f"/dev/{path.name}", usb))
    return found


def video_devices(sysfs: Path) -> list[DeviceFile]:
    """Return the first video device of each USB camera (a camera's further ones carry metadata)."""
    first = (path for path in _entries(sysfs / "class/video4linux") if _read(path / "index") in ("", "0"))
    return [DeviceFile(f"/dev/{path.name}", _usb_above(path / "device")) for path in first]


def usb_devices(sysfs: Path) -> list[UsbDevice]:
    """Return every device on the USB buses."""
    found = []
    for path in _entries(sysfs / "bus/usb/devices"):
        usb = _usb(path)
        if usb is not None:
            interfaces = [one for one in _entries(path) if one.name.startswith(f"{path.name}:")]
            classes = [(_read(one / "bInterfaceClass"), _read(one / "bInterfaceSubClass")) for one in interfaces]
            found.append(UsbDevice(usb, path.name, USBTMC in classes))
    return found


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir(), key=lambda path: _natural(path.name))
    except OSError:
        return  # no such class: there is no such device


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _usb_above(device: Path) -> UsbId | None:
    """Return the USB device that ``device`` is an interface or a port of."""
    path = device.resolve()
    for _ in range(_DEPTH):
        usb = _usb(path)
        if usb is not None:
            return usb
        if path.parent == path:
            break
        path = path.parent
    return None


def _usb(path: Path) -> UsbId | None:
    vendor, product = _read(path / "idVendor"), _read(path / "idProduct")
    try:
        return UsbId(int(vendor, 16), int(product, 16), _read(path / "product"), _read(path / "serial"))
    except ValueError:
        return None


def _read(path: Path) -> str:
    try:
        return path.read_bytes()[:1000].decode("utf-8", errors="replace").strip()
    except OSError:
        return ""

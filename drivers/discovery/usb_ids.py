"""USB ids that a bench meets, and what may be done with them.

From the ids that the makers' drivers and udev rules publish (Linux ``usb.ids``, OpenOCD ``60-openocd.rules``, sigrok
``60-libsigrok.rules``, the groupgets and InfiRay tools). An id that is not here is never spoken to.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a USB id stands for."""

    BRIDGE = "bridge"
    """A serial bridge: anything may be behind it. It is listened to, then asked."""
    INSTRUMENT = "instrument"
    """An instrument of its own."""
    PROGRAMMER = "programmer"
    """A programmer, a debug probe, or a board whose opening resets it. Never opened."""


@dataclass(frozen=True, slots=True)
class Known:
    """``addresses``: an address for each profile that it may be; ``{device}`` is the device file.

    The chip in a programmer's address is an example that a person corrects: no programmer tells it by its USB id.
    """

    kind: Kind
    name: str
    addresses: tuple[tuple[str, str], ...] = ()


def _probe(name: str, *addresses: tuple[str, str]) -> Known:
    return Known(Kind.PROGRAMMER, name, addresses)


def _bridge(name: str) -> Known:
    return Known(Kind.BRIDGE, name)


_STLINK = (("openocd", "openocd:interface/stlink.cfg?target=target/stm32f1x.cfg"),)
_CMSIS_DAP = (
    ("pyocd", "pyocd:any?target=cortex_m"),
    ("openocd", "openocd:interface/cmsis-dap.cfg?target=target/stm32f1x.cfg"),
)
_JLINK = (("openocd", "openocd:interface/jlink.cfg?target=target/stm32f1x.cfg"),)

USB_IDS: dict[tuple[int, int], Known] = {
    # Serial bridges.
    (0x0403, 0x6001): _bridge("FTDI FT232R"),
    (0x0403, 0x6015): _bridge("FTDI FT230X"),
    (0x067B, 0x2303): _bridge("Prolific PL2303"),
    (0x067B, 0x23A3): _bridge("Prolific PL2303GC"),
    (0x067B, 0x23C3): _bridge("Prolific PL2303GT"),
    (0x10C4, 0xEA60): _bridge("Silicon Labs CP210x"),
    (0x1A86, 0x7523): _bridge("WCH CH340"),
    (0x1A86, 0x5523): _bridge("WCH CH341 (serial)"),
    (0x0416, 0x5011): Known(Kind.INSTRUMENT, "Korad supply", (("korad-ka3005p", "serial:{device}"),)),
    # Meters behind USB-HID bridges.
    (0x10C4, 0xEA80): Known(
        Kind.INSTRUMENT,
        "Silicon Labs CP2110 (UNI-T cable)",
        (("uni-t-ut61e-plus", "hid:{device}"), ("uni-t-ut8803", "hid:{device}")),
    ),
    (0x1A86, 0xE429): Known(
        Kind.INSTRUMENT, "WCH CH9329 (UNI-T UT-D09 cable)", (("uni-t-ut61e-plus", "hid:{device}"),)
    ),
    (0x1A86, 0xE008): Known(Kind.INSTRUMENT, "WCH CH9325 (UNI-T UT-D04 cable)", (("uni-t-ut61e", "hid:{device}"),)),
    (0x04FA, 0x2490): Known(Kind.INSTRUMENT, "Hoitek HE2325U (UNI-T cable)", (("uni-t-ut61e", "hid:{device}"),)),
    (0x0820, 0x0001): Known(Kind.INSTRUMENT, "Brymen BU-86X cable", (("brymen-bm869", "hid:{device}"),)),
    # Thermal cameras.
    (0x1E4E, 0x0100): Known(
        Kind.INSTRUMENT, "GroupGets PureThermal", (("flir-lepton-purethermal", "uvc:{device}"),)
    ),
    (0x0BDA, 0x5830): Known(Kind.INSTRUMENT, "InfiRay P2 Pro / Topdon TC001", (("infiray-p2-pro", "uvc:{device}"),)),
    # Programmers and boards.
    (0x0483, 0x3748): _probe("ST-Link/V2", *_STLINK),
    (0x0483, 0x374B): _probe("ST-Link/V2-1", *_STLINK),
    (0x0483, 0x3752): _probe("ST-Link/V2-1", *_STLINK),
    (0x0483, 0x374E): _probe("ST-Link/V3", *_STLINK),
    (0x0483, 0x374F): _probe("ST-Link/V3", *_STLINK),
    (0x0483, 0x3753): _probe("ST-Link/V3", *_STLINK),
    (0x0483, 0xDF11): _probe("STM32 in DFU mode", ("dfu-util", "dfu-util:0483:df11?alternate=0")),
    (0x0D28, 0x0204): _probe("DAPLink (CMSIS-DAP)", *_CMSIS_DAP),
    (0x2E8A, 0x000C): _probe("Raspberry Pi Debug Probe (CMSIS-DAP)", *_CMSIS_DAP),
    (0x2E8A, 0x0003): _probe("RP2040 in its boot loader"),
    (0x1366, 0x0101): _probe("SEGGER J-Link", *_JLINK),
    (0x1366, 0x0105): _probe("SEGGER J-Link", *_JLINK),
    (0x1366, 0x1015): _probe("SEGGER J-Link", *_JLINK),
    (0x1D50, 0x6018): _probe("Black Magic Probe"),
    (0x1A86, 0x5512): _probe("WCH CH341A", ("flashrom", "flashrom:ch341a_spi")),
    (0x16C0, 0x05DC): _probe("USBasp", ("avrdude", "avrdude:usb?programmer=usbasp&part=m328p")),
    (0x1781, 0x0C9F): _probe("USBtinyISP", ("avrdude", "avrdude:usb?programmer=usbtiny&part=m328p")),
    (0x03EB, 0x2104): _probe("AVRISP mkII", ("avrdude", "avrdude:usb?programmer=avrispmkII&part=m328p")),
    (0x03EB, 0x2141): _probe("Atmel-ICE", ("avrdude", "avrdude:usb?programmer=atmelice_isp&part=m328p")),
    (0x303A, 0x1001): _probe("Espressif USB JTAG/serial", ("esptool", "esptool:{device}")),
    (0x303A, 0x0002): _probe("Espressif ROM loader"),
    (0x1A86, 0x55D4): _probe("WCH CH9102 (usual on ESP32 boards)", ("esptool", "esptool:{device}")),
    (0x0403, 0x6010): _probe("FTDI FT2232 (usual in JTAG adapters)"),
    (0x0403, 0x6011): _probe("FTDI FT4232 (usual in JTAG adapters)"),
    (0x0403, 0x6014): _probe("FTDI FT232H (usual in JTAG and SPI adapters)"),
}  # fmt: skip

BOARD_MAKERS: dict[int, str] = {
    0x2341: "Arduino",
    0x2A03: "Arduino",
    0x239A: "Adafruit",
    0x303A: "Espressif",
    0x2E8A: "Raspberry Pi",
    0x16C0: "PJRC or a hobby project",
    0x1B4F: "SparkFun",
    0x1FC9: "NXP",
    0x0483: "STMicroelectronics",
    0x1209: "an open-hardware project",
}
"""Makers whose serial ports are boards: opening one may reset it."""


def known(vendor: int, product: int) -> Known | None:
    """Return what an id stands for; ``None`` when it is not known."""
    found = USB_IDS.get((vendor, product))
    if found is None and vendor in BOARD_MAKERS:
        return Known(Kind.PROGRAMMER, f"a board of {BOARD_MAKERS[vendor]}")
    return found

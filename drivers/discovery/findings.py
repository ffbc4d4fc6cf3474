"""What a search finds."""

from dataclasses import dataclass
from typing import Literal

from drivers.profile_base import Title

Transport = Literal["serial", "tcp", "visa", "hid", "usb", "video", "modbus"]

TOLD = 1.0
"""The instrument told its identity, and the profile's pattern matches it."""
ANNOUNCED = 0.9
"""The network announcement names maker and model."""
HEARD = 0.8
"""Its frames decode; no other profile has such frames."""
SHARED = 0.6
"""Its frames decode, or its USB id matches, and several profiles share them."""
HINTED = 0.4
"""Only the USB id speaks for it, or a bridge that many things are built with."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A driver profile that may be the right one: ``confidence`` from 0 to 1, and the address that it needs."""

    profile: str
    address: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is connected.

    ``address`` names it (the best candidate's, else the plainest); ``place`` is where it is in people's words;
    ``identity`` what it said of itself. Candidates are sorted, best first; there may be none.
    ``note`` says what a person should know, such as why nothing was asked.
    """

    address: str
    transport: Transport
    place: str
    identity: str | None = None
    candidates: tuple[Candidate, ...] = ()
    note: Title | None = None
    in_use: str | None = None
    """Role of the bench's rack that holds this address; it was left alone."""

    @property
    def confidence(self) -> float:
        """Return that of the best candidate, 0 without one."""
        return self.candidates[0].confidence if self.candidates else 0.0


def ranked(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    """Return candidates, the best first, each profile once."""
    best: dict[str, Candidate] = {}
    for one in sorted(candidates, key=lambda c: (-c.confidence, c.profile)):
        best.setdefault(one.profile, one)
    return tuple(best.values())


NOTES: dict[str, Title] = {
    "programmer": {
        "en": "a programmer or a development board: opening it could reset the device behind it, so it was left alone",
        "zh-CN": "这是编程器或开发板：打开端口可能使其后的设备复位，因此未触碰",
    },
    "unknown_usb": {
        "en": "the USB id is not known here, so it was only listened to; name the port to have it asked",
        "zh-CN": "USB 标识未知，因此只监听、未发送任何数据；如需询问，请明确指定该端口",
    },
    "text": {
        "en": "it sends text by itself, as a device's console does; nothing was sent to it",
        "zh-CN": "它自行输出文本（像设备控制台），未向其发送任何数据",
    },
    "talks": {
        "en": "it sends something by itself that no profile knows; nothing was sent to it",
        "zh-CN": "它自行发送的数据与任何配置都不符，未向其发送任何数据",
    },
    "silent": {
        "en": "nothing answers there; switch the instrument and its data output on, or choose the profile by hand",
        "zh-CN": "无应答；请打开仪器电源及其数据输出，或手动选择配置",
    },
    "unknown": {
        "en": "it answers, but no profile describes it; add a profile for it",
        "zh-CN": "有应答，但没有与之对应的配置；请为其添加配置",
    },
    "busy": {
        "en": "another program holds the port, or permission is missing",
        "zh-CN": "端口被其他程序占用，或缺少访问权限",
    },
    "absent": {
        "en": "there is no such port; check the cable and the name",
        "zh-CN": "没有该端口；请检查线缆和端口名称",
    },
    "no_port": {
        "en": "it is no serial port; name one such as /dev/ttyUSB0",
        "zh-CN": "这不是串口；请指定串口，例如 /dev/ttyUSB0",
    },
    "in_use": {"en": "this bench uses it already", "zh-CN": "本工位已在使用"},
    "by_id": {
        "en": "known by its USB id only; it was not asked",
        "zh-CN": "仅凭 USB 标识识别，未询问设备本身",
    },
}
"""What a search may say of a finding, for people."""

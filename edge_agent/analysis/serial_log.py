"""What a device says while it boots: boots and boot loops, reset causes, panics, firmware version, lost partitions.

Knows the logs of ESP-IDF and ESP8266 (ROM, bootloader, panic handler), U-Boot and Linux, and the plain
``reset: cause`` / ``part name: …`` style of small loaders.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.analysis.result import NoAnswer
from protocols.quantity import Quantity

MOST_CHARACTERS = 4_000_000
_LINE_LIMIT = 1000
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,16}m")

_BOOT_STARTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\brst:0x[0-9a-f]+ ",
        r"^ets [a-z]{3}\s+\d",
        r"^ESP-ROM:",
        r"\brst cause:\d",
        r"\bU-Boot (?:SPL )?20\d\d\.",
        r"^\S.{0,40}\b(?:boot)?loader v?\d",
        r"^reset(?: cause| reason)?\s*[:=]",
        r"\bBooting Linux on\b",
    )
)
"""Each is printed once a boot by the systems that print it; the one seen most often counts the boots."""

_RESETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\brst:0x[0-9a-f]+ \(([A-Z0-9_]+)\)",
        r"\brst cause:(\d)",
        r"\breset(?: cause| reason)?\s*[:=]\s*(\S.*)$",
    )
)
_CAUSES = (
    ("brown-out", re.compile(r"brown|\bbor\b|bod\b", re.IGNORECASE)),
    ("watchdog", re.compile(r"wdt|watchdog|^4$", re.IGNORECASE)),
    ("power-on", re.compile(r"power[-_ ]?on|\bpor\b|^1$", re.IGNORECASE)),
    ("software", re.compile(r"software|^sw_|sw_(?:cpu|sys)|\bsft\b", re.IGNORECASE)),
    ("deep sleep", re.compile(r"deep ?sleep", re.IGNORECASE)),
    ("clock failure", re.compile(r"clock", re.IGNORECASE)),
    ("panic", re.compile(r"panic|lockup|fault", re.IGNORECASE)),
    ("external", re.compile(r"ext|\bpin\b|nrst|^2$", re.IGNORECASE)),
)
_BROWN_OUT = re.compile(r"brownout detector was triggered", re.IGNORECASE)
_PANIC = re.compile(
    r"guru meditation error|kernel panic|abort\(\) was called|assert(?:ion)? failed|hard ?fault|fatal exception"
    r"|unhandled exception|stack smashing|stack overflow in task|task watchdog got triggered|\bpanic'ed\b",
    re.IGNORECASE,
)
_PARTITION = re.compile(
    r"no bootable|no valid app|factory app partition is not bootable|invalid magic byte|invalid header: 0x"
    r"|(?:failed to (?:verify|load)|invalid) partition table|image is corrupt|checksum failed|image hash failed"
    r"|unable to mount root fs|partition\b.{0,60}\bnot found|\bno \S{1,24} partition found"
    r"|^part(?:ition)? \S{1,32}: .{0,80}(?:crc error|missing|error:|invalid)",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"(?:app(?:lication)? version|firmware(?: version)?|fw[ _-]?(?:ver(?:sion)?)?|software version)\s*[:=]?\s*"
    r"v?(\d+\.\d+[\w.+-]*)"
    r"|^app: .{0,40}?\bv?(\d+\.\d+[\w.+-]*) start",
    re.IGNORECASE,
)
_READY = re.compile(
    r"\bapp: ready\b|\bsystem ready\b|calling app_main|returned from app_main|\blogin:|welcome to .{0,60}$",
    re.IGNORECASE,
)
_ERROR = re.compile(r"\berror\b|^E \(\d+\)|\bfailed\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BootLog:
    """What a log shows. Texts are lines of the log (empty where there is none), counts are in 1.

    ``boot_loop`` is true when two or more boots in a row ended in another boot without the application being ready, or
    in a panic. ``reset_cause`` is that of the last boot; ``reset_causes`` has one entry for each that was told.
    """

    boots: Quantity
    boot_loop: bool
    ready: bool
    reset_cause: str | NoAnswer
    abnormal_resets: Quantity
    panics: Quantity
    panic: str
    firmware_version: str | NoAnswer
    missing_partition: bool
    partition_message: str
    errors: Quantity
    first_error: str
    reset_causes: tuple[str, ...] = ()


def boot_log(text: str) -> BootLog | NoAnswer:
    """Read a boot log; ``NoAnswer`` when it holds no readable text (no output, or a wrong baud rate).

    Source: messages of ESP-IDF, ESP8266, U-Boot, Linux and small loaders. Units: numbers of lines and boots; the
    rest are texts and flags. Accuracy: exact on the texts of the tests; other firmware may say it in other words.
    Limits: the first 4 million characters; lines beyond 1,000 characters are cut.
    """
    lines = [_COLOUR.sub("", line[:_LINE_LIMIT]).strip() for line in text[:MOST_CHARACTERS].splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return NoAnswer("the device said nothing")
    if _garbled(lines):
        return NoAnswer("the log is not readable text: wrong baud rate, or a wrong clock in the device")
    starts = _boot_starts(lines)
    causes = tuple(_causes(lines))
    panics = [line for line in lines if _PANIC.search(line)]
    partition = next((line for line in lines if _PARTITION.search(line)), "")
    errors = [line for line in lines if _ERROR.search(line)]
    versions = [next(filter(None, found.groups())) for line in lines if (found := _VERSION.search(line))]
    last_boot = lines[starts[-1] :] if starts else lines
    # Power-on and external resets are what people do; the others the device does by itself.
    abnormal = sum(cause not in ("power-on", "external", "deep sleep") for cause in causes)
    return BootLog(
        boots=_count(len(starts)),
        boot_loop=_loops(lines, starts),
        ready=any(_READY.search(line) for line in last_boot),
        reset_cause=causes[-1] if causes else NoAnswer("the log tells no reset cause"),
        abnormal_resets=_count(abnormal),
        panics=_count(len(panics)),
        panic=panics[0] if panics else "",
        firmware_version=versions[-1] if versions else NoAnswer("the log tells no firmware version"),
        missing_partition=bool(partition),
        partition_message=partition,
        errors=_count(len(errors)),
        first_error=errors[0] if errors else "",
        reset_causes=causes,
    )


def _count(number: int) -> Quantity:
    return Quantity(float(number), "1", 0.0)


def _garbled(lines: list[str]) -> bool:
    """Return whether more than a quarter of the characters cannot come from a text."""
    characters = "".join(lines)
    strange = sum(not character.isprintable() or character == "\ufffd" for character in characters)
    return strange > 0.25 * len(characters)


def _boot_starts(lines: list[str]) -> list[int]:
    """Return the line numbers at which boots begin."""
    families = [[i for i, line in enumerate(lines) if pattern.search(line)] for pattern in _BOOT_STARTS]
    return max(families, key=len)


def _causes(lines: Iterable[str]) -> Iterable[str]:
    brown_out = False
    for line in lines:
        if _BROWN_OUT.search(line):
            # The ROM calls the reset that follows a software one.
            brown_out = True
            continue
        told = next((found.group(1) for pattern in _RESETS if (found := pattern.search(line))), None)
        if told is None:
            continue
        known = next((name for name, pattern in _CAUSES if pattern.search(told)), told[:60])
        yield "brown-out" if brown_out else known
        brown_out = False


def _loops(lines: list[str], starts: list[int]) -> bool:
    in_a_row = 0
    for number, begin in enumerate(starts, start=1):
        ended = number < len(starts)
        boot = lines[begin : starts[number]] if ended else lines[begin:]
        panicked = any(_PANIC.search(line) for line in boot)
        if panicked or (ended and not any(_READY.search(line) for line in boot)):
            in_a_row += 1
            if in_a_row >= 2:
                return True
        else:
            in_a_row = 0
    return False

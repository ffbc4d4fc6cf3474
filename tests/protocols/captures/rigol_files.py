"""Rigol ``.wfm`` files built field by field, for the tests of our reader and to compare with other readers."""

import struct
import zlib

import numpy as np


def channel_24(on: int, *, volts: int = 1_000_000, shift: int = 0, probe: float = 1.0, inverted: int = 0) -> bytes:
    """The channel header that the DS1000B, C and E have in common."""
    return struct.pack("<ih2xf", volts, shift, probe) + struct.pack("<BBBBih2x", 0, on, inverted, 0, volts, shift)


def rigol_b(*samples: bytes | None, shift: int = -63, inverted: int = 0) -> bytes:
    points = max(len(one) for one in samples if one)
    data = bytearray(420)
    data[:12] = b"\xa5\xa5\xa4\x01DS1204B\0"
    struct.pack_into("<II", data, 60, points, 4)
    for channel in range(4):
        on = int(channel < len(samples) and samples[channel] is not None)
        header = channel_24(0, shift=shift, probe=10.0)
        # One byte more than the others have, the probe's type, stands before the switches.
        header = header[:12] + bytes([0, 0, on, inverted]) + header[16:]
        data[68 + 24 * channel : 92 + 24 * channel] = header
    struct.pack_into("<Qqf", data, 164, 2_000_000_000, 16_000_000, 125e3)
    return bytes(data) + b"".join((one or bytes(points)) for one in samples)


def rigol_c(first: int, *samples: bytes) -> bytes:
    data = bytearray(256 if first == 0xA1 else 272)
    data[:4] = bytes([first, 0xA5, 0, 0])
    struct.pack_into("<I", data, 28, max(map(len, samples)))
    for channel, one in enumerate(samples):
        data[36 + 24 * channel : 60 + 24 * channel] = channel_24(int(bool(one)), volts=50_000, shift=-91, probe=10.0)
    struct.pack_into("<qfqq", data, 92, 8_000_000_000, 20e6, 1_000_000_000, 8_000_000_000)
    return bytes(data) + b"".join(samples)


def rigol_2000(
    model: bytes = b"DS2D1624",
    samples: tuple[bytes | None, ...] = (bytes([127, 152, 102, 127]),),
    *,
    switch: int = 8,
    joined: int = 0,
    first: int = 0,
    inverted: int = 0,
    on_screen: int | None = None,
) -> bytes:
    layout = {b"2": (96, 120, 244, 332), b"4": (100, 124, 260, 340), b"6": (96, 120, 244, 308)}[model[2:3]]
    rate, channels, storage, memory = layout
    data = bytearray(600)
    data[:24] = (b"\xa5\xa5\x38\0" + model).ljust(24, b"\0")
    data[24:48] = b"00.03.05.03.03".ljust(20, b"\0") + b"\1\0\x14\0"
    data[64] = sum(1 << k for k, one in enumerate(samples) if one is not None)
    data[65] = joined
    struct.pack_into("<f", data, rate, 1e9)
    points = len(samples[0] or samples[-1] or b"")
    struct.pack_into("<3I", data, storage, points, first, points - first)
    # Where the trigger stands on the screen, and where it stood while the memory was filled.
    struct.pack_into("<q", data, rate + 16, 4_480_000 if on_screen is None else on_screen)
    struct.pack_into("<q", data, memory, -4_480_000)
    struct.pack_into("<I", data, storage - 8, 488)  # where the settings stand
    if model[2:3] == b"4":
        struct.pack_into("<q", data, 568, 4_480_000)
    at = len(data)
    for channel, one in enumerate(samples):
        settings = (0, 1) if model[2:3] == b"2" and switch != 1 else (1, 0)
        data[channels + 28 * channel] = switch
        struct.pack_into("<ff", data, channels + 28 * channel + 8, 0.5, -0.25)
        data[channels + 28 * channel + 16 + settings[0]] = 1  # A
        data[channels + 28 * channel + 16 + settings[1]] = inverted
        if one is not None:
            struct.pack_into("<I", data, 68 + 4 * channel, at)
            at += len(one)
    return bytes(data) + b"".join(one for one in samples if one is not None)


def rigol_dho(family: int, *samples: list[int] | None, points: int | None = None) -> bytes:
    blocks = struct.pack("<6H", 11, 17, 5, 5, 16, 0) + b"Rigol".ljust(16, b"\0")
    for channel in range(4, 0, -1):
        on = channel <= len(samples) and samples[channel - 1] is not None
        block = bytearray(88)
        block[0] = on
        struct.pack_into("<q", block, 1, 50_000_000 if family == 5 else 5_000_000_000)
        struct.pack_into("<i" if family == 5 else "<q", block, 38, -151_453_856 if family == 5 else 15_400_000_000)
        packed = zlib.compress(bytes(block))
        room = -(-len(packed) // 16) * 16
        blocks += struct.pack("<6H", channel, family, 88, len(packed), room, 0) + packed.ljust(room, b"\0")
    lanes = np.array([one for one in samples if one is not None], "<u2")
    body = struct.pack("<I", zlib.crc32(blocks)) + struct.pack("<I", len(blocks)) + blocks
    count = lanes.shape[1] if points is None else points
    head = struct.pack("<Q8xIIIIII", lanes.size, 500, 77, count, count, 0, 0)
    return struct.pack("<4I", 2, zlib.crc32(body), len(body), 0) + body + bytes(24) + head + lanes.T.tobytes()


def rigol_e(
    *channels: bytes, roll: int = 0, logic: bytes = b"", inverted: int = 0, trigger: int = 0, rate: float = 2.5e6
) -> bytes:
    data = bytearray(276)
    data[:4] = b"\xa5\xa5\0\0"
    struct.pack_into("<I4xI", data, 20, roll, len(channels[0]))
    for channel, samples in enumerate(channels):
        at = 34 + 24 * channel
        struct.pack_into("<fBBB", data, at + 10, 10.0, 0, int(bool(samples)), inverted)
        struct.pack_into("<ih", data, at + 18, 200_000 * (channel + 1), 30 - 60 * channel)
    struct.pack_into("<fqq", data, 84 + 16, rate, 0, 432_000_000)
    data[120], data[142] = bool(logic), trigger
    return bytes(data) + b"".join(channels) + logic

"""UART, I²C and SPI decoding against ``sigrok-cli``, both from the same session file, reading included."""

import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.row import Row
from edge_agent.analysis.decode import i2c, spi, uart
from edge_agent.analysis.decode.edges import from_logic
from protocols.captures import read_capture
from protocols.captures.sigrok_write import write_sr
from protocols.waveform import Capture, LogicCapture

RATE_HZ = 12e6
SAMPLES = 12_000_000
REPEATS, OURS = 3, 15
"""Ours takes hundredths of a second, so that it is repeated more often for the same chance of an undisturbed run."""


def _uart_words(payload: bytes) -> npt.NDArray[np.uint8]:
    """An 8N1 line at 1 MBd: twelve samples a bit."""
    octets = np.frombuffer(payload, np.uint8)
    bits = np.ones((octets.size, 11), np.uint8)
    bits[:, 0] = 0
    bits[:, 1:9] = (octets[:, None] >> np.arange(8)) & 1
    return np.repeat(bits.ravel(), 12)


def _i2c_words(payload: bytes) -> npt.NDArray[np.uint8]:
    """Writes of eight bytes: SCL is bit 0, SDA bit 1, four quarters of four samples a clock."""
    rows: list[tuple[int, int]] = [(1, 1)] * 4
    for at in range(0, len(payload) - 8, 8):
        rows += [(1, 1), (1, 0), (0, 0)]
        for octet in (0x50, *payload[at : at + 8]):
            for bit in [*((octet >> k) & 1 for k in range(7, -1, -1)), 0]:
                rows += [(0, bit), (1, bit), (1, bit), (0, bit)]
        rows += [(0, 0), (1, 0), (1, 1)]
    table = np.array(rows, np.uint8)
    return np.repeat(table[:, 0] | table[:, 1] << 1, 4)


def _spi_words(payload: bytes) -> npt.NDArray[np.uint8]:
    """Mode 0, sixteen bytes a transfer: SCLK is bit 0, MOSI bit 1, CS# bit 2, four samples a phase."""
    octets = np.frombuffer(payload[: len(payload) // 16 * 16], np.uint8)
    bits = np.unpackbits(octets).reshape(-1, 128)
    phases = np.repeat(bits << 1, 2, axis=1)
    phases[:, 1::2] |= 1
    idle = np.full((phases.shape[0], 2), 4, np.uint8)
    return np.repeat(np.concatenate([phases, idle], axis=1).ravel(), 4)


def _fastest(work: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def _decode_uart(logic: LogicCapture) -> object:
    return uart.decode(from_logic(logic, "A"), uart.UartFormat(1e6)).data


def _decode_i2c(logic: LogicCapture) -> object:
    return i2c.decode_logic(logic, scl="A", sda="B")


def _decode_spi(logic: LogicCapture) -> object:
    return spi.decode_logic(logic, clock="A", mosi="B", select="C")


CASES: tuple[
    tuple[str, Callable[[bytes], npt.NDArray[np.uint8]], int, Callable[[LogicCapture], object], str, str], ...
] = (
    ("UART", _uart_words, 132, _decode_uart, "uart:rx=A:baudrate=1000000", "uart=rx-data"),
    ("I2C", _i2c_words, 150, _decode_i2c, "i2c:scl=A:sda=B", "i2c=data-write"),
    ("SPI", _spi_words, 66, _decode_spi, "spi:clk=A:mosi=B:cs=C", "spi=mosi-data"),
)


def rows() -> Iterator[Row]:
    """Decode a second of bus traffic each, and count the extra memory of ours."""
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        for name, make, samples_a_byte, decode, decoder, annotation in CASES:
            words = make(rng.integers(0, 256, SAMPLES // samples_a_byte, dtype=np.uint8).tobytes())
            file = Path(folder) / f"{name}.sr"
            file.write_bytes(write_sr(Capture(logic=LogicCapture(words, RATE_HZ, ("A", "B", "C")))))
            command = ["sigrok-cli", "-i", str(file), "-P", decoder, "-A", annotation]
            peer = _fastest(
                lambda command=command: subprocess.run(command, capture_output=True, check=True, timeout=300)  # type: ignore[misc]
            )
            ours = _fastest(
                lambda file=file, decode=decode: decode(read_capture(file.read_bytes(), file.name).logic),  # type: ignore[misc]
                OURS,
            )
            note = f"{words.size / 1e6:.0f} M samples: {ours:.3f} s, sigrok-cli {peer:.2f} s, both with reading"
            yield Row(f"{name} decode: sigrok-cli ÷ ours", peer / ours, 100, "higher", note)
            logic = LogicCapture(words, RATE_HZ, ("A", "B", "C"))
            tracemalloc.start()
            decode(logic)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            yield Row(f"{name} decode: extra memory", peak / words.size, 3, "lower", "at its peak", "B/sample")

"""Every parser of bytes from strangers, with inputs to begin from; any error but its own is a defect."""

import importlib
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drivers.profile import parse_profile
from drivers.registry import SHIPPED_PROFILES
from edge_agent.bench_config import BenchConfigError, parse_bench_config
from protocols import esp_rom, hid_cable, ieee488, intel_hex, korad, modbus_rtu, sc18im700, scope_preamble, scpi
from protocols.captures import CaptureError, read_capture
from protocols.captures.npz import write_npz
from protocols.captures.packed import read_packed, write_packed
from protocols.captures.sigrok_write import write_sr
from protocols.captures.wav import write_wav
from protocols.dmm import hid_uart
from protocols.errors import ProtocolError
from protocols.generators import feeltech, juntek
from protocols.messages.codec import MessageError, decode
from protocols.messages.control import Desired
from protocols.messages.records import Record
from protocols.scpi_program import parse_message
from protocols.stm32_bootloader import Bootloader, Stm32Error
from protocols.thermal import uvc
from protocols.thermal.mlx90640 import MLX90640Calibration, temperatures
from protocols.thermal.mlx90640.errors import Mlx90640Error
from protocols.waveform import Capture, ThermalImage, Waveform

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), *(str(HERE.parent / "protocols" / name) for name in ("captures", "thermal"))]
FAMILIES = ("es51922", "es51978", "es51982", "fluke287", "bm869", "fs9721", "ut61e_plus", "ut71x", "ut8803")
LIMIT_BYTES = 1 << 24


@dataclass(frozen=True)
class Target:
    """``parse`` takes any bytes; only ``own`` errors may come out of it."""

    name: str
    parse: Callable[[bytes], object]
    seeds: Sequence[bytes]
    own: tuple[type[Exception], ...] = (ProtocolError,)


def _text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("latin-1"))


def _fed(reader: Callable[[], object], *, each: Callable[[bytes], object] | None = None) -> Callable[[bytes], object]:
    """Feed the bytes in two pieces, and what comes out to ``each``."""

    def parse(data: bytes) -> None:
        machine = reader()
        middle = len(data) // 2
        for piece in (data[:middle], data[middle:]):
            found = machine.feed(piece)  # type: ignore[attr-defined]
            for frame in found if each is not None and isinstance(found, list) else ():
                each(frame)

    return parse


def _meters() -> Iterator[Target]:
    for family in FAMILIES:
        chip = importlib.import_module(f"protocols.dmm.{family}")
        functions = ("dc_voltage", "resistance", "ac_voltage", "frequency")
        seeds = [chip.encode(function, value) for function in functions for value in (0.0, -1.234, 3.3, 1e5)
                 if not (function in ("resistance", "frequency") and value < 0)]  # fmt: skip

        def decode(frame: bytes, chip: object = chip) -> None:
            try:
                chip.decode(frame)  # type: ignore[attr-defined]
            except ProtocolError:
                return

        if family in ("ut61e_plus", "ut8803"):  # behind a right sum, which mutation alone would not find
            bodies = [hid_uart.unpack(seed) for seed in seeds]
            yield Target(f"dmm.{family}.payload", lambda d, c=chip: c.decode(hid_uart.pack(d[:200])), bodies)
        yield Target(f"dmm.{family}.decode", chip.decode, seeds)
        yield Target(f"dmm.{family}.reader", _fed(chip.FrameReader, each=decode), [b"".join(seeds[:3]), *seeds[:2]])


def _scpi() -> Iterator[Target]:
    numbers = [b"+1.23E-4", b"9.9E37", b"#HFF", b"1", b"INF", b"-0.5,3,NAN"]
    yield Target("scpi.parse_numbers", _text(scpi.parse_numbers), numbers)
    yield Target("scpi.parse_error", _text(scpi.parse_error), [b'-113,"Undefined header"', b'0,"No error"'])
    yield Target("scpi.parse_string", _text(scpi.parse_string), [b'"VOLT ""AC"""'])
    yield Target("ieee488.parse_identity", _text(ieee488.parse_identity), [b"A,B,C,D"])
    messages = [b":CONF:VOLT:DC 10,0.001;:READ?\n", b'DISP:TEXT "a;b";#15hello,(@1,2)\n', b"*IDN?;C1:BSWV WVTP,SINE\n"]
    yield Target("scpi_program.parse_message", parse_message, messages)
    yield Target("ieee488.LineReader", _fed(lambda: ieee488.LineReader(4096)), [b"abc\ndef\r\n"])
    yield Target(
        "ieee488.BlockReader",
        _fed(lambda: ieee488.BlockReader(1 << 20)),
        [b"#15hello\n", b"#0rest\n", b"#9000000003abc\n"],
    )
    yield Target("ieee488.ProgramMessageReader", _fed(lambda: ieee488.ProgramMessageReader(4096)), messages)
    yield Target(
        "scope_preamble.from_fields",
        _text(lambda text: scope_preamble.from_fields(
            text, ("format", "type", "points", "count", "x_increment", "x_origin", "x_reference", "y_increment",
                   "y_origin", "y_reference"), y_origin_in="codes")),
        [b"0,2,1200,1,1.0E-6,-6.0E-4,0,4.0E-2,0,127"],
    )  # fmt: skip
    block = bytearray(346)
    block[116:120] = (100).to_bytes(4, "little")
    block[156:168] = np.array([1, 0, 25], "<f4").tobytes()
    block[176:180] = np.array([1e-6], "<f4").tobytes()
    block[328:332] = np.array([10], "<f4").tobytes()
    yield Target(
        "scope_preamble.from_descriptor",
        lambda data: scope_preamble.from_descriptor(data, span_s=1e-3, sample_bytes=1),
        [bytes(block)],
    )
    yield Target("scope_preamble.parse_with_unit", _text(scope_preamble.parse_with_unit), [b"500MSa/s", b"7Mpts"])


def _buses() -> Iterator[Target]:
    both = modbus_rtu.Direction.BOTH
    frames = [modbus_rtu.with_crc(bytes.fromhex(one)) for one in ("010300000002", "01030400010002", "018302")]
    yield Target("modbus_rtu.split", lambda data: modbus_rtu.split(data, both), [b"".join(frames), *frames])
    yield Target("modbus_rtu.parse", lambda data: modbus_rtu.parse(modbus_rtu.with_crc(data[:250]), both),
                 [frame[:-2] for frame in frames])  # fmt: skip
    yield Target("sc18im700.parse_status", sc18im700.parse_status, [b"\xf0", b"\xf1"])
    yield Target("intel_hex", intel_hex.parse, [b":020000040800F2\n:0400000001020304F2\n:00000001FF\n"])
    yield Target("stm32_bootloader", _fed(lambda: Bootloader(_Memory())), [b"\x7f\x00\xff\x11\xee\x08\0\0\0\x08"])
    yield Target("esp_rom.SlipReader", _fed(esp_rom.SlipReader), [esp_rom.encode_command(8, b"\x07\x07\x12\x20")])
    yield Target("esp_rom.parse_command", esp_rom.parse_command, [b"\0\x08\x04\0\0\0\0\0abcd"])
    for cable in hid_cable.Cable:
        yield Target(
            f"hid_cable.{cable}", lambda data, c=cable: hid_cable.unpack(c, data, data_bits=7), [b"\xf3abc", b"\x03abc"]
        )
    yield Target("korad.parse_identity", korad.parse_identity, [b"KORADKA3005PV2.0"])
    yield Target("korad.parse_value", korad.parse_value, [b"05.00", b"1.234M"])
    for module in (feeltech, juntek):
        yield Target(f"generators.{module.__name__.rpartition('.')[2]}", _text(_generator(module)),
                     [b"FY6900-60M", b"00001000000000", b":r23=25786,0.", b":r00=60."])  # fmt: skip


class _Memory:
    """1 kB of flash from 0x08000000 that can be read, and takes every write and erasure."""

    readout_protected = False

    def read(self, address: int, length: int) -> bytes:
        if not self.is_valid(address):
            raise Stm32Error("no memory there")
        return bytes(length)

    def is_valid(self, address: int) -> bool:
        return 0x0800_0000 <= address < 0x0800_0400

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_args, **_kwargs: None


def _generator(module: object) -> Callable[[str], object]:
    asked, switches = len(module.questions(1)), len(module.state_questions())  # type: ignore[attr-defined]

    def parse(text: str) -> None:
        for read in (
            module.identity,
            lambda t: module.settings(1, [t] * asked),
            lambda t: module.states([t] * switches),
        ):  # type: ignore[attr-defined]
            try:
                read(text)
            except ProtocolError:
                continue

    return parse


def _dho_summed(data: bytes) -> bytes:
    """Make the check sum of a DHO's settings right again, or nothing behind it would be met."""
    if len(data) < 24:
        return data
    size = int.from_bytes(data[20:24], "little")
    return data[:16] + zlib.crc32(data[24 : 24 + size]).to_bytes(4, "little") + data[20:]


def _captures() -> Iterator[Target]:
    import csv_texts
    import rigol_files
    import test_flir
    import test_isf_wav
    import test_scope_binaries as binaries
    import test_sigrok

    wave = Waveform("CH1", np.arange(-50, 50, dtype=np.int16), 1e-6, scale=0.01)
    capture = Capture(analog=(wave,))
    groups: dict[str, Sequence[bytes]] = {
        "agilent": [binaries.GOOD_AGILENT],
        "rigol": [binaries.GOOD_RIGOL],
        "rigol_b": [rigol_files.rigol_b(bytes(16), None, bytes(16))],
        "rigol_e": [
            rigol_files.rigol_e(bytes(16), bytes(16), logic=bytes(32)),
            rigol_files.rigol_c(0xA1, bytes(16), bytes(16)),
            rigol_files.rigol_c(0xA5, bytes(16)),
        ],
        "rigol_2000": [
            rigol_files.rigol_2000(samples=(bytes(16), bytes(16))),
            rigol_files.rigol_2000(b"DS4A", (bytes(16),)),
        ],
        "tek_wfm": [binaries.GOOD_TEK],
        "csv": list(csv_texts.SEEDS),
        "sigrok": [test_sigrok.SEED, test_sigrok.STORED_SEED, write_sr(capture)],
        "wav": [write_wav(capture)],
        "fff": [test_flir.GOOD],
        "flir_jpeg": [test_flir.jpeg(test_flir.GOOD)],
        "isf": [test_isf_wav.isf()],
        "npz_heat": [write_npz(Capture(thermal=ThermalImage(np.full((4, 5), 25.0, np.float32), 0.95)))],
    }  # fmt: skip
    for name, seeds in groups.items():
        yield Target(f"captures.{name}", lambda data: read_capture(data, "x"), seeds, (CaptureError,))
    dho = [rigol_files.rigol_dho(5, [1, 2, 3], None, [4, 5, 6]), rigol_files.rigol_dho(9, [1, 2, 3])]
    yield Target("captures.rigol_dho", lambda data: read_capture(_dho_summed(data), "x"), dho, (CaptureError,))
    packed = [write_packed(capture)]
    yield Target("captures.packed", lambda d: read_packed(d, limit_bytes=LIMIT_BYTES), packed, (CaptureError,))


def _thermal() -> Iterator[Target]:
    import test_mlx90640 as melexis

    scene = np.linspace(20, 60, 64, dtype=np.float64).reshape(8, 8)
    yield Target("thermal.uvc.y16", lambda d: uvc.y16_temperatures(d, 8, 8), [uvc.encode("y16", scene)])
    yield Target("thermal.uvc.dual", lambda d: uvc.dual_temperatures(d, 8, 8), [uvc.encode("dual", scene)])
    eeprom = np.asarray(melexis.GOOD_EEPROM, np.uint16)
    calibration = MLX90640Calibration.from_eeprom([int(word) for word in eeprom])

    def words(data: bytes) -> list[int]:
        return np.frombuffer(data[: len(data) // 2 * 2], "<u2").tolist()

    yield Target("thermal.mlx90640.eeprom", lambda d: MLX90640Calibration.from_eeprom(words(d)),
                 [eeprom.astype("<u2").tobytes()], (Mlx90640Error,))  # fmt: skip
    frame = np.asarray(melexis.GOOD_FRAME, np.uint16).astype("<u2").tobytes()
    yield Target(
        "thermal.mlx90640.frame", lambda d: temperatures(words(d), calibration, 0.95), [frame], (Mlx90640Error,)
    )


def _messages() -> Iterator[Target]:
    from drivers.errors import Misconfigured

    record = b'{"v":1,"bench":"bench-01","epoch":"e1","seq":1,"at":"2026-01-01T00:00:00Z","body":{}}'
    for kind in (Record, Desired):
        seeds = [record, b'{"bench":"b","revision":1,"items":[]}']
        yield Target(f"messages.{kind.__name__}", lambda d, k=kind: decode(d, k), seeds, (MessageError,))
    names = ("waveshare-modbus-relay-8ch", "flashrom", "infiray-p2-pro")
    texts = [(SHIPPED_PROFILES / f"{name}.yaml").read_bytes() for name in names]
    yield Target("profile", lambda d: parse_profile(d.decode("utf-8", "replace"), "x.yaml"), texts, (Misconfigured,))
    bench = b'[bench]\nname = "b"\n[instruments.meter]\nprofile = "p"\naddress = "serial:/dev/ttyUSB0"\n'
    yield Target("bench_config", lambda d: parse_bench_config(d, "x.toml"), [bench], (BenchConfigError,))


def targets() -> list[Target]:
    """Return all targets, by name."""
    found = [*_meters(), *_scpi(), *_buses(), *_captures(), *_thermal(), *_messages()]
    return sorted(found, key=lambda one: one.name)

"""Intel HEX: every record type, addresses that wrap, overlaps, damaged files, the program objcopy."""

import shutil
import subprocess

import pytest
from byte_streams import mutated
from hypothesis import given
from hypothesis import strategies as st

from protocols.intel_hex import Image, IntelHexError, Segment, format_image, from_binary, parse

END = ":00000001FF\n"


def record(offset: int, kind: int, data: bytes) -> str:
    raw = bytes([len(data), offset >> 8, offset & 0xFF, kind]) + data
    return ":" + (raw + bytes([-sum(raw) & 0xFF])).hex() + "\n"


def test_an_example_known_from_the_format_s_descriptions():
    text = (
        ":10010000214601360121470136007EFE09D2190140\r\n"
        ":100110002146017E17C20001FF5F16002148011928\r\n"
        ":10012000194E79234623965778239EDA3F01B2CAA7\r\n"
        ":100130003F0156702B5E712B722B732146013421C7\r\n"
        ":00000001FF\r\n"
    )
    (segment,) = parse(text).segments
    assert (segment.address, len(segment.data), segment.data[:4]) == (0x100, 64, b"\x21\x46\x01\x36")


def test_every_record_type():
    text = (
        record(0, 2, b"\x12\x00")
        + record(0x10, 0, b"seg")
        + record(0, 3, bytes.fromhex("12000010"))
        + record(0, 4, b"\x08\x00")
        + record(0x20, 0, b"lin")
        + record(0, 5, bytes.fromhex("08000021"))
        + END
    )
    assert parse(text.encode()) == Image(
        (Segment(0x12010, b"seg"), Segment(0x0800_0020, b"lin")), 0x0800_0021, (0x1200, 0x0010)
    )


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        (record(0xFFFE, 0, b"abcd"), [(0, b"cd"), (0xFFFE, b"ab")]),
        (record(0, 2, b"\x10\x00") + record(0xFFFE, 0, b"abcd"), [(0x10000, b"cd"), (0x1FFFE, b"ab")]),
        (record(0, 4, b"\x00\x01") + record(0xFFFE, 0, b"abcd"), [(0x1FFFE, b"abcd")]),
        (record(0, 4, b"\xff\xff") + record(0xFFFE, 0, b"abcd"), [(0, b"cd"), (0xFFFF_FFFE, b"ab")]),
        (record(4, 0, b"efgh") + record(0, 0, b"abcd"), [(0, b"abcdefgh")]),
        (record(0, 0, b"abcd") + record(2, 0, b"cdef"), [(0, b"abcdef")]),
        (record(0, 0, b"abcdef") + record(2, 0, b"cd"), [(0, b"abcdef")]),
        ("", []),
    ],
)
def test_addresses(text, segments):
    assert [(s.address, s.data) for s in parse(text + END).segments] == segments


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no end record"),
        (record(0, 0, b"a"), "no end record"),
        ("S0030000FC\n", "line 1 begins with 'S'"),
        ("\n:0000000G\n", "line 2 holds something else"),
        (":00 0000 01FF\n", "length byte"),
        (":0000\n", "line 1 has 2 bytes"),
        (":02000000FF\n", "line 1 has 5 bytes"),
        (":0100000041BF\n", "checksum 0xBF, its bytes give 0xBE"),
        (record(0, 6, b""), "record type 06"),
        (record(0, 4, b"\x00"), "type 04 holds 2 bytes, not 1"),
        (record(0, 1, b"\x00"), "type 01 holds 0 bytes, not 1"),
        (END + record(0, 0, b"a"), "line 2 follows the end record of line 1"),
        (record(0, 0, b"abcd") + record(2, 0, b"xd") + END, "address 0x00000002 is given twice"),
        (b"\x7fELF\xff", "byte 0xff at 4"),
    ],
)
def test_what_is_wrong_is_named(text, message):
    with pytest.raises(IntelHexError, match=message):
        parse(text)


def test_gaps_are_filled_and_huge_spans_refused():
    image = parse(record(0, 4, b"\x08\x00") + record(0, 0, b"ab") + record(6, 0, b"cd") + END)
    assert image.to_binary() == (0x0800_0000, b"ab\xff\xff\xff\xffcd")
    assert image.to_binary(0)[1] == b"ab\0\0\0\0cd"
    far = Image((Segment(0, b"a"), Segment(0xFFFF_0000, b"b")))
    with pytest.raises(IntelHexError, match="spans 0x00000000 to 0xffff0000"):
        far.to_binary()
    with pytest.raises(IntelHexError, match="no data"):
        Image(()).to_binary()


def test_what_cannot_be_written_is_refused():
    with pytest.raises(IntelHexError, match="beyond 32-bit"):
        format_image(from_binary(b"ab", 0xFFFF_FFFF))
    with pytest.raises(IntelHexError, match="1 to 255"):
        format_image(from_binary(b"ab"), record_bytes=0)


@st.composite
def images(draw):
    segments = []
    at = draw(st.sampled_from([0, 0xFFF0, 0x0800_0000, 0xFFFF_0000]))
    for data in draw(st.lists(st.binary(min_size=1, max_size=60), max_size=5)):
        segments.append(Segment(at, data))
        at += len(data) + draw(st.integers(1, 0x1000))
    start = draw(st.none() | st.integers(0, 0xFFFF_FFFF))
    return Image(tuple(segments), start, draw(st.none() | st.just((0x1000, 0x10))))


@given(images(), st.integers(1, 255))
def test_images_survive_writing(image, record_bytes):
    assert parse(format_image(image, record_bytes=record_bytes)) == image


@given(st.data())
def test_damaged_files_are_read_or_refused(data):
    text = format_image(from_binary(bytes(range(40)), 0x0800_0000))
    damaged = data.draw(mutated(text.encode()))
    try:
        parse(damaged)
    except IntelHexError as error:
        assert str(error)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    try:
        parse(":" + text)
    except IntelHexError as error:
        assert str(error)


@pytest.mark.skipif(shutil.which("objcopy") is None, reason="objcopy (binutils) is not installed")
def test_the_program_objcopy_agrees(tmp_path):
    data = bytes(range(256)) * 300
    (tmp_path / "a.hex").write_text(format_image(from_binary(data, 0x0800_0100)))
    subprocess.run(["objcopy", "-I", "ihex", "-O", "binary", "a.hex", "a.bin"], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "a.bin").read_bytes() == data
    subprocess.run(
        ["objcopy", "-I", "binary", "-O", "ihex", "--change-addresses", "0x8000100", "a.bin", "b.hex"],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    assert parse((tmp_path / "b.hex").read_bytes()).to_binary() == (0x0800_0100, data)

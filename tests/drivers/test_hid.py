"""Meters over USB-HID cables: the whole driver over report-sized packets, as hidraw gives them (E1).

No hidraw device exists where the tests run: the far end is a packet socket, which keeps the bounds of reports too.
"""

import os
import socket
import threading
from contextlib import contextmanager

import pytest

from drivers.capabilities import MeterFunction
from drivers.errors import ConnectionLost, Misconfigured, NoResponse
from drivers.guard import Guard
from drivers.registry import find_profile, open_instrument
from drivers.serial_meter import SerialMultimeter
from drivers.serial_meter_model import SerialMeterProfile
from drivers.transports.hid import HidStream
from protocols.dmm import bm869, hid_uart, ut61e_plus
from protocols.hid_cable import Cable


@contextmanager
def meter_at(profile_name: str, cable: Cable, answer):
    """Give a driver whose cable's far end answers each report with ``answer(report)``, a list of reports."""
    profile = find_profile(profile_name)
    assert isinstance(profile, SerialMeterProfile)
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    descriptor = os.dup(near.fileno())
    near.close()
    asked: list[bytes] = []

    def serve() -> None:
        while report := far.recv(100):
            asked.append(report)
            for one in answer(report):
                far.send(one)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    meter = SerialMultimeter(HidStream("meter", Guard(), descriptor, cable, profile.serial), profile)
    try:
        yield meter, asked
    finally:
        meter.close()
        thread.join(2)
        far.close()


def test_a_ut61e_plus_behind_a_cp2110() -> None:
    def answer(report: bytes) -> list[bytes]:
        if report[1:] == ut61e_plus.IDENTITY_REQUEST:
            frame = hid_uart.pack(b"UT61E+\0\0")
        else:
            frame = ut61e_plus.encode("dc_voltage", 3.305)
        # The chip hands on what has arrived so far: a frame comes in pieces.
        return [bytes([4]) + frame[:4], bytes([len(frame) - 4]) + frame[4:]]

    with meter_at("uni-t-ut61e-plus", Cable.CP2110, answer) as (meter, asked):
        assert meter.identify() == "UT61E+"
        assert meter.read(MeterFunction.DC_VOLTAGE).quantity.value == pytest.approx(3.305)
        assert asked[0] == bytes([6]) + ut61e_plus.IDENTITY_REQUEST


def test_a_brymen_meter_behind_its_own_cable() -> None:
    def answer(report: bytes) -> list[bytes]:
        assert report == b"\0" + bm869.REQUEST + bytes(4)
        frame = bm869.encode("dc_voltage", 3.3)
        return [frame[at : at + 8] for at in range(0, len(frame), 8)]

    with meter_at("brymen-bm869", Cable.BU86X, answer) as (meter, _):
        assert meter.read(MeterFunction.DC_VOLTAGE).quantity.value == pytest.approx(3.3)


def test_a_silent_cable_and_one_that_was_pulled_out(meter_times) -> None:
    meter_times("uni-t-ut61e-plus", 0.1)
    with meter_at("uni-t-ut61e-plus", Cable.CH9329, lambda _: []) as (meter, _), pytest.raises(NoResponse):
        meter.identify()
    profile = find_profile("uni-t-ut8803")
    assert isinstance(profile, SerialMeterProfile)
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stream = HidStream("meter", Guard(), os.dup(near.fileno()), Cable.CP2110, profile.serial)
    near.close()
    far.close()
    with pytest.raises(ConnectionLost, match="gone"):
        stream.read_available(1.0)
    stream.close()


@pytest.mark.parametrize(
    ("address", "error", "match"),
    [
        ("hid:/dev/nonexistent", ConnectionLost, "plug the cable in"),
        ("hid:/dev/null", Misconfigured, "no hidraw device"),
        ("hid:/dev/null?cable=x", Misconfigured, "cable must be one of cp2110"),
        ("hid:/dev/null?cable=cp2110", ConnectionLost, "line cannot be set"),
    ],
)
def test_addresses_that_are_no_cable(address: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        open_instrument("uni-t-ut61e-plus", address)

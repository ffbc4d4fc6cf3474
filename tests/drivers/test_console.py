"""The serial console on a pseudo-terminal."""

import threading
import time

import pytest
from scripted_server import PtyInstrument

from drivers.capabilities import SerialConsole
from drivers.errors import Cancelled, ConnectionLost, Misconfigured, OutOfRange
from drivers.guard import Guard
from drivers.registry import open_instrument


def opened(port: PtyInstrument, guard: Guard | None = None, **options: object) -> SerialConsole:
    console = open_instrument("serial-console", port.address, guard, **options)
    assert isinstance(console, SerialConsole)
    return console


def say_later(port: PtyInstrument, *lines: bytes, every_s: float = 0.05) -> threading.Thread:
    def speak() -> None:
        for line in lines:
            time.sleep(every_s)
            port.send(line)

    thread = threading.Thread(target=speak)
    thread.start()
    return thread


def test_it_listens_until_the_line_that_was_waited_for() -> None:
    with PtyInstrument([]) as port:
        console = opened(port)
        speaker = say_later(port, b"boot v1.2\r\n", b"self-test ok\r\nready\r\n", b"idle\r\n", every_s=0.2)
        began = time.monotonic()
        log = console.listen(10, until="^ready")
        assert time.monotonic() - began < 5
        assert log.text == "boot v1.2\r\nself-test ok\r\nready\r\n"
        assert len(log.line_times_s) == 3
        assert 0.1 < log.line_times_s[0] < log.line_times_s[1] <= log.line_times_s[2]
        speaker.join()
        console.close()


def test_a_fresh_log_leaves_out_what_had_arrived_before() -> None:
    with PtyInstrument([]) as port:
        console = opened(port)
        port.send(b"last words\r\n")
        assert console.listen(10, until="words").text == "last words\r\n"
        port.send(b"reset: brown-out\r\n")
        time.sleep(0.2)  # it lies in the port's buffer, as nobody listens
        speaker = say_later(port, b"ready\r\n", every_s=0.5)
        assert console.listen(10, until="^ready", fresh=True).text == "ready\r\n"
        speaker.join()
        console.close()


def test_it_listens_for_its_time_and_within_its_bound() -> None:
    with PtyInstrument([]) as port:
        console = opened(port)
        port.send(b"x" * 500)
        assert len(console.listen(5, max_bytes=100).data) == 100
        assert len(console.listen(0.2).data) == 400
        assert console.listen(0.1).data == b""
        for seconds, size in ((0, 10), (1, 0), (1, 1 << 40)):
            with pytest.raises(OutOfRange, match="listen needs"):
                console.listen(seconds, max_bytes=size)
        with pytest.raises(Misconfigured, match="is no regular expression"):
            console.listen(1, until="(")
        console.close()


def test_it_sends() -> None:
    with PtyInstrument([("reboot", b"going down\n")]) as port:
        console = opened(port)
        console.send(b"reboot\n")
        assert console.listen(5, until="down").data == b"going down\n"
        port.finish()
        console.close()


def test_line_settings_are_options() -> None:
    with PtyInstrument([]) as port:
        console = opened(port, baud=9600, data_bits=7, parity="O")
        console.close()
        with pytest.raises(Misconfigured, match="correct the options of the serial line"):
            opened(port, baud="quick")


def test_cancel_and_a_port_that_goes_away_end_the_listening() -> None:
    guard = Guard()
    with PtyInstrument([]) as port:
        console = opened(port, guard)
        guard.arm(0.1)
        with pytest.raises(Cancelled):
            console.listen(30)
        guard.arm()
        port.stop()
        port._close()
        with pytest.raises(ConnectionLost, match="is gone"):
            console.listen(30)
        console.close()

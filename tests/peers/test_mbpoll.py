"""mbpoll, unmodified, reads and writes the registers of the simulated supply over TCP and over a serial line."""

import re

import pytest
from peer_programs import run

from drivers.simulated.rails import Feed

REGISTER = re.compile(r"^\[(\d+)\]:\s+(\d+)", re.MULTILINE)


@pytest.fixture(params=["tcp", "rtu"])
def poll(request, bench):
    if request.param == "tcp":
        target = bench.other_addresses["supply"][0].removeprefix("modbus-tcp:").partition("?")[0]
        host, _, port = target.partition(":")
        line = ["-m", "tcp", "-p", port, host]
    else:
        line = ["-m", "rtu", "-b", "115200", "-P", "none", bench.directory / "supply"]

    def once(address, *values, count=1):
        arguments = ["-1", "-0", "-a", "1", "-r", address, *([] if values else ["-c", count]), *line, *values]
        return run("mbpoll", arguments)

    return once


def registers(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return {int(number): int(value) for number, value in REGISTER.findall(done.stdout)}


def test_identity_and_measurements(poll, bench):
    bench.device.power(Feed())
    read = registers(poll(0, count=20))
    assert (read[0], read[3]) == (60062, 128)
    assert (read[10], read[11], read[18]) == (0, 0, 0)


def test_writing_registers_feeds_the_device(poll, bench):
    bench.device.power(Feed())
    assert poll(8, 500, 300).returncode == 0
    assert poll(18, 1).returncode == 0
    assert bench.device.state.feed == Feed(5.0, 0.3, True)
    read = registers(poll(8, count=11))
    assert read[10] == pytest.approx(500, abs=2)
    assert 55 < read[11] < 120
    assert read[13] == pytest.approx(read[10] * read[11] / 1000, abs=1)
    assert read[17] == 0
    bench.device.inject("shorted_load")
    read = registers(poll(8, count=11))
    assert read[11] == pytest.approx(300, abs=2)
    assert read[17] == 1
    assert poll(18, 0).returncode == 0
    assert not bench.device.state.feed.on


def test_what_cannot_be_is_refused(poll):
    done = poll(8, 9000)
    assert "Illegal data value" in done.stdout + done.stderr
    done = poll(110, count=20)
    assert "Illegal data address" in done.stdout + done.stderr

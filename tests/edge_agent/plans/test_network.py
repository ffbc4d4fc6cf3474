"""D4: reachability, latency and loss, throughput: on loopback, and over a cable that is pulled (namespaces)."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import PATIENCE_S

from edge_agent.network.throughput import ThroughputTarget
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.events import StepStarted
from edge_agent.plans.load import LoadedPlan, PlanError
from edge_agent.plans.prompts import PromptDesk
from edge_agent.plans.runner import Runner
from edge_agent.rack import Rack
from edge_agent.spool import Spool
from protocols.errors import ProtocolError
from protocols.icmp import checksum, echo_reply, echo_request
from protocols.messages import codec
from protocols.messages.records import Device, Measurement, Outcome, Record, StepFinished, Verdict

HEAD = "plan: net\nversion: 1\nmodel: M\ntitle: {en: Network, zh-CN: 网络}\nmain:\n"
Run = Callable[..., tuple[StepFinished, dict[str, Measurement]]]


def step(action: str, parameters: str, *measures: str, timeout: str = "8 s") -> str:
    lines = "".join(f"      - {one}\n" for one in measures)
    title = "{en: x, zh-CN: x}"
    return (
        f"  - id: s\n    title: {title}\n    action: {action}\n    with: {parameters}\n    timeout: {timeout}\n"
        f"    measure:\n{lines}"
    )


@pytest.fixture
def run(plan_of: Callable[..., LoadedPlan], tmp_path: Path) -> Run:
    def one(
        text: str, meanwhile: Callable[[Runner], None] | None = None
    ) -> tuple[StepFinished, dict[str, Measurement]]:
        with Rack({}) as rack, Spool(tmp_path / f"{time.monotonic_ns()}.sqlite") as spool:
            at_work = threading.Event()
            runner = Runner(
                plan_of(HEAD + text),
                rack,
                spool,
                FolderCaptureStore(tmp_path / "c"),
                PromptDesk(),
                on_event=lambda event: at_work.set() if isinstance(event, StepStarted) else None,
            )

            def beside(act: Callable[[Runner], None]) -> None:
                assert at_work.wait(PATIENCE_S)
                act(runner)

            if meanwhile is not None:
                threading.Thread(target=beside, args=(meanwhile,), daemon=True).start()
            runner.run("r", Device("M", "1"))
            bodies = [codec.decode(row.encoded, Record).body for row in spool.pending(500, 10_000_000)]
        done = next(body for body in bodies if isinstance(body, StepFinished))
        return done, {measurement.name: measurement for measurement in done.measurements}

    return one


@pytest.fixture
def service() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


REACH = (
    "{name: resolved, field: resolved, expected: true}",
    "{name: reachable, field: reachable, expected: true}",
    "{name: time, field: connect_time, high: 1 s}",
)


def test_a_service_that_answers_is_reached(run: Run, service: int) -> None:
    done, found = run(step("network.reach", f"{{host: localhost, port: {service}}}", *REACH))
    assert done.outcome is Outcome.PASSED
    assert 0 < (found["time"].value or 0) < 1
    assert found["time"].unit == "s"


def test_a_closed_port_and_an_unknown_name_fail_with_the_reason(run: Run) -> None:
    done, found = run(step("network.reach", f"{{host: 127.0.0.1, port: {closed_port()}}}", *REACH))
    assert done.outcome is Outcome.FAILED
    assert found["reachable"].verdict is Verdict.FAIL
    assert "nothing listens" in (found["time"].reason or "")
    done, found = run(step("network.reach", "{host: no-such-host.invalid, port: 80}", *REACH))
    assert found["resolved"].value is False
    assert "cannot be resolved" in (done.detail or "")


LATENCY = (
    "{name: loss, field: loss, high: 5 %}",
    "{name: latency, field: latency, high: 50 ms}",
    "{name: jitter, field: jitter}",
    "{name: method, field: method}",
)


@pytest.mark.parametrize("method", ["auto", "tcp"])
def test_round_trips_on_loopback(run: Run, service: int, method: str) -> None:
    parameters = f"{{host: 127.0.0.1, port: {service}, count: 10, interval: 5 ms, method: {method}}}"
    done, found = run(step("network.latency", parameters, *LATENCY))
    assert done.outcome is Outcome.PASSED
    assert found["loss"].value == 0
    assert (found["loss"].standard_uncertainty or 0) > 3, "ten probes do not prove that none is ever lost"
    assert 0 < (found["latency"].value or 0) < 0.05
    assert found["method"].value == "tcp" if method == "tcp" else found["method"].value in ("icmp", "tcp")


@pytest.mark.parametrize("direction", ["up", "down"])
def test_throughput_against_a_target(run: Run, direction: str) -> None:
    measures = (
        "{name: rate, field: rate, low: 20 Mbit/s}",
        "{name: size, field: bytes}",
        "{name: again, field: retransmits}",
    )
    with ThroughputTarget("127.0.0.1", 0) as target:
        parameters = f"{{host: 127.0.0.1, port: {target.port}, direction: {direction}, seconds: 300 ms}}"
        done, found = run(step("network.throughput", parameters, *measures))
    assert done.outcome is Outcome.PASSED
    rate, size = found["rate"], found["size"]
    assert rate.unit == "bit/s"
    assert isinstance(rate.value, float)
    assert isinstance(size.value, float)
    assert 8 * size.value / rate.value == pytest.approx(0.3, rel=0.5)
    assert (found["again"].value is None) == (direction == "down")


def test_what_is_no_target_or_stalls_is_told_within_the_steps_time(run: Run, service: int) -> None:
    measures = ("{name: rate, field: rate, low: 1 Mbit/s}",)
    parameters = f"{{host: 127.0.0.1, port: {service}, seconds: 300 ms}}"
    began = time.monotonic()
    done, _ = run(step("network.throughput", parameters, *measures, timeout="1 s"))
    assert done.outcome is Outcome.TIMEOUT, "the service accepts and says nothing"
    assert time.monotonic() - began < PATIENCE_S
    done, found = run(step("network.throughput", f"{{host: 127.0.0.1, port: {closed_port()}}}", *measures))
    assert "nothing listens" in (found["rate"].reason or "")
    done, _ = run(step("network.throughput", parameters, *measures), lambda r: (time.sleep(0.3), r.abort("enough"))[1])
    assert done.outcome is Outcome.ABORTED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (step("network.latency", "{host: a, method: tcp}", "{name: l, field: loss}"), "method tcp needs a port"),
        (step("network.throughput", "{host: a, seconds: 2 h}", "{name: r, field: rate}"), "must be 0.1 to 60 s"),
        (step("network.throughput", "{host: a}", "{name: r, field: rate, low: 3 V}"), "is in V, but rate is in bit/s"),
    ],
)
def test_wrong_parameters_are_told_without_a_network(plan_of: Callable[..., LoadedPlan], text: str, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        plan_of(HEAD + text)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


@pytest.fixture
def cable() -> Iterator[tuple[str, Callable[[bool], None]]]:
    """A device in a network of its own at the end of a cable; gives its address, and how to pull and plug the cable."""
    name = f"bw{os.getpid()}"
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2 to make network namespaces")
    try:
        ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces are not permitted here: {error.stderr.decode().strip()}")
    number = os.getpid() % 200
    try:
        ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("addr", "add", f"10.213.{number}.1/30", "dev", name)
        ip("link", "set", name, "up")
        for arguments in (f"addr add 10.213.{number}.2/30 dev eth0", "link set eth0 up", "link set lo up"):
            ip("-n", name, *arguments.split())
        yield f"10.213.{number}.2", lambda up: ip("-n", name, "link", "set", "eth0", "up" if up else "down")
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def test_a_cable_that_is_pulled_shows_as_loss_and_then_as_unreachable(
    run: Run, cable: tuple[str, Callable[[bool], None]]
) -> None:
    address, plug = cable
    name = f"bw{os.getpid()}"
    command = ["ip", "netns", "exec", name, sys.executable, "-m", "benchwright", "net", "serve", "--port", "5911"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert "throughput target" in server.stdout.readline()
        done, found = run(step("network.throughput", f"{{host: {address}, seconds: 300 ms}}", "{name: r, field: rate}"))
        assert isinstance(found["r"].value, float)
        assert found["r"].value > 1e7

        def pull(_runner: Runner) -> None:
            time.sleep(0.5)
            plug(False)

        parameters = f"{{host: {address}, port: 5911, count: 20, interval: 50 ms, wait: 50 ms}}"
        done, found = run(step("network.latency", parameters, *LATENCY), pull)
        assert done.outcome is Outcome.FAILED
        assert 20 < (found["loss"].value or 0) < 90
        done, found = run(step("network.reach", f"{{host: {address}, port: 5911, wait: 300 ms}}", *REACH))
        assert found["reachable"].value is False
        server.terminate()


@given(st.binary(max_size=64), st.integers(0, 65535), st.integers(0, 65535))
def test_an_echo_is_recognised_and_its_checksum_right(payload: bytes, identifier: int, sequence: int) -> None:
    request = echo_request(identifier, sequence, payload)
    assert checksum(request) == 0
    assert echo_reply(request) is None, "a request is no reply"
    reply = b"\0" + request[1:]
    assert echo_reply(reply) == (identifier, sequence, payload)
    header = bytes([0x45]) + bytes(19)
    assert echo_reply(header + reply, with_ip_header=True) == (identifier, sequence, payload)


@given(st.binary(max_size=80), st.booleans())
def test_any_packet_is_read_or_refused(packet: bytes, raw: bool) -> None:
    try:
        echo_reply(packet, with_ip_header=raw)
    except ProtocolError as error:
        assert "cut" in str(error)

import asyncio
import contextlib
import grp
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from waiting import PATIENCE_S, wait_until
from websockets.sync.client import unix_connect

from edge_agent.bus import EventBus, Subscription
from edge_agent.by_hand.desk import ByHandDesk
from edge_agent.desk import AgentDesk, explain
from edge_agent.discovery import Discoveries
from edge_agent.local_api import events, frames, manual, requests, views
from edge_agent.local_api.client import AgentClient, AgentError, Lost, SyncAgentClient, find_socket
from edge_agent.local_api.server import LocalApiError, LocalApiServer
from edge_agent.rack import LeaseRefused
from edge_agent.spool import SpoolFull

DEPTH = views.SpoolDepth(waiting=3, refused=1, size_bytes=400, max_bytes=1000)


@pytest.fixture
def bus():
    return EventBus()


@pytest.fixture
def gate():
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def server(tmp_path, bus, gate):
    def answer(request):
        raise {
            "a": ValueError("give yes or no"),
            "b": SpoolFull("the spool is full"),
            "c": LeaseRefused("held by li"),
            "d": KeyError("oops"),
        }[request.prompt]

    def operate(request):
        gate.wait(20)
        return (views.Quantity("dc_voltage", 3.3, "V", 0.001),)

    handlers = {
        requests.GetSpool: lambda _: DEPTH,
        requests.GetRunState: lambda _: None,
        requests.AnswerPrompt: answer,
        requests.Operate: operate,
    }
    server = LocalApiServer(tmp_path / "api" / "agent.sock", handlers, bus, explain)
    server.start()
    yield server
    gate.set()
    server.stop()


@pytest.fixture
def client(server):
    with SyncAgentClient(server.path) as client:
        yield client


def reading(value):
    return events.Reading("meter", datetime.now(UTC), (views.Quantity("dc_voltage", value, "V", 0.001),))


def test_a_file_that_is_no_socket_is_not_taken_for_a_stale_one(tmp_path, bus):
    path = tmp_path / "notes.txt"
    path.write_text("keep me")
    server = LocalApiServer(path, {}, bus, explain)
    with pytest.raises(LocalApiError, match="no socket"):
        server.start()
    assert path.read_text() == "keep me"


def test_a_client_that_asks_and_never_reads_is_not_read_either(tmp_path, bus):
    asked = []

    def answer(request):
        asked.append(request)
        return views.Link(configured=True, online=True, detail="x" * 50_000)

    server = LocalApiServer(tmp_path / "agent.sock", {requests.GetSpool: answer}, bus, explain)
    server.start()
    request = msgspec.json.encode(frames.ClientFrame(id=1, request=requests.GetSpool()))
    frame = bytes([0x81, 0x80 | len(request)]) + bytes(4) + request  # RFC 6455, 5.2: text, masked with zeros
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(os.fspath(server.path))
        client.sendall(
            b"GET / HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 101")
        with contextlib.suppress(TimeoutError):
            for _ in range(2000):
                client.sendall(frame)
        time.sleep(0.3)
        assert len(asked) < 200
    wait_until(lambda: not server._connections, "the connection that has ended is counted no more")
    server.stop()


def test_the_socket_is_for_its_owner(server):
    mode = server.path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(server.path.parent.stat().st_mode) == 0o700


def test_a_group_can_be_let_in(tmp_path, bus):
    group = grp.getgrgid(os.getgid()).gr_name
    server = LocalApiServer(tmp_path / "agent.sock", {}, bus, explain, group=group)
    server.start()
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o660
    assert server.path.stat().st_gid == os.getgid()
    server.stop()
    assert not server.path.exists()


def test_what_keeps_the_socket_from_opening_is_told(tmp_path, bus):
    for path, group in ((tmp_path / ("x" * 120), None), (tmp_path / "agent.sock", "no-such-group")):
        server = LocalApiServer(path, {}, bus, explain, group=group)
        with pytest.raises(LocalApiError, match="cannot be opened"):
            server.start()
        server.stop()


def test_a_dead_agents_socket_is_replaced(tmp_path, bus):
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "agent.sock"))
    stale.close()
    server = LocalApiServer(tmp_path / "agent.sock", {requests.GetSpool: lambda _: DEPTH}, bus, explain)
    server.start()
    with SyncAgentClient(server.path) as client:
        assert client.request(requests.GetSpool()) == DEPTH
    server.stop()


def test_results_come_back_typed(client):
    assert client.request(requests.GetSpool()) == DEPTH
    assert client.request(requests.GetRunState()) is None


@pytest.mark.parametrize(
    ("prompt", "kind", "words"),
    [
        ("a", "refused", "give yes or no"),
        ("b", "failed", "the spool is full"),
        ("c", "refused", "held by li"),
        ("d", "defect", "agent's log"),
    ],
)
def test_errors_have_a_kind_and_words_and_the_connection_lives(client, prompt, kind, words):
    with pytest.raises(AgentError, match=words) as caught:
        client.request(requests.AnswerPrompt(prompt))
    assert caught.value.kind == kind
    assert client.request(requests.GetSpool()) == DEPTH


@pytest.mark.parametrize(
    ("frame", "number"),
    [
        ('{"id": 7, "request": {"do": "no_such_thing"}}', 7),
        ('{"id": 7, "request": {"do": "start_run", "serial": ""}}', 7),
        ('{"id": 7, "request": {"do": "spool", "extra": 1}}', 7),
        ('{"id": -1, "request": {"do": "spool"}}', -1),
        ("[" * 2000, None),
        ("", None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_what_is_no_request_is_answered_with_the_place(server, frame, number):
    with unix_connect(str(server.path), "ws://localhost/") as raw:
        raw.send(frame)
        answer = msgspec.json.decode(raw.recv(timeout=10))
        assert answer.get("id") == number
        assert answer["error"]["kind"] == "bad_request"
        raw.send('{"id": 8, "request": {"do": "spool"}}')
        assert msgspec.json.decode(raw.recv(timeout=10))["id"] == 8


def test_a_slow_instrument_holds_up_nobody(server, gate):
    async def scenario():
        async with AgentClient(server.path) as first, AgentClient(server.path) as second:
            slow = [
                asyncio.create_task(first.request(requests.Operate("token", manual.ReadMeter("dc_voltage"))))
                for _ in range(6)
            ]
            for client in (first, second):
                assert await client.request(requests.GetSpool(), timeout_s=10) == DEPTH
            assert not any(task.done() for task in slow)
            gate.set()
            results = await asyncio.gather(*slow)
            assert results == [(views.Quantity("dc_voltage", 3.3, "V", 0.001),)] * 6

    asyncio.run(scenario())


def test_events_reach_those_who_asked_for_their_stream(server, bus, client):
    client.request(requests.Subscribe(streams=("run", "readings")))
    bus.publish(events.WorklistChanged(4))
    bus.publish(events.RunBegan("run-1"))
    bus.publish(reading(3.3))
    stream = client.events(timeout_s=PATIENCE_S)
    assert next(stream) == events.RunBegan("run-1")
    assert next(stream).values[0].value == 3.3
    assert client.request(requests.GetSpool()) == DEPTH
    client.request(requests.Subscribe())
    bus.publish(events.WorklistChanged(5))
    assert next(stream) == events.WorklistChanged(5)


def test_a_client_that_does_not_read_loses_events_knows_it_and_holds_up_nobody(server, bus):
    with unix_connect(str(server.path), "ws://localhost/", max_queue=1) as lazy, SyncAgentClient(server.path) as busy:
        lazy.send('{"id": 1, "request": {"do": "subscribe"}}')
        lazy.recv(timeout=10)
        text = "x" * 3000
        for number in range(4000):
            bus.publish(events.StepProgressed("run-1", "step", number / 4000, text))
        began = time.monotonic()
        assert busy.request(requests.GetSpool()) == DEPTH
        assert time.monotonic() - began < 5
        lost, seen, deadline = 0, [], time.monotonic() + 30
        while lost + len(seen) < 4000 and time.monotonic() < deadline:
            frame = msgspec.json.decode(lazy.recv(timeout=10), type=frames.ServerFrame)
            lost += frame.lost
            if frame.event is not None:
                seen.append(frame.event.fraction)
        assert lost > 0
        assert lost + len(seen) == 4000, "each event was delivered or counted"
        assert seen == sorted(seen)
        assert seen[-1] == 3999 / 4000, "the newest is not lost"


def test_of_a_state_only_the_newest_waits():
    woken = []
    subscription = Subscription({"spool", "link", "readings"}, lambda: woken.append(1), limit=3)
    for waiting in range(50):
        subscription.put(events.SpoolChanged(msgspec.structs.replace(DEPTH, waiting=waiting)), "spool")
    subscription.put(reading(1.0), None)
    assert len(woken) == 1, "woken once, not for each event"
    taken, lost = subscription.take()
    assert [type(event) for event in taken] == [events.SpoolChanged, events.Reading]
    assert (taken[0].spool.waiting, lost) == (49, 0)
    for value in range(5):
        subscription.put(reading(float(value)), None)
    taken, lost = subscription.take()
    assert ([event.values[0].value for event in taken], lost) == ([2.0, 3.0, 4.0], 2)
    assert subscription.take() == ([], 0)


def test_an_agent_that_goes_away_is_told_in_words(server, gate, tmp_path, monkeypatch):
    async def scenario():
        async with AgentClient(server.path) as client:
            waiting = asyncio.create_task(client.request(requests.Operate("t", manual.Identify())))
            await client.request(requests.GetSpool())
            threading.Thread(target=server.stop).start()
            with pytest.raises(AgentError, match="cannot be reached"):
                await waiting
            with pytest.raises(AgentError, match="has ended"):
                async for _ in client.events():
                    pass

    asyncio.run(scenario())
    with pytest.raises(AgentError, match="is 'benchwright agent run' up"):
        SyncAgentClient(server.path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(AgentError, match="no agent has a socket"):
        find_socket()
    for bench in ("a", "b"):
        (tmp_path / "benchwright" / bench).mkdir(parents=True)
        (tmp_path / "benchwright" / bench / "agent.sock").touch()
    with pytest.raises(AgentError, match=r"several benches run here \(a, b\)"):
        find_socket()
    (tmp_path / "benchwright" / "a" / "agent.sock").unlink()
    assert find_socket() == tmp_path / "benchwright" / "b" / "agent.sock"


def test_async_events_that_are_not_read_are_counted(server, bus, monkeypatch):
    monkeypatch.setattr("edge_agent.local_api.client.MAX_UNREAD", 10)

    async def scenario():
        async with AgentClient(server.path) as client:
            await client.request(requests.Subscribe())
            for number in range(30):
                bus.publish(events.WorklistChanged(number))
            for _ in range(200):
                if client._unread == 20:
                    break
                await asyncio.sleep(0.02)
            stream = client.events()
            assert [(await anext(stream)).revision for _ in range(10)] == list(range(10))
            bus.publish(events.WorklistChanged(99))
            assert await anext(stream) == Lost(20)
            assert await anext(stream) == events.WorklistChanged(99)

    asyncio.run(scenario())


def test_the_contract_is_complete():
    asked = set(get_args(requests.AnyRequest))
    assert {request.__struct_config__.tag_field for request in asked} == {"do"}
    assert all(requests.result_type(request) for request in asked)
    assert set(events.STREAM_OF) == set(get_args(events.AnyEvent))
    assert set(events.STREAM_OF.values()) == set(get_args(events.Stream))
    assert "tuple" in str(requests.result_type(requests.GetPlans))


def test_the_agent_fulfils_every_request():
    known = {
        "runs": None,
        "manual": None,
        "discoveries": Discoveries("b", None, None, None),
        "by_hand": ByHandDesk(None, None, None, Path(), lambda: None),
    }
    parts = type("Parts", (), known)()
    assert set(AgentDesk(parts).handlers()) == set(get_args(requests.AnyRequest)) - {requests.Subscribe}


def test_a_client_brings_no_instrument_and_no_broker_library_along():
    heavy = "{'drivers', 'paho', 'numpy', 'sqlite3'}"
    script = f"import sys, edge_agent.local_api.client; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"

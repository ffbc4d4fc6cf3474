"""The hub's port is the hub's from the moment on that it was asked for."""

import socket
from contextlib import ExitStack

import pytest

from hub.core.settings import SettingsError
from hub.serve import hold


def test_a_port_that_is_held_is_nobody_elses() -> None:
    with ExitStack() as stack:
        (first,) = [stack.enter_context(one) for one in hold("127.0.0.1", 0)]
        port = first.getsockname()[1]
        with pytest.raises(SettingsError, match=f"127.0.0.1 port {port} cannot be listened at: .*--port"):
            hold("127.0.0.1", port)
        other = stack.enter_context(socket.socket())
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))


def test_every_address_of_a_name_is_listened_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver alone is told what to say: two addresses of this machine, one twice, and one that it has not."""
    kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    places = [("192.0.2.1", 0), ("127.0.0.1", 0), ("127.0.0.2", 0), ("127.0.0.1", 0)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: [(*kind, place) for place in places])
    with ExitStack() as stack:
        held = [stack.enter_context(one) for one in hold("bench-hub", 0)]
        addresses = [one.getsockname() for one in held]
        assert [host for host, _ in addresses] == ["127.0.0.1", "127.0.0.2"]
        assert len({port for _, port in addresses}) == 1
        for place in addresses:
            client = stack.enter_context(socket.socket())
            client.settimeout(1)
            client.connect(place)


def test_a_name_of_other_machines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: [(*kind, ("192.0.2.1", 0))])
    with pytest.raises(SettingsError, match="--host and --port"):
        hold("elsewhere", 0)

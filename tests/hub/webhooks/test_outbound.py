"""No webhook goes into the hub's own network (SSRF), nor holds a sender up."""

import asyncio
import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Gateway

from hub.core.problems import Problem
from hub.core.settings import Settings
from hub.webhooks import outbound, service


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1", "192.0.2.1"),
        *("fec0::1", "feff::1", "::7f00:1", "::10.0.0.1", "::192.168.1.1"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not outbound.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_are(address: str) -> None:
    assert outbound.is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_no_more_public_for_being_wrapped(address: Any) -> None:
    wrapped = [f"::ffff:{address}", f"64:ff9b::{address}"]
    assert {outbound.is_public(one) for one in wrapped} == {outbound.is_public(str(address))}


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/h", "https://127.0.0.1/h", "https://[::1]/h", "https://localhost/h"),
        *("https://hub.internal/h", "https://user:secret@example.com/h", "https://example.com/h#part"),
        *("https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest", "https:///h", "https://xn--/"),
        *("https://127.1/h", "https://2130706433/h", "https://0x7f.1/h", "https://0x7f000001/h", "https://10.1/h"),
        *("https://erp.example.com:99999/h", "https://erp.example.com:0/h", "https://LOCALHOST./h", "https://-/h"),
        *("https://-a.example.com/h", "https://a..example.com/h", "https://1.2.3.4.5/h", "https://example.0x/h"),
    ],
)
def test_such_endpoints_are_not_registered(url: str) -> None:
    with pytest.raises(Problem, match="https://"):
        service.check_url(Settings(), url)
    for taken in (
        "https://example.com/h",
        "https://a_b.example.com.:8443/h",
        "https://例子.测试/h",
        "https://8.8.8.8/",
    ):
        service.check_url(Settings(), taken)
    service.check_url(Settings(webhook_allow_private=True), "http://127.0.0.1:8080/h")


@given(st.one_of(st.text(max_size=40), st.from_regex(r"\Ahttps?://[^\s]{1,40}\Z")))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        service.check_url(Settings(), text)
    except Problem as problem:
        assert problem.kind is service.URL_NOT_ALLOWED


@pytest.mark.parametrize("name", ["0x7f.1", "2130706433", "127.1"])
def test_other_ways_to_write_an_address_are_judged_at_delivery(name: str) -> None:
    assert "public Internet" in str(send(f"https://{name}/", allow_private=False).error)


def send(url: str, *, allow_private: bool = True) -> outbound.Answer:
    return asyncio.run(outbound.post(url, {"webhook-id": "evt_1"}, "{}", allow_private=allow_private))


def test_a_name_that_resolves_to_a_private_address_is_refused_at_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS may say something else than at registration: here the resolver of this machine is asked for localhost."""
    with Gateway() as gateway:
        answer = send(f"http://localhost:{gateway.port}/", allow_private=False)
        assert answer.error == "localhost is not an address of the public Internet"
        assert gateway.requests == []
        assert send(f"http://localhost:{gateway.port}/h").status == 204
        assert gateway.requests[0][1]["host"] == f"localhost:{gateway.port}"


def test_redirects_are_not_followed_and_answers_are_cut() -> None:
    with Gateway() as gateway:
        gateway.statuses, gateway.answer = [302, 500], b"x" * 200_000
        assert send(f"http://127.0.0.1:{gateway.port}/").status == 302
        answer = send(f"http://127.0.0.1:{gateway.port}/")
        assert (answer.status, answer.body) == (500, "x" * outbound.KEPT_ANSWER)
        assert [path for path, _, _ in gateway.requests] == ["/", "/"]


def test_whoever_answers_a_byte_at_a_time_does_not_hold_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "DEADLINE_S", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                while True:
                    connection.sendall(b"H")
                    time.sleep(0.05)
            except OSError:
                pass

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    began_s = time.monotonic()
    answer = send(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert answer.status is None and answer.error is not None
    assert time.monotonic() - began_s < 5
    thread.join(10)
    listener.close()


def test_nobody_there_is_an_answer_too() -> None:
    answer = send("http://127.0.0.1:9/")
    assert answer.error is not None and "ConnectError" in answer.error
    assert not answer.taken

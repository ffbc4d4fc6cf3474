"""Text that a database cannot hold is refused, not a failure of the hub."""

from collections.abc import Iterator

import httpx
import pytest

BODY = '{"kind": "complaint", "symptom": "a%sb", "contact": {"name": "n", "phone": "+86 138 0000 0000"}}'


@pytest.mark.parametrize("odd", ["\\ud800", "\\u0000", "\\udfff\\ud800"])
def test_half_characters_and_nul(staff: httpx.Client, odd: str) -> None:
    answer = staff.post("/api/v1/tickets", content=BODY % odd, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


def test_an_escaped_backslash_is_no_nul(staff: httpx.Client) -> None:
    body = BODY % "\\\\u0000"
    answer = staff.post("/api/v1/tickets", content=body, headers={"Content-Type": "application/json"})
    assert answer.raise_for_status().json()["symptom"] == "a\\u0000b"


def test_an_escape_in_two_chunks(staff: httpx.Client) -> None:
    first, second = (BODY % "\\u0000").split("u0", 1)

    def chunks() -> Iterator[bytes]:
        yield first.encode()
        yield b"u0" + second.encode()

    answer = staff.post("/api/v1/tickets", content=chunks(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("odd", ["%00", "%ED%A0%80", "%FF"])
def test_in_an_address(staff: httpx.Client, odd: str) -> None:
    for path in (f"/api/v1/tickets?serial=a{odd}", f"/api/v1/tickets/T{odd}", f"/api/v1/stores/a{odd}"):
        assert staff.get(path).status_code in {200, 404, 422}, path

"""Files of tickets: known by their first bytes, bounded, and never shown in the hub's name."""

import hashlib
from typing import Any

import httpx
import pytest

from hub.tickets.attachments import MAX_ATTACHMENT_BYTES, media_type

pytestmark = pytest.mark.any_database

TAKEN = {
    b"\xff\xd8\xff\xe0....": "image/jpeg",
    b"\x89PNG\r\n\x1a\n....": "image/png",
    b"RIFF\x00\x00\x00\x00WEBPVP8 ": "image/webp",
    b"\x00\x00\x00\x18ftypheic....": "image/heic",
    b"%PDF-1.7....": "application/pdf",
}
REFUSED = [
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"<!DOCTYPE html><script>alert(1)</script>",
    b"<?xml version='1.0'?><svg/>",
    b"\x00\x00\x00\x18ftypisom",
    b"RIFF\x00\x00\x00\x00WAVEfmt ",
    b"MZ\x90\x00",
    b"GIF89a",
    b"\xff\xd8",
    b"",
]


@pytest.mark.parametrize("head", list(TAKEN))
def test_types_are_known_by_their_first_bytes(head: bytes) -> None:
    assert media_type(head) == TAKEN[head]


@pytest.mark.parametrize("head", REFUSED)
def test_nothing_else_is_taken(head: bytes) -> None:
    assert media_type(head) is None


def put(client: httpx.Client, content: bytes, first: int, last: int, *, total: int | None = None) -> httpx.Response:
    sha256 = hashlib.sha256(content).hexdigest()
    headers = {
        "Content-Range": f"bytes {first}-{last}/{total or len(content)}",
        "Content-Type": "application/octet-stream",
    }
    return client.put(f"/api/v1/attachments/{sha256}", content=content[first : last + 1], headers=headers)


def test_a_page_called_a_photo_is_refused_and_not_kept(staff: httpx.Client, complete: dict[str, Any]) -> None:
    page = REFUSED[1]
    answer = put(staff, page, 0, len(page) - 1)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (415, "attachment-type")
    wanted = {"sha256": hashlib.sha256(page).hexdigest(), "purpose": "photo", "name": "photo.jpg"}
    refused = staff.post("/api/v1/tickets", json={**complete, "attachments": [wanted]})
    assert refused.json()["errors"][0]["pointer"] == "#/attachments/0/sha256"


def test_a_page_sent_byte_by_byte_is_refused_too(staff: httpx.Client) -> None:
    """A first chunk that is too short to tell is refused, so that no type slips in."""
    assert put(staff, REFUSED[0], 0, 0).status_code == 415


def test_a_large_photo_comes_in_chunks_and_back_whole(staff: httpx.Client, complete: dict[str, Any]) -> None:
    photo = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 5000
    half = 700_000
    assert put(staff, photo, 0, half - 1).status_code == 202
    again = put(staff, photo, 0, half - 1)
    assert (again.status_code, again.headers["upload-offset"]) == (409, str(half))
    assert put(staff, photo, half, len(photo) - 1).status_code == 200
    sha256 = hashlib.sha256(photo).hexdigest()
    body = {**complete, "attachments": [{"sha256": sha256, "name": "front.jpg"}]}
    ticket = staff.post("/api/v1/tickets", json=body).raise_for_status().json()["id"]
    (file,) = staff.get(f"/api/v1/tickets/{ticket}").json()["attachments"]
    answer = staff.get(f"/api/v1/tickets/{ticket}/attachments/{file['id']}")
    assert answer.content == photo
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_too_large_files_are_refused_before_they_are_sent(staff: httpx.Client) -> None:
    photo = b"\xff\xd8\xff\xe0" + b"x" * 100
    answer = put(staff, photo, 0, len(photo) - 1, total=MAX_ATTACHMENT_BYTES + 1)
    assert (answer.status_code, answer.json()["detail"]) == (413, "An attachment may have at most 20 MiB.")

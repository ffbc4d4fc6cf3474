"""Bodies of intakes, complete for every kind."""

import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 20
CONTACT = {"name": "李雷", "phone": "+86 138 0000 0000"}
COMPLETE: dict[str, Any] = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": CONTACT,
    "urgency": "normal",
    "purchase_proof": {"kind": "receipt", "number": "FP-1"},
    "accessories": ["power adapter"],
    "appearance": "clean",
    "waited_s": 12,
}
Upload = Callable[..., str]


@pytest.fixture
def upload(staff: httpx.Client) -> Upload:
    def send(content: bytes = JPEG) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        headers = {
            "Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}",
            "Content-Type": "application/octet-stream",
        }
        staff.put(f"/api/v1/attachments/{sha256}", content=content, headers=headers).raise_for_status()
        return sha256

    return send


@pytest.fixture
def complete(upload: Upload) -> dict[str, Any]:
    """A body that satisfies every kind on every channel."""
    return {**COMPLETE, "attachments": [{"sha256": upload(), "purpose": "photo"}]}

"""The hidden hand on a running bench: JSON lines over a unix socket change faults, wires and manners of instruments.

A request is ``{"do": …}`` with one of ``FIELDS`` and the fields that it needs, all text: ``{"do": "connect",
"instrument": "meter", "point": "TP_3V3"}``. ``repair`` with the fault ``all`` repairs everything. Each request is
answered by one line, ``{"ok": true, "state": …}`` or ``{"ok": false, "error": one sentence}``.
"""

import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drivers.simulated.bench import SimulatedBench
from drivers.simulated.endpoints import Session, UnixEndpoint
from drivers.simulated.products import Product

_LINE_LIMIT = 65536
FIELDS: Mapping[str, tuple[str, ...]] = {
    "state": (),
    "faults": (),
    "inject": ("fault",),
    "repair": ("fault",),
    "connect": ("instrument", "point"),
    "misbehave": ("instrument", "kind"),
    "behave": ("instrument", "kind"),
    "knob": ("position",),
    "boot0": ("level",),
    "skip": ("seconds",),
}
"""What can be done, and the fields that each needs, in the order in which a person gives them."""


def describe_faults(product: Product) -> dict[str, Any]:
    """Return every fault of a product with its part, title and appearance in both languages."""
    return {
        name: {"part": fault.part, "title": dict(fault.title), "looks_like": dict(fault.looks_like)}
        for name, fault in product.faults.items()
    }


def carry_out(bench: SimulatedBench, request: Any) -> dict[str, Any]:
    """Carry out one request and return its answer; a wrong one changes nothing."""
    if not isinstance(request, dict) or request.get("do") not in FIELDS:
        return {"ok": False, "error": f'say what to do: {{"do": …}} with one of {", ".join(FIELDS)}'}
    do = request["do"]
    values = [request.get(name) for name in FIELDS[do]]
    if not all(isinstance(value, str) for value in values):
        return {"ok": False, "error": f"{do} needs {' and '.join(FIELDS[do])} as text"}
    actions: dict[str, Callable[..., object]] = {
        "state": lambda: None,
        "faults": lambda: None,
        "inject": bench.device.inject,
        "repair": lambda name: bench.device.repair_all() if name == "all" else bench.device.repair(name),
        "connect": bench.connect,
        "misbehave": lambda role, kind: bench.misbehave(role, kind, on=True),
        "behave": lambda role, kind: bench.misbehave(role, kind, on=False),
        "knob": bench.turn_knob,
        "boot0": bench.strap_boot0,
        "skip": lambda seconds: bench.device.skip(float(seconds)),
    }
    try:
        actions[do](*values)
    except ValueError as error:
        return {"ok": False, "error": str(error)}
    if do == "faults":
        return {"ok": True, "faults": describe_faults(bench.device.product)}
    return {"ok": True, "state": bench.state()}


class ControlSession(Session):
    """One client of the control socket."""

    def __init__(self, bench: SimulatedBench) -> None:
        self._bench = bench
        self._held = b""

    def receive(self, data: bytes) -> bytes:
        """Answer every whole line."""
        *lines, self._held = (self._held + data).split(b"\n")
        answers = [self._answer(line) for line in lines if line.strip()]
        if len(self._held) > _LINE_LIMIT:
            self._held = b""
            answers.append({"ok": False, "error": f"a request has at most {_LINE_LIMIT} bytes and ends with a newline"})
        return b"".join(json.dumps(answer, ensure_ascii=False).encode() + b"\n" for answer in answers)

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except ValueError:
            return {"ok": False, "error": 'a request is one JSON object on a line, such as {"do": "state"}'}
        return carry_out(self._bench, request)


def control_endpoint(bench: SimulatedBench, path: Path) -> UnixEndpoint:
    """Return the control socket at ``path``, to be started and stopped by the caller."""
    return UnixEndpoint("control", lambda: ControlSession(bench), path)


def ask(path: Path, request: Mapping[str, Any], timeout_s: float = 10.0) -> dict[str, Any]:
    """Send one request to a running bench and return the answer; raise ``OSError`` when nobody answers there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        connection.sendall(json.dumps(dict(request)).encode() + b"\n")
        with connection.makefile("rb") as answers:
            line = answers.readline()
    if not line:
        raise ConnectionError(f"the bench at {path} closed the connection without an answer")
    answer: dict[str, Any] = json.loads(line)
    return answer

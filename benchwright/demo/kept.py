"""What stays after the story (``--keep``): a second ticket with a fault to find, and a hand that moves the probes.

A test asks a person to put a probe on a test point; on the simulated bench nobody has hands, so this does what the
question on the screen says, and the person confirms it as on a real bench.
"""

import contextlib
import threading
from collections.abc import Callable

from benchwright.demo.processes import ProcessError
from benchwright.demo.scene import BENCH, Scene
from edge_agent.local_api import events
from edge_agent.local_api.client import AgentError, SyncAgentClient
from edge_agent.local_api.requests import Subscribe

SECOND_FAULT = "leaky_ldo"


def leave_ticket(scene: Scene, *, model: str, plan: str, symptom: str, fault: str) -> tuple[str, str]:
    """Break the device again and take in a ticket for it; return the ticket's number and the device's serial."""
    scene.hand(do="inject", fault=fault)
    serial = str(scene.hand(do="state")["state"]["device"]["serial"])
    desk = scene.desk()
    body = {
        "kind": "repair",
        "device": {"model": model, "serial": serial},
        "symptom": symptom,
        "contact": {"name": "韩梅梅", "phone": "+86 138 0000 0001"},
    }
    ticket = str(desk.call("POST", "/api/v1/tickets", body)["id"])
    agreed = {"limit_minor": 0, "how": "in_person", "said_by": "韩梅梅"}
    desk.call("POST", f"/api/v1/tickets/{ticket}/actions", {"action": "preapprove", "details": agreed})
    desk.call("PUT", f"/api/v1/tickets/{ticket}/assignment", {"bench": BENCH, "plan": plan})
    return ticket, serial


class Hand:
    """Moves the simulated probes as questions of test runs say, until ``stop``. ``told`` hears of each move."""

    def __init__(self, scene: Scene, told: Callable[[str, str], None]) -> None:
        self._scene = scene
        self._told = told
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="demo-hand", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Move nothing any more."""
        self._stopped.set()
        self._thread.join(3)

    def _work(self) -> None:
        while not self._stopped.is_set():
            with (
                contextlib.suppress(AgentError, ProcessError, OSError),
                SyncAgentClient(self._scene.agent_socket) as agent,
            ):
                agent.request(Subscribe(streams=("run",)))
                while not self._stopped.is_set():
                    for event in agent.events(timeout_s=0.5):
                        if isinstance(event, events.PromptWanted):
                            self._obey(event.prompt.connect)
            self._stopped.wait(0.5)

    def _obey(self, connect: dict[str, str]) -> None:
        for role, point in connect.items():
            self._scene.hand(do="connect", instrument=role, point=point)
            self._told(role, point)

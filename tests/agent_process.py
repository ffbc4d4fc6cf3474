"""The agent in a process of its own, so that it can be killed."""

import subprocess
import sys
import time

from edge_agent.local_api.client import AgentError, SyncAgentClient
from edge_agent.local_api.requests import Describe, GetWorklist


class AgentProcess:
    """The real agent, to be killed."""

    def __init__(self, folder):
        self.folder = folder
        self.socket = folder / "state" / "agent.sock"
        self._log = folder / "agent.log"
        self._process = None

    def start(self):
        command = [sys.executable, "-m", "edge_agent", "--bench", str(self.folder / "bench.toml")]
        command += ["--state", str(self.folder / "state"), "--plans", str(self.folder / "plans")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with SyncAgentClient(self.socket) as agent:
                    agent.request(Describe())
                return self
            except AgentError:
                time.sleep(0.05)
        raise AssertionError(self._log.read_text()[-2000:])

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def events(self, ticket="T-000101"):
        with SyncAgentClient(self.socket) as agent:
            tickets = {one.item.ticket: one for one in agent.request(GetWorklist()).tickets}
        return tickets[ticket].events

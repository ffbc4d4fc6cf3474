"""The agent in a process of its own, so that it can be killed."""

import subprocess
import sys

from waiting import wait_until

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
        wait_until(self._answers, f"the agent of {self.folder} answers; {self._log} tells why not")
        return self

    def _answers(self):
        assert self._process.poll() is None, self._log.read_text()[-2000:]
        try:
            with SyncAgentClient(self.socket) as agent:
                agent.request(Describe())
        except AgentError:
            return False
        return True

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def events(self, ticket="T-000101"):
        with SyncAgentClient(self.socket) as agent:
            tickets = {one.item.ticket: one for one in agent.request(GetWorklist()).tickets}
        return tickets[ticket].events

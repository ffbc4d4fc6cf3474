"""The agent in a process of its own, so that it can be killed."""

import subprocess
import sys

from waiting import wait_until

from edge_agent.local_api.client import AgentError, SyncAgentClient
from edge_agent.local_api.requests import Describe, GetWorklist


class AgentProcess:
    """The real agent of the bench and the plans in ``folder``, to be killed and started again."""

    def __init__(self, folder, *options, state=None):
        state = state or folder / "state"
        self.socket = state / "agent.sock"
        self.log = state.parent / "agent.log"
        self._command = [sys.executable, "-m", "edge_agent", "--bench", folder / "bench.toml", "--state", state]
        self._command += ["--plans", folder / "plans", *options]
        self._process = None

    def start(self):
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait_until(self._answers, f"the agent answers; {self.log} tells why not")
        return self

    def _answers(self):
        assert self._process.poll() is None, self.log.read_text()[-2000:]
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

    def end(self):
        """Ask it to end, as a service manager would; return its exit code."""
        self._process.terminate()
        return self._process.wait(20)

    def events(self, ticket="T-000101"):
        with SyncAgentClient(self.socket) as agent:
            tickets = {one.item.ticket: one for one in agent.request(GetWorklist()).tickets}
        return tickets[ticket].events

"""The connection to the agent: kept up, made again when it breaks, and never waited for by the screen."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge_agent.local_api.client import AgentClient, AgentError, Lost
from edge_agent.local_api.events import AnyEvent
from edge_agent.local_api.requests import Describe, GetRunState, GetWorklist, Request, Subscribe
from tui.bench_state import BenchState, Question, Topic

R = TypeVar("R")
RECONNECT_S = (0.2, 2.0)
REFRESH_S = 5.0
"""The clock's offset and leases that ran out are told by no event, so they are asked for so often."""
GATHER_S = 0.01
"""Events that come together are drawn together; longer than half a frame it would cost frames of an oscilloscope."""


class AgentLink:
    """Fills ``bench`` and tells ``changed`` which topics are new. ``run`` is a task of the screen's event loop."""

    def __init__(self, path: Path | None, bench: BenchState, changed: Callable[[set[Topic]], None]) -> None:
        self._path = path
        self._bench = bench
        self._changed = changed
        self._client: AgentClient | None = None
        self._questions: set[Question] = set()
        self._asked = asyncio.Event()

    async def request(self, request: Request[R], timeout_s: float = 30.0) -> R:
        """Send one request; raises ``AgentError``, also (``unreachable``) while there is no connection."""
        if self._client is None:
            raise AgentError("unreachable", self._bench.fault or "not connected to the agent")
        return await self._client.request(request, timeout_s)

    def ask(self, *questions: Question) -> None:
        """Ask for these soon; the answer changes the bench."""
        self._questions.update(questions)
        self._asked.set()

    async def run(self) -> None:
        """Connect, follow what happens, and connect again, for ever."""
        pause_s = RECONNECT_S[0]
        while True:
            fault = "the agent ended the connection"
            try:
                async with AgentClient(self._path) as client, asyncio.TaskGroup() as tasks:
                    await client.request(Subscribe())
                    self._client = client  # from the first answer on the screen says "online", and entries are taken
                    await self._answer(client, {"about", "worklist", "run"})
                    pause_s = RECONNECT_S[0]
                    self._changed({"connection"})
                    tasks.create_task(self._keep_asking(client))
                    tasks.create_task(self._follow(client))
            except* AgentError as errors:
                fault = str(errors.exceptions[0])
            finally:
                self._client = None
            self._changed(self._bench.lost(fault))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, RECONNECT_S[1])

    async def _follow(self, client: AgentClient) -> None:
        """Take in events until the connection ends, then raise ``AgentError``."""
        gathered: list[AnyEvent] = []
        drawing: asyncio.TimerHandle | None = None

        def draw() -> None:
            nonlocal drawing
            drawing = None
            changed, questions = self._bench.apply(gathered)
            gathered.clear()
            if questions:
                self.ask(*questions)
            if changed:
                self._changed(changed)

        try:
            async for event in client.events():
                if isinstance(event, Lost):
                    self.ask("about", "worklist", "run")
                    continue
                gathered.append(event)
                if drawing is None:
                    drawing = asyncio.get_running_loop().call_later(GATHER_S, draw)
        finally:
            if drawing is not None:
                drawing.cancel()

    async def _keep_asking(self, client: AgentClient) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), REFRESH_S)
            self._asked.clear()
            questions, self._questions = self._questions or {"about"}, set()
            await self._answer(client, questions)

    async def _answer(self, client: AgentClient, questions: set[Question]) -> None:
        changed: set[Topic] = set()
        if "about" in questions:
            changed |= self._bench.described(await client.request(Describe()))
        if "worklist" in questions:
            self._bench.worklist = await client.request(GetWorklist())
            changed.add("worklist")
        if "run" in questions:
            self._bench.run = await client.request(GetRunState())
            changed.add("run")
        self._changed(changed)

"""What the panels of instruments share: a lease as long as the panel is open, and things done one at a time."""

import asyncio
import contextlib
from typing import ClassVar

from textual import work

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.manual import Manual, ReadMeter, ReadSupply
from edge_agent.local_api.requests import AcquireLease, Monitor, Operate, ReleaseLease
from edge_agent.local_api.views import LeaseView
from tui.bench_state import Topic
from tui.i18n import _
from tui.screens.base import BenchScreen

LEASE_S = 30.0
MONITOR_S = 60.0
MONITOR_AGAIN_S = 40.0
"""Before a monitor ends it is asked for again; a panel that died leaves the instrument free after ``LEASE_S``."""


class ByHandScreen(BenchScreen):
    """Control of the instrument ``role``. Subclasses say what is to be read again and again."""

    INTERVAL_S: ClassVar[float] = 0.4

    def __init__(self, role: str) -> None:
        super().__init__()
        self.role = role
        self.lease: LeaseView | None = None
        self._changing = asyncio.Lock()
        self._leaving = False

    @property
    def holder(self) -> str:
        """Return the name under which others see this panel."""
        return self.bench_app.operator or "tui"

    def watched(self) -> ReadMeter | ReadSupply:
        """Return what is read again and again."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Take control, and keep it."""
        super().on_mount()
        self.set_interval(MONITOR_AGAIN_S, self.take_control)

    def bench_changed(self, changed: set[Topic]) -> None:
        """Take control again after the connection was lost: the agent may be another one."""
        if "connection" in changed and self.can_draw:
            if not self.bench.connected:
                self.lease = None
            elif self.lease is None:
                self.take_control()
        super().bench_changed(changed)

    def take_control(self) -> None:
        """Acquire the instrument if it is not ours yet, and read it continuously.

        A task of the application, not of the screen: a lease that is on its way when the screen goes is given back.
        """
        self.bench_app.run_worker(self._take(), group="lease")

    async def _take(self) -> None:
        link = self.bench_app.link
        try:
            async with self._changing:
                if self._leaving:
                    return
                if self.lease is None:
                    self.lease = await link.request(AcquireLease(self.role, self.holder, LEASE_S))
                    link.ask("about")
                again = Monitor(self.lease.token, self.watched(), seconds=MONITOR_S, interval_s=self.INTERVAL_S)
                await link.request(again)
        except AgentError as error:
            self.lease = None
            if error.kind != "unreachable" and self.can_draw:
                self.notice.say(str(error))
        if self.can_draw:
            self.draw({"instruments"})

    def on_unmount(self) -> None:
        """Give control back, however the panel is left."""
        self._leaving = True
        self.bench_app.run_worker(self._give_back(), group="lease")

    async def _give_back(self) -> None:
        """Release the instrument; a lease that cannot be released runs out by itself."""
        link = self.bench_app.link
        async with self._changing:
            lease, self.lease = self.lease, None
        if lease is not None:
            with contextlib.suppress(AgentError):
                await link.request(ReleaseLease(lease.token))
            link.ask("about")

    @work(group="operate")
    async def operate(self, manual: Manual, done: str = "") -> None:
        """Do one thing; ``done`` is said when it is done."""
        if self.lease is None:
            self.notice.say(_("{role} is not under your control.").format(role=self.role))
            return
        try:
            await self.bench_app.link.request(Operate(self.lease.token, manual))
        except AgentError as error:
            self.notice.say(str(error))
            return
        self.operated(manual)
        if done:
            self.notice.say(done, "done")

    def operated(self, manual: Manual) -> None:
        """Take in that it is done."""

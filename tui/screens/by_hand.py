"""What the panels of instruments share: a lease as long as the panel is open, and things done one at a time."""

import asyncio
import contextlib
from typing import ClassVar

from textual import work
from textual.content import Content

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.manual import Manual, ReadMeter, ReadSupply
from edge_agent.local_api.requests import AcquireLease, Monitor, Operate, ReleaseLease, RenewLease, Request
from edge_agent.local_api.views import Done, LeaseView
from tui.bench_state import BenchState, Topic
from tui.formatting import one_line
from tui.heard import heard
from tui.i18n import _, pick
from tui.screens.base import BenchScreen

LEASE_S = 30.0
MONITOR_S = 60.0
MONITOR_AGAIN_S = 40.0
"""Before a monitor ends it is asked for again; a panel that died leaves the instrument free after ``LEASE_S``."""
RENEW_S = 10.0
"""A lease under which nothing happens is renewed so often."""


def named(bench: BenchState, role: str) -> Content:
    """Return an instrument's role and make."""
    one = bench.instrument(role)
    make = "" if one is None else pick(one.title, one.status.profile)
    return Content.assemble((role, "bold $primary"), (f"  {one_line(make)}", "$text-muted"))


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

    def watched(self) -> ReadMeter | ReadSupply | None:
        """Return what is read again and again, if anything is."""
        return None

    def watching(self, token: str) -> Request[Done] | None:
        """Return the request that makes the agent stream what this panel shows, ``None`` while nothing is streamed."""
        manual = self.watched()
        if manual is None:
            return None
        return Monitor(token, manual, seconds=MONITOR_S, interval_s=self.INTERVAL_S)

    def on_mount(self) -> None:
        """Take control, and keep it."""
        self.set_interval(MONITOR_AGAIN_S, self.take_control)
        self.set_interval(RENEW_S, self._renew)

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
                again = self.watching(self.lease.token)
                if again is not None:
                    await link.request(again)
        except AgentError as error:
            self.lease = None
            if error.kind != "unreachable" and self.can_draw:
                self.notice.say(heard(error))
        if self.can_draw:
            self.draw({"instruments"})

    @work(group="renew", exclusive=True)
    async def _renew(self) -> None:
        """Keep the instrument while nothing is done with it; a lease that is over is asked for again."""
        if self.lease is None:
            return
        try:
            await self.bench_app.link.request(RenewLease(self.lease.token))
        except AgentError as error:
            if error.kind != "unreachable":
                self.lease = None
                self.take_control()

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
        if fault := await self.attempt(manual):
            self.notice.say(fault)
        elif done:
            self.notice.say(done, "done")

    async def attempt(self, manual: Manual) -> str:
        """Do one thing; return why it was not done, else an empty text."""
        if self.lease is None:
            return _("{role} is not under your control.").format(role=self.role)
        try:
            await self.bench_app.link.request(Operate(self.lease.token, manual))
        except AgentError as error:
            return heard(error)
        self.operated(manual)
        return ""

    def operated(self, manual: Manual) -> None:
        """Take in that it is done."""

"""What panels share whose records or pictures stay in the agent: stop, keep as golden, save as a file."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import work

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.requests import KeepGolden, SaveRecord, StopMonitor
from tui.heard import heard
from tui.i18n import N_, _
from tui.screens.by_hand import ByHandScreen
from tui.screens.choose import ChooseDialog
from tui.widgets.rows import Row

SAVE_S = 60.0


class RecordPanel(ByHandScreen):
    """``FILES`` are the forms that the newest record can be saved in: what the agent calls them, and message ids."""

    FILES: ClassVar[Sequence[tuple[str, str]]]

    def look(self) -> Any:
        """Ask for the newest record as it is to be shown now, and show it."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw everything from the record that is there."""
        raise NotImplementedError

    @work(group="take", exclusive=True)
    async def stop(self) -> None:
        """Take no more records; the last one stays."""
        self.redraw()
        if self.lease is not None:
            try:
                await self.bench_app.link.request(StopMonitor(self.lease.token))
            except AgentError as error:
                self.notice.say(heard(error))
        self.look()

    async def keep_golden(self, words: str, *, forget: bool = False) -> None:
        """Keep the newest record as golden, or forget all of them; say ``words`` with their ``{count}``."""
        try:
            kept = await self.bench_app.link.request(KeepGolden(self.role, forget=forget))
        except AgentError as error:
            self.notice.say(heard(error))
        else:
            self.notice.say(_(words).format(count=kept.count), "done")

    @work(group="dialog", exclusive=True)
    async def action_save(self) -> None:
        """Save the newest record in a form of choice."""
        rows = [Row(name, (_(title),)) for name, title in self.FILES]
        kind = await self.bench_app.push_screen_wait(ChooseDialog(N_("Save as what?"), rows))
        if kind is None:
            return
        self.notice.say(_("Saving …"), "info")
        try:
            saved = await self.bench_app.link.request(SaveRecord(self.role, kind), SAVE_S)  # type: ignore[arg-type]
        except AgentError as error:
            self.notice.say(heard(error))
        else:
            self.notice.say(_("Saved: {path}").format(path=saved.path), "done")

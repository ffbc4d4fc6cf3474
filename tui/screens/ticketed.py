"""What the screens share that act on one ticket."""

from collections.abc import Awaitable, Callable

from textual import work

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.requests import StartRun
from tui.heard import heard
from tui.i18n import _
from tui.screens import ticket_actions
from tui.screens.base import ListScreen
from tui.standing import is_untaken

_OF_A_TICKET = frozenset(key.action for key in ticket_actions.TICKET_KEYS)
_ALSO_AFTER = frozenset({"start_run", "past_runs"})
"""What can be done with a device that was handed over, too."""


class TicketedScreen(ListScreen):
    """A list screen whose keys act on the ticket that ``the_ticket`` names."""

    def offers(self, action: str) -> bool:
        """Show the keys of a ticket while there is one."""
        if action not in _OF_A_TICKET:
            return True
        ticket = self.the_ticket()
        if ticket is None:
            return False
        handed_over = self.bench.handed_over(ticket) is not None
        return self.bench.ticket(ticket) is not None or (handed_over and action in _ALSO_AFTER)

    def the_ticket(self) -> str | None:
        """Return the number of the ticket that is meant, ``None`` when there is none."""
        raise NotImplementedError

    @work(group="ticket", exclusive=True)
    async def action_take(self) -> None:
        """Take the ticket, if it is not taken."""
        if ticket := self.the_ticket():
            view = self.bench.ticket(ticket)
            if view is not None and not is_untaken(view):
                words = _("{ticket} is taken already: F9 tests its device.")
                self.notice.say(words.format(ticket=ticket), "info")
                return
            try:
                await ticket_actions.take(self.bench_app, ticket)
            except AgentError as error:
                self.notice.say(_("Not kept: {reason}").format(reason=heard(error)))
            else:
                self._kept(ticket)

    def action_hold(self) -> None:
        """Put the ticket on hold."""
        self._act(ticket_actions.hold)

    def action_finding(self) -> None:
        """Record a finding."""
        self._act(ticket_actions.finding)

    def action_repaired(self) -> None:
        """Record the repair."""
        self._act(ticket_actions.repaired)

    def action_hand_over(self) -> None:
        """Hand over."""
        self._act(ticket_actions.hand_over)

    def action_note(self) -> None:
        """Add a note."""
        self._act(ticket_actions.note)

    def action_parts(self) -> None:
        """Request parts."""
        self._act(ticket_actions.parts)

    def action_plan(self) -> None:
        """Propose a repair plan."""
        self._act(ticket_actions.plan)

    def action_past_runs(self) -> None:
        """Show the test runs of the ticket's device on this bench."""
        from tui.screens.past_runs import PastRunsScreen

        if ticket := self.the_ticket():
            self.app.push_screen(PastRunsScreen(ticket))

    def action_rework(self) -> None:
        """Take up the work again."""
        self._act(ticket_actions.rework)

    @work(group="ticket", exclusive=True)
    async def action_start_run(self) -> None:
        """Start the plan of the ticket, and take the ticket when it has begun; without a plan, let one be chosen."""
        from tui.screens.run import RunScreen
        from tui.screens.start import choose_plan, may_test

        app = self.bench_app
        ticket = self.the_ticket()
        view = None if ticket is None else self.bench.ticket(ticket) or self.bench.handed_over(ticket)
        if ticket is None or view is None or not await may_test(app, ticket):
            return
        device = view.item.device
        plan = view.item.plan
        try:
            if plan is None and (plan := await choose_plan(app, device.model)) is None:
                return
            self.notice.say(_("Starting …"), "info")
            await app.link.request(
                StartRun(serial=device.serial, plan=plan, ticket=ticket, model=device.model, operator=app.operator),
                timeout_s=90,
            )
        except AgentError as error:
            self.notice.say(heard(error))
            return
        self.notice.clear()
        app.link.ask("run")
        untold = ""
        still = self.bench.ticket(ticket)
        if still is not None and is_untaken(still):  # who tests a device works on it
            try:
                await ticket_actions.take(app, ticket)
            except AgentError as error:  # the run goes on all the same
                untold = _("Not kept: {reason}").format(reason=heard(error))
        screen = RunScreen()
        await app.push_screen(screen)
        if untold:
            screen.notice.say(untold)

    @work(group="ticket", exclusive=True)
    async def _act(self, act: "Callable[..., Awaitable[bool]]") -> None:
        ticket = self.the_ticket()
        if ticket is not None and await act(self.bench_app, ticket):
            self._kept(ticket)

    def _kept(self, ticket: str) -> None:
        online = self.bench.link is not None and self.bench.link.online
        words = _("{ticket}: kept.") if online else _("{ticket}: kept here, and sent when the hub can be reached.")
        self.notice.say(words.format(ticket=ticket), "done")

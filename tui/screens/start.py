"""Choosing a test plan."""

from typing import TYPE_CHECKING

from edge_agent.local_api.requests import GetPlans
from tui.heard import heard
from tui.i18n import N_, _, pick, titled
from tui.screens.choose import ChooseDialog
from tui.screens.confirm import ConfirmDialog
from tui.standing import hand_over_of
from tui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from tui.app import BenchApp

_COLUMNS = (Column(N_("Plan")), Column(N_("Version"), 8), Column(N_("Model"), 10))


async def may_test(app: "BenchApp", ticket: str) -> bool:
    """Return whether to test; a device that was handed over, or left the worklist, only when that is confirmed."""
    view = app.bench.ticket(ticket) or app.bench.handed_over(ticket)
    question = N_("The ticket has left this bench's worklist. Test the device again?")
    if view is not None:
        if hand_over_of(view) is None:
            return True
        question = N_("This device was handed over to the counter. Test it again?")
    consequence = N_("The test switches its feed on: it must be on the bench.")
    return await app.push_screen_wait(ConfirmDialog(question, consequence, N_("Test"))) or False


async def choose_plan(app: "BenchApp", model: str | None = None) -> str | None:
    """Let a plan be chosen, those of ``model`` first; raises ``AgentError``."""
    plans = await app.link.request(GetPlans())
    rows = [
        Row(
            plan.name,
            (pick(plan.title, plan.name), str(plan.version or ""), plan.model or "")
            if plan.fault is None
            else ((titled(plan.name, _("cannot be run")), "$text-error"), "", ""),
        )
        for plan in sorted(plans, key=lambda plan: (plan.fault is not None, plan.model != model, plan.name))
    ]
    faults = {plan.name: heard(plan.fault) for plan in plans if plan.fault is not None}
    return await app.push_screen_wait(ChooseDialog(N_("Which test plan?"), rows, _COLUMNS, details=faults))

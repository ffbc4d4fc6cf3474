"""Choosing a test plan."""

from typing import TYPE_CHECKING

from edge_agent.local_api.requests import GetPlans
from tui.heard import heard
from tui.i18n import N_, _, pick
from tui.screens.choose import ChooseDialog
from tui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from tui.app import BenchApp

_COLUMNS = (Column(N_("Plan")), Column(N_("Version"), 8), Column(N_("Model"), 10))


async def choose_plan(app: "BenchApp", model: str | None = None) -> str | None:
    """Let a plan be chosen, those of ``model`` first; raises ``AgentError``."""
    plans = await app.link.request(GetPlans())
    rows = [
        Row(
            plan.name,
            (pick(plan.title, plan.name), str(plan.version or ""), plan.model or "")
            if plan.fault is None
            else ((f"{plan.name}: {_('cannot be run')}: {heard(plan.fault)}", "$text-error"), "", ""),
        )
        for plan in sorted(plans, key=lambda plan: (plan.fault is not None, plan.model != model, plan.name))
    ]
    return await app.push_screen_wait(ChooseDialog(N_("Which test plan?"), rows, _COLUMNS))

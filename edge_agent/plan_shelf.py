"""The test plans of this bench: those in its folders, then those that are shipped."""

from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.local_api.views import NextMeasurement, PlanOutline, PlanStep, PlanView, RunState

if TYPE_CHECKING:  # numpy comes with it; an idle agent does without
    from edge_agent.plans.load import LoadedPlan


class PlanShelf:
    """Finds plans by name and says what clients draw of them. Every call reads the files anew."""

    def __init__(self, folders: tuple[Path, ...] = ()) -> None:
        self._folders = folders

    def load(self, plan: str) -> "LoadedPlan":
        """Return a plan by its name; raises ``PlanError``."""
        from edge_agent.plans.load import find_plan, load_plan

        return load_plan(find_plan(plan, self._folders))

    def plans(self) -> tuple[PlanView, ...]:
        """Return every plan in the bench's folders and those shipped; the first of a name is the one that runs."""
        from edge_agent.plans.load import PLAN_SUFFIX, SHIPPED_PLANS, PlanError, load_plan

        views: dict[str, PlanView] = {}
        folders = (*self._folders, SHIPPED_PLANS)
        for path in (path for folder in folders for path in sorted(folder.glob(f"*{PLAN_SUFFIX}"))):
            name = path.name.removesuffix(PLAN_SUFFIX)
            if name in views:
                continue
            try:
                plan = load_plan(path).plan
                views[name] = PlanView(name, plan.version, plan.model, plan.title.as_dict())
            except PlanError as error:
                views[name] = PlanView(name, fault=str(error))
        return tuple(views.values())

    def outline(self, plan: str) -> PlanOutline:
        """Return the steps of a plan by its name; raises ``PlanError``."""
        loaded = self.load(plan)
        steps = tuple(
            PlanStep(
                step.id,
                group,
                step.title.as_dict(),
                skippable=step.skippable,
                branch="on_fail" in path,
                conditional=step.only_if is not None,
            )
            for group, path, step in loaded.plan.steps()
        )
        return PlanOutline(loaded.reference, loaded.plan.model, loaded.plan.title.as_dict(), steps)

    def next_best(self, state: RunState) -> tuple[NextMeasurement, ...]:
        """Return what would tell the suspects of a finished run apart; nothing when its plan is gone or was changed."""
        from edge_agent.plans.elimination import proposals
        from edge_agent.plans.load import PlanError

        try:
            loaded = self.load(state.plan.name)
        except PlanError:
            return ()
        if loaded.faults is None or loaded.sha256 != state.plan.sha256:
            return ()
        measured = {one.name: one for record in state.steps for one in record.measurements}
        steps = [step for _, _, step in loaded.plan.steps()]
        return tuple(
            NextMeasurement(
                one.name,
                round(one.bits, 3),
                tuple(dict.fromkeys(cause.cause for cause in one.between)),
                one.step.id if one.step is not None else None,
                one.step.title.as_dict() if one.step is not None else {},
            )
            for one in proposals(loaded.faults, steps, measured.values())
        )

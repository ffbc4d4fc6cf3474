"""Whether a run proves that a device works (D6): the right plan version, on that serial, after the work, passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from hub.core.i18n import Words
from hub.core.labels import is_model, model_key
from hub.measurements.runs import RunFacts
from hub.policies.loading import load
from hub.policies.values import Document

FAMILY = "functional-tests"
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=64)]
PlanName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]


class ProofRule(Document):
    """Which plan proves some models."""

    models: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=200)] = Field(examples=[["SP-*"]])
    plan: PlanName = Field(examples=["sp100-functional"])
    from_version: Annotated[int, Field(ge=1)] = 1


class FunctionalTests(Document):
    """Rules of what counts as proof; the first that fits."""

    rules: Annotated[tuple[ProofRule, ...], Field(max_length=1000)]

    def rule(self, model: str) -> ProofRule | None:
        """Return the rule for a model."""
        return next((one for one in self.rules if is_model(model, one.models)), None)


@dataclass(frozen=True, slots=True)
class Work:
    """The newest work on a device: when, and at which bench it was recorded (``None``: at the hub)."""

    done_at: datetime
    bench: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The run that proves it, or why there is none."""

    run: RunFacts | None
    objection: Words | None = None

    def told(self) -> dict[str, Any]:
        """Return what an event says of it."""
        if self.run is None:
            return {}
        run = self.run
        return {"run": run.id, "plan": run.plan, "plan_version": run.plan_version, "plan_sha256": run.plan_sha256}


def judge(
    rule: ProofRule | None, ticket_plan: str | None, model: str, work: Work | None, runs: Sequence[RunFacts]
) -> Evidence:
    """Return the newest run that can prove the work, when it passed. ``runs`` are finished ones, the newest first."""
    if not runs:
        return _objection(
            "no finished test run belongs to this ticket; run its plan and let it pass first",
            "该工单没有已完成的检测；请先运行检测方案并通过",
        )
    later = [run for run in runs if work is None or _after(run, work)]
    if not later:
        return _objection(
            "the last test run began before the work was done; test the device again",
            "最近一次检测早于维修完成；请重新检测",
        )
    right = [run for run in later if _is_right(run, rule, ticket_plan, model)]
    if not right:
        found, wanted = _plan(later[0].plan, later[0].plan_version), _wanted(rule, ticket_plan, model)
        return _objection(
            f"the last test run was of plan {found}; wanted is {wanted['en']}",
            f"最近一次检测的方案为 {found}；应为 {wanted['zh-CN']}",
        )
    newest = right[0]
    if newest.outcome != "passed":
        return _objection(
            f"the last test run ended as {newest.outcome}; it has to pass first",
            f"最近一次检测结果为 {newest.outcome}；须先通过检测",
        )
    return Evidence(newest)


def _after(run: RunFacts, work: Work) -> bool:
    """Compare by one clock: the bench's own for what it recorded itself, else UTC as far as it is known."""
    started = run.started_at if run.bench == work.bench else run.started_utc
    return started is not None and started > work.done_at


def _is_right(run: RunFacts, rule: ProofRule | None, ticket_plan: str | None, model: str) -> bool:
    if rule is not None:
        return run.plan == rule.plan and run.plan_version is not None and run.plan_version >= rule.from_version
    return run.plan == ticket_plan if ticket_plan is not None else model_key(run.model or "") == model_key(model)


def _wanted(rule: ProofRule | None, ticket_plan: str | None, model: str) -> Words:
    if rule is not None:
        return {
            "en": f"{rule.plan} in version {rule.from_version} or later",
            "zh-CN": f"{rule.plan} 第 {rule.from_version} 版或更新版本",
        }
    name = ticket_plan or model
    return {"en": name, "zh-CN": name}


def _plan(name: str | None, version: int | None) -> str:
    return f"{name} v{version}"


def _objection(english: str, chinese: str) -> Evidence:
    return Evidence(None, {"en": english, "zh-CN": chinese})


@cache
def delivered() -> FunctionalTests:
    """Return the rules that come with the hub."""
    return load(FunctionalTests, Path(__file__).with_name("functional_tests.yaml"))

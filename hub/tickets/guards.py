"""What transitions are allowed by, besides the table and the permission: pure functions on facts."""

from dataclasses import dataclass

from hub.core.i18n import Words


@dataclass(frozen=True, slots=True)
class Facts:
    """What guards look at."""

    last_run_outcome: str | None = None
    """Outcome of the newest finished test run of the ticket, if there is one."""
    test_waived: bool = False
    """Whether a supervisor recorded an exception from the test."""
    approval: str | None = None
    """What the customer said: ``approved``, ``declined`` or nothing yet (``proposed``) to the newest repair plan;
    ``in_advance`` before there was one; ``None`` when nobody has asked."""
    missing_intake: tuple[str, ...] = ()
    """Members of the intake that the kind wants and that are not there."""
    proposed_by: str | None = None
    """Id of the actor who proposed what is to be decided."""
    actor: str = ""
    """Id of the actor who wants to act."""


def passing_test(facts: Facts) -> Words | None:
    """D6: a repaired device leaves the bench only after a passing functional test, or a recorded exception."""
    if facts.last_run_outcome == "passed" or facts.test_waived:
        return None
    if facts.last_run_outcome is None:
        return {
            "en": "no finished test run belongs to this ticket; run its plan and let it pass first",
            "zh-CN": "该工单没有已完成的检测；请先运行检测方案并通过",
        }
    return {
        "en": f"the last test run ended as {facts.last_run_outcome}; it has to pass first",
        "zh-CN": f"最近一次检测结果为 {facts.last_run_outcome}；须先通过检测",
    }


def customer_agrees(facts: Facts) -> Words | None:
    """T12: nothing is repaired before the customer has agreed, to a plan or in advance."""
    if facts.approval in {"approved", "in_advance"}:
        return None
    if facts.approval is None:
        return {
            "en": "the customer was not asked; propose a repair plan, or record what the customer agreed to in advance",
            "zh-CN": "尚未征得客户同意；请提出维修方案，或记录客户的事先同意",
        }
    return {
        "en": "the customer has not agreed to the repair plan; record the approval first",
        "zh-CN": "客户尚未同意维修方案；请先记录客户确认",
    }


def complete_intake(facts: Facts) -> Words | None:
    """T3: a draft becomes a ticket only when nothing is missing."""
    if not facts.missing_intake:
        return None
    names = ", ".join(facts.missing_intake)
    return {"en": f"the intake lacks: {names}", "zh-CN": f"受理信息缺少：{names}"}


def second_person(facts: Facts) -> Words | None:
    """Nobody decides on what they proposed themselves."""
    if facts.proposed_by is None:
        return {"en": "nobody has proposed a decision yet", "zh-CN": "尚无处理建议"}
    if facts.proposed_by != facts.actor:
        return None
    return {
        "en": "who proposed the decision cannot take it; let another person decide",
        "zh-CN": "提出建议者不得自行审批；请由他人决定",
    }

"""What transitions are allowed by, besides the table and the permission: pure functions on facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.complaints.facts import ComplaintFacts
from hub.core.i18n import Words
from hub.identity.segregation import NOR
from hub.tickets.items import Item, names


@dataclass(frozen=True, slots=True)
class Facts:
    """What guards look at."""

    test_objection: Words | None = None
    """Why no test run proves the newest work; ``None`` when one does."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """The run that proves it."""
    test_waived: bool = False
    """Whether a supervisor recorded an exception from the test."""
    approval: str | None = None
    """What the customer said: ``approved``, ``declined`` or nothing yet (``proposed``) to the newest repair plan;
    ``in_advance`` before there was one; ``None`` when nobody has asked."""
    root_cause: str | None = None
    """Code of the fault that the ticket ends with."""
    given_back: bool = False
    """Whether the device goes back unrepaired."""
    worked_by: tuple[str, str] | None = None
    """Person and name of who did the newest work."""
    missing_intake: tuple[Item, ...] = ()
    """Members of the intake that the kind wants and that are not there."""
    proposed_by: str | None = None
    """Id of the actor who proposed what is to be decided."""
    approved_by: str | None = None
    """Id of the actor who approved it."""
    refund: bool = False
    """Whether what was proposed is money for the customer."""
    refusal: bool = False
    """Whether what was proposed is to refuse the customer's request."""
    refunded_with: str | None = None
    """The other ticket by which money or another device is given for the same purchase, where this one is to, too."""
    proof_numbered: bool = True
    """Whether the number of the proof of purchase is recorded, by which another purchase is told apart."""
    actor: str = ""
    """Id of the actor who wants to act."""
    actor_name: str = ""
    complaint: ComplaintFacts | None = None


def passing_test(facts: Facts) -> Words | None:
    """D6: a repaired device leaves the bench only after a passing functional test, or a recorded exception."""
    return None if facts.test_waived else facts.test_objection


def proven_or_unrepaired(facts: Facts) -> Words | None:
    """D6 once more at the close: another run may have failed meanwhile. What goes back unrepaired has no test."""
    return None if facts.given_back else passing_test(facts)


def root_cause_named(facts: Facts) -> Words | None:
    """D1: a repair ends with one root cause."""
    if facts.root_cause is not None:
        return None
    return {
        "en": "the root cause is not named; record it by name_cause, with a code of the fault taxonomy",
        "zh-CN": "尚未认定故障根因；请用“认定故障根因”（name_cause）按故障分类代码记录",
    }


def not_who_worked(facts: Facts) -> Words | None:
    """S1: nobody excuses their own work from its test, at the bench under their name as little as at the hub."""
    if facts.worked_by is None or (facts.actor != facts.worked_by[0] and facts.actor_name != facts.worked_by[1]):
        return None
    return {
        "en": f"who did the work cannot excuse it from its test, {NOR['en']}; ask another person",
        "zh-CN": f"维修人员{NOR['zh-CN']}不得批准自己的免检例外；请由他人决定",
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
    absent = names(facts.missing_intake)
    return {"en": f"the intake lacks: {absent['en']}", "zh-CN": f"受理信息缺少：{absent['zh-CN']}"}


def second_person(facts: Facts) -> Words | None:
    """Nobody decides on what they proposed themselves."""
    if facts.proposed_by is None:
        return {"en": "nobody has proposed a decision yet", "zh-CN": "尚无处理建议"}
    if facts.proposed_by != facts.actor:
        return None
    return {
        "en": f"who proposed the decision cannot take it, {NOR['en']}; let another person decide",
        "zh-CN": f"提出建议者{NOR['zh-CN']}不得自行审批；请由他人决定",
    }


def proposed_to_give(facts: Facts) -> Words | None:
    """T9: the customer hears that the request is approved, so nobody approves that it is refused."""
    if not facts.refusal:
        return None
    return {
        "en": "the proposal is to refuse the request: take the action refuse, or reconsider and propose something else",
        "zh-CN": "处理建议为拒绝申请：请执行“驳回”（refuse），或先“重新处理”（reconsider）再另提建议",
    }


def approved_to_give(facts: Facts) -> Words | None:
    """T9: nor is a refusal carried out that a former version let somebody approve."""
    if not facts.refusal:
        return None
    return {
        "en": "what was approved is to refuse the request, and there is nothing to carry out: reconsider, then propose "
        "again",
        "zh-CN": "所批准的建议为拒绝申请，没有可落实的内容：请先“重新处理”（reconsider），再重新提出建议",
    }


def refunded_once(facts: Facts) -> Words | None:
    """R7: nobody approves or carries out a second refund or exchange of one purchase."""
    if facts.refunded_with is None:
        return None
    if not facts.proof_numbered:
        return {
            "en": f"ticket {facts.refunded_with} gives money or another device for the same serial number, and here "
            "the number of the proof of purchase is missing; record it after reconsider, or refuse this one",
            "zh-CN": f"工单 {facts.refunded_with} 已批准或办理了该设备的退款或换货（序列号相同），"
            "而本工单缺少购买凭证编号；请先“重新处理”（reconsider）再补录凭证编号，或驳回",
        }
    return {
        "en": f"ticket {facts.refunded_with} gives money or another device for this one on the same proof of purchase; "
        "refuse this one, or correct its proof's number after reconsider",
        "zh-CN": f"工单 {facts.refunded_with} 已凭同一购买凭证批准或办理了该设备的退款或换货；"
        "请驳回，或先“重新处理”（reconsider）再更正凭证编号",
    }


def third_person_pays(facts: Facts) -> Words | None:
    """R7: who proposed or approved a refund does not pay it."""
    if not facts.refund or facts.actor not in {facts.proposed_by, facts.approved_by}:
        return None
    return {
        "en": f"who proposed or approved the refund does not pay it, {NOR['en']}; let a third person do so",
        "zh-CN": f"提出或批准退款者{NOR['zh-CN']}不得自行付款；请由第三人执行",
    }

"""What the actions of a complaint are allowed by, besides the table and the permission: pure functions on facts."""

from hub.complaints.facts import ComplaintFacts
from hub.core.i18n import Words
from hub.identity.segregation import Act, different_people
from hub.tickets.guards import Facts

_NONE = ComplaintFacts()
_REQUEST: Words = {"en": "request the compensation", "zh-CN": "申请赔付"}
_GRANT: Words = {"en": "grant the compensation", "zh-CN": "批准赔付"}
_PAY: Words = {"en": "pay the compensation", "zh-CN": "支付赔付"}


def is_classified(facts: Facts) -> Words | None:
    """C1: a complaint is taken up when its class and urgency are known."""
    if (facts.complaint or _NONE).classified:
        return None
    return {"en": "it has no class yet; classify it first", "zh-CN": "尚未分类；请先确定投诉类别"}


def facts_are_recorded(facts: Facts) -> Words | None:
    """C2: a cause is named from facts that were recorded in this round."""
    if (facts.complaint or _NONE).facts_recorded:
        return None
    return {
        "en": "no finding was recorded in this round; record the facts first",
        "zh-CN": "本轮尚无调查记录；请先记录事实",
    }


def is_investigated(facts: Facts) -> Words | None:
    """C2: a remedy is proposed when the cause is known."""
    if (facts.complaint or _NONE).cause_named:
        return None
    return {
        "en": "the investigation of this round is not concluded; name the cause first",
        "zh-CN": "本轮调查尚未得出结论；请先确定原因",
    }


def another_grants(facts: Facts) -> Words | None:
    """S1: nobody grants a compensation that they requested."""
    found = facts.complaint or _NONE
    if found.requested_by is None:
        return {"en": "nobody has requested a compensation", "zh-CN": "尚无赔付申请"}
    return _first(Act(_REQUEST, found.requested_by), Act(_GRANT, facts.actor))


def another_pays(facts: Facts) -> Words | None:
    """S1: who requested or granted a compensation does not pay it; a remedy without money has no such rule."""
    found = facts.complaint or _NONE
    if not found.compensation:
        return None
    acts = [Act(_REQUEST, found.requested_by or ""), Act(_GRANT, found.granted_by or ""), Act(_PAY, facts.actor)]
    return _first(*acts)


def _first(*acts: Act) -> Words | None:
    decision = different_people(acts)
    return decision.reasons[0] if decision.reasons else None

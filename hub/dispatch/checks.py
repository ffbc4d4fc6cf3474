"""What the database speaks against in a dispatch policy that is put."""

from sqlalchemy.orm import Session

from hub.core.i18n import Words
from hub.core.problems import FieldError, Problem, ProblemType
from hub.dispatch.documents import DispatchPolicy
from hub.repairs import taxonomy

RULE_FAULT_UNKNOWN = ProblemType(
    "rule-fault-unknown",
    422,
    {"en": "A rule names a fault that there is not", "zh-CN": "规则中的故障代码不存在"},
    {
        "en": "The fault taxonomy in force does not know {faults}, so that such a rule would never fit; see errors.",
        "zh-CN": "现行故障分类中没有 {faults}，相关规则永远不会适用；详见 errors。",
    },
)
_WORDS: Words = {
    "en": "take a code of GET /api/v1/fault-taxonomy, or add it there first",
    "zh-CN": "请使用 GET /api/v1/fault-taxonomy 中的代码，或先在其中增加",
}


def known_faults(session: Session, policy: DispatchPolicy) -> None:
    """D1, T4: raise the rule-fault-unknown problem, which names every place: dispatch and intake have one language."""
    known = taxonomy.in_force(session)
    unknown = {
        f"#/document/rules/{number}/faults/{place}": fault
        for number, rule in enumerate(policy.rules)
        for place, fault in enumerate(rule.faults or ())
        if known.fault(fault) is None
    }
    if unknown:
        names = ", ".join(sorted(set(unknown.values()))[:10])
        raise Problem(RULE_FAULT_UNKNOWN, errors=[FieldError(one, _WORDS) for one in unknown], faults=names)

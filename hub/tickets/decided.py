"""What a decision on a return rests on stays as it is from its proposal on (R7): the device, and the proof of purchase.

One person would approve what another has not seen, and a purchase that was refunded would be free for a second refund.
"""

from collections.abc import Mapping
from typing import Any

from hub.core.i18n import Words, both
from hub.core.labels import model_key
from hub.core.problems import FieldError, Problem, ProblemType
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket

DECISION_RESTS_ON_IT = ProblemType(
    "decision-rests-on-it",
    409,
    {"en": "A decision rests on it", "zh-CN": "处理决定以此为依据"},
    {
        "en": "What is decided on ticket {ticket} rests on its {names}, {way}.",
        "zh-CN": "工单 {ticket} 的处理决定以其{names}为依据，{way}。",
    },
)
_DECIDED = frozenset({State.IN_REVIEW, State.REFUSED, State.APPROVED, State.FULFILLED})
_TAKE_BACK = both("which can be corrected after the action reconsider", "请先“重新处理”（reconsider）再更正")
_DONE = both("and was carried out, so that nothing of it changes any more", "且已落实，不能再更改")
_PLACES: dict[str, tuple[str, Words]] = {
    "model": ("#/device/model", both("model", "型号")),
    "serial": ("#/device/serial", both("serial number", "序列号")),
    "proof_kind": ("#/purchase_proof/kind", both("kind of proof of purchase", "购买凭证类型")),
    "proof_number": ("#/purchase_proof/number", both("number of the proof of purchase", "购买凭证编号")),
}


def require_untouched(ticket: Ticket, writes: Mapping[str, Any]) -> None:
    """Raise the decision-rests-on-it problem where ``writes`` change what a return's decision rests on."""
    if ticket.kind != Kind.RETURN_EXCHANGE or ticket.state not in _DECIDED:
        return
    changed = [name for name in _PLACES if name in writes and not _same(writes[name], getattr(ticket, name), name)]
    if not changed:
        return
    named = [_PLACES[name][1] for name in changed]
    stays = both("leave it as it is", "请保持不变")
    raise Problem(
        DECISION_RESTS_ON_IT,
        errors=[FieldError(_PLACES[name][0], stays) for name in changed],
        ticket=ticket.public_id,
        names={"en": " and ".join(one["en"] for one in named), "zh-CN": "和".join(one["zh-CN"] for one in named)},
        way=_DONE if ticket.state == State.FULFILLED else _TAKE_BACK,
    )


def _same(new: str | None, old: str | None, name: str) -> bool:
    return model_key(new or "") == model_key(old or "") if name == "model" else new == old

"""Which device a ticket is about stays the same once work on it has begun (decision 0181).

Its plan, test, exception and warranty are about that device: another serial number would inherit what was proven of
the first (D6, T12, T15).
"""

from sqlalchemy.orm import Session

from hub.core.labels import model_key
from hub.core.problems import FieldError, Problem, ProblemType
from hub.tickets import queries
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket
from hub.tickets.schemas import DeviceIn

DEVICE_FIXED = ProblemType(
    "device-fixed",
    409,
    {"en": "The device of a ticket cannot be exchanged", "zh-CN": "工单的设备不得更换"},
    {
        "en": "Work on ticket {ticket} has begun, so its {names} stays; take another device in as a ticket of its own.",
        "zh-CN": "工单 {ticket} 已开始处理，不得再更改{names}；如为另一台设备，请另建工单。",
    },
)
_ABOUT_A_DEVICE = frozenset({Kind.REPAIR, Kind.UPGRADE, Kind.INSPECTION, Kind.INSTALLATION, Kind.RETURN_EXCHANGE})
_BEGINS = ("ticket.taken", "ticket.arrived")
_STILL_COMPLETED = frozenset({State.NEW, State.IN_REVIEW, State.ASSIGNED, State.IN_PROGRESS, State.WAITING})
_NAMES = {
    "model": {"en": "model", "zh-CN": "型号"},
    "serial": {"en": "serial number", "zh-CN": "序列号"},
}


def require_same(session: Session, ticket: Ticket, wanted: DeviceIn | None) -> None:
    """Raise the device-fixed problem where ``wanted`` exchanges the device after its work has begun.

    What the intake left empty can be filled in while the work goes on, not when it is done.
    """
    if wanted is None or ticket.kind not in _ABOUT_A_DEVICE or not _begun(session, ticket):
        return
    fills = ticket.state in _STILL_COMPLETED
    model = None if wanted.model is None else model_key(wanted.model)
    pairs = {"model": (model_key(ticket.model), model), "serial": (ticket.serial, wanted.serial)}
    changed = [name for name, (old, new) in pairs.items() if new is not None and new != old and not (fills and not old)]
    if changed:
        words = [_NAMES[name] for name in changed]
        raise Problem(
            DEVICE_FIXED,
            errors=[
                FieldError(f"#/device/{name}", {"en": "leave it as it is", "zh-CN": "请保持不变"}) for name in changed
            ],
            ticket=ticket.public_id,
            names={"en": " and ".join(one["en"] for one in words), "zh-CN": "和".join(one["zh-CN"] for one in words)},
        )


def _begun(session: Session, ticket: Ticket) -> bool:
    """Whether somebody has taken the work up; a ticket that went to another store is new again, its work is not."""
    return any(queries.newest_event(session, ticket.record, kind) is not None for kind in _BEGINS)

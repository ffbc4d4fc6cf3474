"""Two people approve two refunds of one purchase at the same instant: one of them is told of the other (R7)."""

import threading

from seeded import END

from hub.core.database import Database
from hub.core.problems import Problem
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.tickets import refunds, service
from hub.tickets.models import Ticket
from hub.tickets.schemas import ActionIn

CLERK, *MANAGERS = (Actor("user", f"U-00000{number}", "n", Role.MANAGER) for number in range(3))


def test_two_approvals_at_the_same_instant(database: Database) -> None:
    common = {"kind": "return_exchange", "state": "in_progress", "priority": 5, "model": "SP-100", "serial": "SN-1"}
    proof = {"symptom": "s", "proof_kind": "receipt", "proof_number": "FP-1", "created_at": END, "updated_at": END}
    decided = {"decision": "refund", "reason": "dead on arrival"}
    numbers = []
    with database.write() as session:
        for _ in MANAGERS:
            ticket = Ticket(**common, **proof)
            session.add(ticket)
            session.flush()
            numbers.append(ticket.public_id)
            service.act(session, CLERK, ticket.public_id, ActionIn(action="propose", details=decided))
    ready, refused = threading.Barrier(len(MANAGERS)), []

    def approve(actor: Actor, number: str) -> None:
        ready.wait(20)
        try:
            with database.write() as session:
                service.act(session, actor, number, ActionIn(action="approve"))
        except Problem as problem:
            refused.append((number, str(problem)))

    threads = [threading.Thread(target=approve, args=one) for one in zip(MANAGERS, numbers, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    ((late, said),) = refused
    assert next(number for number in numbers if number != late) in said


def test_no_number_of_other_returns_hides_the_refund(database: Database) -> None:
    """A placeholder for a serial number collects returns: of other purchases, and of this one that were refused."""
    common = {"kind": "return_exchange", "priority": 5, "model": "SP-100", "serial": "无", "symptom": "s"}
    moments = {"created_at": END, "updated_at": END, "proof_kind": "receipt"}
    decided = {"decision": "refund", "reason": "dead on arrival"}
    with database.write() as session:
        first = Ticket(state="in_progress", proof_number="ＦＰ-1", **common, **moments)
        session.add(first)
        session.flush()
        service.act(session, CLERK, first.public_id, ActionIn(action="propose", details=decided))
        service.act(session, MANAGERS[0], first.public_id, ActionIn(action="approve"))
        for number in range(2 * refunds.AT_ONCE):
            proof = "FP-1" if number % 2 else f"FP-1{number}"
            session.add(Ticket(state="closed", proof_number=proof, closed_at=END, **common, **moments))
        session.flush()
        asked = Ticket(state="in_progress", proof_number="fp-1", **common, **moments)
        session.add(asked)
        session.flush()
        found = refunds.of_same_purchase(session, asked)
        assert found is first
        asked.proof_number = "FP-2"
        assert refunds.of_same_purchase(session, asked) is None

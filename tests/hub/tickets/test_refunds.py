"""Two people approve two refunds of one purchase at the same instant: one of them is told of the other (R7)."""

import threading

from seeded import END

from hub.core.database import Database
from hub.core.problems import Problem
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.tickets import service
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

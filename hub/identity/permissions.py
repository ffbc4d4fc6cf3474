"""The one table of permissions: role to what it may do."""

from enum import StrEnum


class Role(StrEnum):
    """What an actor is to the hub."""

    ADMIN = "admin"
    STAFF = "staff"
    STORE_SYSTEM = "store_system"
    BENCH = "bench"


class Permission(StrEnum):
    """One thing that can be allowed."""

    TICKET_READ = "ticket:read"
    TICKET_CREATE = "ticket:create"
    TICKET_ASSIGN = "ticket:assign"
    TICKET_WORK = "ticket:work"
    TICKET_CLOSE = "ticket:close"
    TICKET_CANCEL = "ticket:cancel"
    TICKET_NOTE = "ticket:note"
    TICKET_SERVE = "ticket:serve"
    """Work at the desk with the customer: answer, propose, record an approval, make an appointment."""
    TICKET_REVIEW = "ticket:review"
    """Judge complex cases before they are dispatched."""
    TICKET_DECIDE = "ticket:decide"
    """Decide what binds the store: a return, an exchange, a close without evidence."""
    CUSTOMER_READ = "customer:read"
    CUSTOMER_WRITE = "customer:write"
    CUSTOMER_MERGE = "customer:merge"
    CUSTOMER_EXPORT = "customer:export"
    CUSTOMER_ERASE = "customer:erase"
    DEVICE_READ = "device:read"
    DEVICE_WRITE = "device:write"
    ROSTER_READ = "roster:read"
    ROSTER_WRITE = "roster:write"
    CONTACT_READ = "contact:read"
    MEASUREMENT_READ = "measurement:read"
    CAPTURE_READ = "capture:read"
    CAPTURE_UPLOAD = "capture:upload"
    BENCH_READ = "bench:read"
    BENCH_COMMAND = "bench:command"
    INGEST_INSPECT = "ingest:inspect"
    POLICY_READ = "policy:read"
    POLICY_WRITE = "policy:write"


P = Permission
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(P) - {P.CAPTURE_UPLOAD},
    Role.STAFF: frozenset(
        {
            P.TICKET_READ,
            P.TICKET_CREATE,
            P.TICKET_ASSIGN,
            P.TICKET_WORK,
            P.TICKET_CLOSE,
            P.TICKET_CANCEL,
            P.TICKET_NOTE,
            P.TICKET_SERVE,
            P.CONTACT_READ,
            P.CUSTOMER_READ,
            P.CUSTOMER_WRITE,
            P.DEVICE_READ,
            P.DEVICE_WRITE,
            P.ROSTER_READ,
            P.MEASUREMENT_READ,
            P.CAPTURE_READ,
            P.BENCH_READ,
            P.BENCH_COMMAND,
            P.POLICY_READ,
        }
    ),
    Role.STORE_SYSTEM: frozenset(
        {
            P.TICKET_READ,
            P.TICKET_CREATE,
            P.TICKET_CANCEL,
            P.TICKET_NOTE,
            P.CONTACT_READ,
            P.CUSTOMER_READ,
            P.CUSTOMER_WRITE,
            P.DEVICE_READ,
            P.DEVICE_WRITE,
        }
    ),
    Role.BENCH: frozenset({P.TICKET_READ, P.TICKET_WORK, P.TICKET_NOTE, P.CAPTURE_UPLOAD}),
}
"""Captures are evidence from a bench, so that not even an administrator may upload one."""


def may(role: Role, permission: Permission) -> bool:
    """Return whether ``role`` has ``permission``."""
    return permission in ROLE_PERMISSIONS[role]

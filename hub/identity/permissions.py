"""The one table of permissions: what is allowed to whom."""

from enum import StrEnum


class Role(StrEnum):
    """What an actor is to the hub (S1)."""

    ADMIN = "admin"
    MANAGER = "manager"
    SUPERVISOR = "supervisor"
    QUALITY = "quality"
    SENIOR_TECHNICIAN = "senior_technician"
    TECHNICIAN = "technician"
    COUNTER = "counter"
    FLEET_ADMIN = "fleet_admin"
    REMOTE_ENGINEER = "remote_engineer"
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
    """Work at the desk with the customer: answer, propose, record an approval, what became of an appointment."""
    TICKET_REVIEW = "ticket:review"
    """Judge complex cases before they are dispatched."""
    TICKET_DECIDE = "ticket:decide"
    """Decide what binds the store: a return, an exchange, a close without evidence."""
    CONSULTATION_ANSWER = "consultation:answer"
    APPOINTMENT_BOOK = "appointment:book"
    """See free times, make, confirm, move and call off appointments; how they went is work at the desk."""
    CUSTOMER_READ = "customer:read"
    CUSTOMER_WRITE = "customer:write"
    CUSTOMER_MERGE = "customer:merge"
    CUSTOMER_EXPORT = "customer:export"
    CUSTOMER_ERASE = "customer:erase"
    DEVICE_READ = "device:read"
    DEVICE_WRITE = "device:write"
    ROSTER_READ = "roster:read"
    ROSTER_WRITE = "roster:write"
    STAFF_READ = "staff:read"
    STAFF_WRITE = "staff:write"
    CONTACT_READ = "contact:read"
    ANALYSIS_READ = "analysis:read"
    COMPLAINT_READ = "complaint:read"
    COMPLAINT_REVIEW = "complaint:review"
    """Review major cases, and let causes become improvements."""
    AFTERCARE_READ = "aftercare:read"
    AFTERCARE_WORK = "aftercare:work"
    """Call customers back, record their answers, work on improvements."""
    AFTERCARE_VERIFY = "aftercare:verify"
    KNOWLEDGE_READ = "knowledge:read"
    KNOWLEDGE_WRITE = "knowledge:write"
    KNOWLEDGE_APPROVE = "knowledge:approve"
    """Publish and retire what others wrote."""
    MEASUREMENT_READ = "measurement:read"
    CAPTURE_READ = "capture:read"
    CAPTURE_UPLOAD = "capture:upload"
    BENCH_READ = "bench:read"
    BENCH_COMMAND = "bench:command"
    INGEST_INSPECT = "ingest:inspect"
    POLICY_READ = "policy:read"
    POLICY_WRITE = "policy:write"
    STORE_READ = "store:read"
    STORE_WRITE = "store:write"
    USER_READ = "user:read"
    USER_WRITE = "user:write"
    KEY_READ = "key:read"
    KEY_WRITE = "key:write"
    METRICS_READ = "metrics:read"
    NOTIFICATION_READ = "notification:read"
    NOTIFICATION_SEND = "notification:send"
    ESCALATION_READ = "escalation:read"
    ESCALATION_RAISE = "escalation:raise"
    ESCALATION_ANSWER = "escalation:answer"
    ESCALATION_MANAGE = "escalation:manage"
    """Answer what was escalated to management."""
    INCIDENT_MANAGE = "incident:manage"
    INCIDENT_REPORT = "incident:report"
    EVENT_READ = "event:read"
    AUDIT_READ = "audit:read"
    WEBHOOK_READ = "webhook:read"
    WEBHOOK_WRITE = "webhook:write"
    JOB_READ = "job:read"
    JOB_RUN = "job:run"


P, R = Permission, Role
_DESK = frozenset({R.ADMIN, R.MANAGER, R.SUPERVISOR, R.COUNTER, R.STAFF})
"""Those who speak with customers."""
_WORKSHOP = frozenset({R.SENIOR_TECHNICIAN, R.TECHNICIAN})
_LEADERS = frozenset({R.ADMIN, R.MANAGER, R.SUPERVISOR})
_PEOPLE = frozenset(R) - {R.STORE_SYSTEM, R.BENCH}

PERMISSION_ROLES: dict[Permission, frozenset[Role]] = {
    P.TICKET_READ: frozenset(R) - {R.FLEET_ADMIN},
    P.TICKET_CREATE: _DESK | {R.SENIOR_TECHNICIAN, R.STORE_SYSTEM},
    P.TICKET_ASSIGN: _LEADERS | {R.COUNTER, R.SENIOR_TECHNICIAN, R.STAFF},
    P.TICKET_WORK: _WORKSHOP | {R.ADMIN, R.SUPERVISOR, R.STAFF, R.BENCH},
    P.TICKET_CLOSE: _DESK,
    P.TICKET_CANCEL: _DESK | {R.STORE_SYSTEM},
    P.TICKET_NOTE: frozenset(R) - {R.FLEET_ADMIN},
    P.TICKET_SERVE: _DESK | {R.SENIOR_TECHNICIAN},
    P.TICKET_REVIEW: _LEADERS | {R.SENIOR_TECHNICIAN},
    P.TICKET_DECIDE: _LEADERS,
    P.CONSULTATION_ANSWER: _DESK | {R.SENIOR_TECHNICIAN, R.STORE_SYSTEM},
    P.APPOINTMENT_BOOK: _DESK | {R.SENIOR_TECHNICIAN, R.STORE_SYSTEM},
    P.CUSTOMER_READ: _DESK | {R.STORE_SYSTEM},
    P.CUSTOMER_WRITE: _DESK | {R.STORE_SYSTEM},
    P.CUSTOMER_MERGE: _LEADERS,
    P.CUSTOMER_EXPORT: frozenset({R.ADMIN, R.MANAGER}),
    P.CUSTOMER_ERASE: frozenset({R.ADMIN, R.MANAGER}),
    P.DEVICE_READ: _PEOPLE | {R.STORE_SYSTEM},
    P.DEVICE_WRITE: _DESK | {R.STORE_SYSTEM},
    P.ROSTER_READ: _PEOPLE - {R.FLEET_ADMIN},
    P.ROSTER_WRITE: _LEADERS,
    P.STAFF_READ: _LEADERS,
    P.STAFF_WRITE: _LEADERS,
    P.CONTACT_READ: _DESK | {R.STORE_SYSTEM},
    P.ANALYSIS_READ: _LEADERS | {R.QUALITY},
    P.COMPLAINT_READ: _DESK | {R.QUALITY, R.SENIOR_TECHNICIAN},
    P.COMPLAINT_REVIEW: _LEADERS | {R.QUALITY},
    P.AFTERCARE_READ: _DESK | {R.QUALITY, R.SENIOR_TECHNICIAN},
    P.AFTERCARE_WORK: _DESK | {R.QUALITY, R.SENIOR_TECHNICIAN},
    P.AFTERCARE_VERIFY: _LEADERS | {R.QUALITY},
    P.KNOWLEDGE_READ: _PEOPLE | {R.STORE_SYSTEM},
    P.KNOWLEDGE_WRITE: _PEOPLE - {R.COUNTER, R.FLEET_ADMIN},
    P.KNOWLEDGE_APPROVE: _LEADERS | {R.QUALITY, R.SENIOR_TECHNICIAN},
    P.MEASUREMENT_READ: _PEOPLE - {R.COUNTER},
    P.CAPTURE_READ: _PEOPLE - {R.COUNTER},
    P.CAPTURE_UPLOAD: frozenset({R.BENCH}),
    P.BENCH_READ: _PEOPLE,
    P.BENCH_COMMAND: _WORKSHOP | {R.ADMIN, R.SUPERVISOR, R.FLEET_ADMIN, R.REMOTE_ENGINEER, R.STAFF},
    P.INGEST_INSPECT: frozenset({R.ADMIN, R.QUALITY, R.FLEET_ADMIN}),
    P.POLICY_READ: _PEOPLE | {R.STORE_SYSTEM},
    P.POLICY_WRITE: frozenset({R.ADMIN, R.MANAGER}),
    P.STORE_READ: frozenset(R) - {R.BENCH},
    P.STORE_WRITE: frozenset({R.ADMIN}),
    P.USER_READ: _LEADERS,
    P.USER_WRITE: frozenset({R.ADMIN}),
    P.KEY_READ: frozenset({R.ADMIN}),
    P.KEY_WRITE: frozenset({R.ADMIN}),
    P.METRICS_READ: frozenset({R.ADMIN, R.FLEET_ADMIN}),
    P.NOTIFICATION_READ: _DESK | {R.QUALITY},
    P.NOTIFICATION_SEND: _DESK,
    P.ESCALATION_READ: _DESK | _WORKSHOP | {R.QUALITY, R.REMOTE_ENGINEER},
    P.ESCALATION_RAISE: _DESK | _WORKSHOP | {R.QUALITY},
    P.ESCALATION_ANSWER: _LEADERS | {R.SENIOR_TECHNICIAN, R.REMOTE_ENGINEER, R.QUALITY},
    P.ESCALATION_MANAGE: _LEADERS,
    P.INCIDENT_MANAGE: _LEADERS | {R.QUALITY},
    P.INCIDENT_REPORT: _LEADERS | _WORKSHOP | {R.QUALITY},
    P.EVENT_READ: _LEADERS | {R.QUALITY, R.STORE_SYSTEM},
    P.AUDIT_READ: frozenset({R.ADMIN, R.MANAGER, R.QUALITY}),
    P.WEBHOOK_READ: frozenset({R.ADMIN, R.MANAGER, R.STORE_SYSTEM}),
    P.WEBHOOK_WRITE: frozenset({R.ADMIN, R.MANAGER, R.STORE_SYSTEM}),
    P.JOB_READ: frozenset({R.ADMIN, R.MANAGER, R.FLEET_ADMIN}),
    P.JOB_RUN: frozenset({R.ADMIN}),
}
"""One row a permission; a new one is a member of ``Permission`` and a row here.

Captures are evidence from a bench, so that not even an administrator may upload one.
"""

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    role: frozenset(permission for permission, roles in PERMISSION_ROLES.items() if role in roles) for role in Role
}
"""The same table seen from the roles."""


def may(role: Role, permission: Permission) -> bool:
    """Return whether ``role`` has ``permission``."""
    return role in PERMISSION_ROLES[permission]

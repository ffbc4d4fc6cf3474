"""All tables in one place, for migrations."""

from hub.aftercare import models as aftercare
from hub.appointments import models as appointments
from hub.complaints import models as complaints
from hub.core import idempotency_models as idempotency
from hub.core.database import Table
from hub.customers import models as customers
from hub.dispatch import models as dispatch
from hub.escalations import models as escalations
from hub.events import models as events
from hub.fleet import models as fleet
from hub.identity import models as identity
from hub.incidents import models as incidents
from hub.jobs import models as jobs
from hub.knowledge import models as knowledge
from hub.measurements import models as measurements
from hub.notifications import models as notifications
from hub.policies import models as policies
from hub.portal import models as portal
from hub.repairs import models as repairs
from hub.sla import models as sla
from hub.staff import models as staff
from hub.stores import models as stores
from hub.tickets import models as tickets
from hub.transfers import models as transfers
from hub.webhooks import models as webhooks

DOMAINS = (
    aftercare,
    appointments,
    complaints,
    customers,
    dispatch,
    escalations,
    events,
    fleet,
    idempotency,
    identity,
    incidents,
    jobs,
    knowledge,
    measurements,
    notifications,
    policies,
    portal,
    repairs,
    sla,
    staff,
    stores,
    tickets,
    webhooks,
    transfers,
)
"""Importing a domain's models puts its tables into the metadata."""
metadata = Table.metadata

"""The instruments of this bench: one worker thread each, leases, deadlines that hold, health and recovery."""

from edge_agent.rack.call import PendingCall, says
from edge_agent.rack.cancellation import Cancellation
from edge_agent.rack.errors import (
    CallCancelled,
    CallTimeout,
    InstrumentUnavailable,
    LeaseRefused,
    RackError,
    UnknownRole,
    WrongCapability,
)
from edge_agent.rack.leases import Lease
from edge_agent.rack.rack import Rack
from edge_agent.rack.slot import Opener, Timing

__all__ = [
    "CallCancelled",
    "CallTimeout",
    "Cancellation",
    "InstrumentUnavailable",
    "Lease",
    "LeaseRefused",
    "Opener",
    "PendingCall",
    "Rack",
    "RackError",
    "Timing",
    "UnknownRole",
    "WrongCapability",
    "says",
]

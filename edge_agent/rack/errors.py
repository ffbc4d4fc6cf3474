"""Why the rack could not do what was asked. Each message is one sentence that names the role and the remedy."""


class RackError(Exception):
    """Base of all errors that the rack itself raises; a driver's own errors pass through unchanged."""


class UnknownRole(RackError):
    """The bench has no instrument in this role."""


class WrongCapability(RackError):
    """The instrument in this role is of another class than the caller needs."""


class LeaseRefused(RackError):
    """Somebody else controls the instrument, or the lease is over."""


class InstrumentUnavailable(RackError):
    """The instrument is broken or absent at the moment; the rack goes on trying."""


class CallTimeout(RackError):
    """The call did not end by its deadline; nothing more was sent to the instrument for it."""


class CallCancelled(RackError):
    """The call was cancelled; nothing more was sent to the instrument for it."""

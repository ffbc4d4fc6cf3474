"""What can go wrong with an instrument. Each message is one sentence that names the instrument and the remedy."""


class InstrumentError(Exception):
    """Base of all errors that a driver raises."""


class Misconfigured(InstrumentError):
    """The profile, address or option cannot be used as it is written, or a needed program is not installed."""


class OutOfRange(InstrumentError):
    """A request that the instrument cannot fulfil; nothing was sent. There is never a nearby value instead."""


class WrongIdentity(InstrumentError):
    """The instrument at this address is not the one that the profile describes."""


class ConnectionLost(InstrumentError):
    """The port is gone or refused; the rack reconnects when it is back."""


class NoResponse(InstrumentError):
    """The instrument did not answer in time."""


class BadResponse(InstrumentError):
    """The answer is cut short or does not follow the protocol (also what a wrong baud rate looks like)."""


class InstrumentRefused(InstrumentError):
    """The instrument answered with an error of its own (SCPI error queue, Modbus exception, NACK)."""


class Cancelled(InstrumentError):
    """The step that wanted this was cancelled or timed out; nothing more is sent for it."""

"""The one base of every error that a parser in this room raises."""


class ProtocolError(ValueError):
    """Bytes or text that do not follow their format.

    The message is one sentence: what is wrong, where, and (where it can be known) how to mend it.
    Every module here derives its own error from this class and lets no other exception out for bad input.
    """

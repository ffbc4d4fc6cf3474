"""The error that every subcommand raises for bad input."""


class UsageError(Exception):
    """Bad input. The message is one sentence: what is wrong, where, and how to mend it; the exit code is 2."""

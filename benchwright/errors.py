"""The error that every subcommand raises for bad input."""


class UsageError(Exception):
    """Bad input. The message is one sentence: what is wrong, where, and how to mend it; the exit code is 2."""


def not_written(path: object, error: OSError) -> UsageError:
    """Return what to say of a file that was named and cannot be written; ``path`` may begin with its option."""
    return UsageError(f"{path} cannot be written: {error.strerror}; give a file in a folder that exists and is yours")

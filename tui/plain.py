"""Outside text as it can stand on one line. No more than the standard library: the command line uses it, too."""


def one_line(text: str) -> str:
    """Return outside text without line breaks and control characters."""
    return "".join(char if char.isprintable() else " " for char in text)

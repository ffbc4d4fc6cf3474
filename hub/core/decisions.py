"""The answer of a policy: whether, why not, and by which clause."""

from dataclasses import dataclass

from hub.core.i18n import Words


@dataclass(frozen=True, slots=True)
class Decision:
    """What a pure policy decided. ``reasons`` say what stands against it, and are empty when it is allowed."""

    allowed: bool
    reasons: tuple[Words, ...]
    clause: str
    """The rule that decided, e.g. ``S1`` or a policy document's name and version."""

"""What the details of all actions share; a domain with actions of its own begins here."""

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, StringConstraints

from hub.core.bodies import JsonBody

Words = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
MinorUnits = Annotated[int, Field(ge=0, le=10**12, description="In the currency's smallest unit (fen, cent).")]


class Details(JsonBody):
    """Details of one action."""

    model_config = ConfigDict(frozen=True)
    facts: ClassVar[frozenset[str]] = frozenset()

    def writes(self) -> dict[str, Any]:
        """Return new values of the ticket's fields."""
        return {}

    def told(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the facts for the event, and the words for its remark."""
        plain = self.model_dump(mode="json", exclude_none=True)
        words = {name: value for name, value in plain.items() if name not in self.facts}
        return {name: value for name, value in plain.items() if name in self.facts}, words

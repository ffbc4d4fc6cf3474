"""The fault taxonomy (D1) as versioned data: groups of faults in both languages."""

from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from sqlalchemy.orm import Session

from hub.policies import routes
from hub.policies.loading import load
from hub.policies.values import BothLanguages, Document, wrong

FAMILY = "faults"
FaultCode = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,63}$")]


class Fault(Document):
    """One kind of fault."""

    code: FaultCode = Field(examples=["dried_capacitor"])
    title: BothLanguages
    advice: BothLanguages | None = Field(
        default=None, description="How to use and care for the device, told to the customer at the delivery (T13)."
    )


class FaultGroup(Document):
    """Faults that belong together."""

    code: FaultCode = Field(examples=["hardware"])
    title: BothLanguages
    faults: Annotated[tuple[Fault, ...], Field(min_length=1, max_length=500)]


class Taxonomy(Document):
    """All faults; every code is there once."""

    groups: Annotated[tuple[FaultGroup, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _unique(self) -> Self:
        seen: set[str] = set()
        for code in [code for group in self.groups for code in (group.code, *(fault.code for fault in group.faults))]:
            if code in seen:
                raise wrong("fault_twice", "the code {code} is there twice", "代码 {code} 重复", code=code)
            seen.add(code)
        return self

    def fault(self, code: str | None) -> Fault | None:
        """Return the fault with this code."""
        return next((one for group in self.groups for one in group.faults if one.code == code), None)

    def group_of(self, code: str | None) -> str | None:
        """Return the code of the group that a fault, or the group itself, belongs to."""
        for group in self.groups:
            if code == group.code or any(one.code == code for one in group.faults):
                return group.code
        return None


def in_force(session: Session) -> Taxonomy:
    """Return the taxonomy that holds now."""
    return routes.in_force(session, FAMILY, Taxonomy, delivered())[1]


@cache
def delivered() -> Taxonomy:
    """Return the taxonomy that comes with the hub."""
    return load(Taxonomy, Path(__file__).with_name("taxonomy.yaml"))

"""Membership tiers (M2): thresholds and benefits as data, and the pure function that finds a customer's tier."""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.policies import queries as versions
from hub.policies import service as policies
from hub.policies.loading import load
from hub.policies.values import Document

FAMILY = "tiers"
STANDARD = "standard"


class Benefits(Document):
    """What a tier brings."""

    priority_raise: Annotated[int, Field(ge=0, le=9, description="By how much its tickets are more urgent.")] = 0
    extra_warranty_days: Annotated[int, Field(ge=0, le=3660)] = 0
    on_site_check: bool = False


class Tier(Document):
    """One tier and what it takes."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,31}$")]
    spent_minor: Annotated[int, Field(ge=0, le=10**12, description="In the smallest unit of the currency.")]
    purchases: Annotated[int, Field(ge=0, le=10**6)]
    benefits: Benefits = Benefits()


class TierPolicy(Document):
    """All tiers, the highest first."""

    within_days: Annotated[int, Field(ge=1, le=3660)] | None = Field(
        default=None, description="Purchases of how many days count; left out: all that were ever made."
    )
    tiers: Annotated[tuple[Tier, ...], Field(max_length=20)]

    def tier(self, spent_minor: int, purchases: int) -> Tier | None:
        """Return the highest tier that is reached."""
        return next((one for one in self.tiers if spent_minor >= one.spent_minor and purchases >= one.purchases), None)

    def benefits(self, name: str | None) -> Benefits:
        """Return what the tier called ``name`` brings; nothing for none."""
        return next((one.benefits for one in self.tiers if one.name == name), Benefits())


def in_force(session: Session) -> TierPolicy:
    """Return the policy that holds now."""
    row = policies.in_force(policies.in_order(session, FAMILY, STANDARD), now())
    return delivered() if row is None else versions.document(session, row, TierPolicy)


@cache
def delivered() -> TierPolicy:
    """Return the policy that comes with the hub."""
    return load(TierPolicy, Path(__file__).with_name("tiers.yaml"))

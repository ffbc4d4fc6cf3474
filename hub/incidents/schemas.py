"""What the API takes and gives about major incidents."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from hub.core.bodies import JsonBody
from hub.escalations.schemas import Words
from hub.incidents.models import MajorIncident
from hub.incidents.states import State
from hub.tickets.models import Ticket

Member = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]


class IncidentDeclaration(JsonBody):
    """Why it is a major incident."""

    reason: Words = Field(examples=["Smoke from five adapters of one batch within a day"])


class IncidentTeam(JsonBody):
    """Who works on it."""

    members: Annotated[list[Member], Field(min_length=1, max_length=30)] = Field(examples=[["U-000004", "U-000007"]])


class IncidentReport(JsonBody):
    """How it stands."""

    report: Words = Field(examples=["Batch identified; sale stopped; customers are being called"])


class IncidentReview(JsonBody):
    """What was learned."""

    review: Words = Field(examples=["Cause: capacitor C3 of a second source. Incoming inspection now measures it."])


class MajorIncidentOut(BaseModel):
    """One major incident (T8). Its clocks are among the ticket's `deadlines`."""

    id: str = Field(examples=["MI-000001"])
    ticket: str = Field(examples=["T-000042"])
    state: State
    team: list[str]
    updates: int = Field(description="How many reports there were.")
    declared_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, row: MajorIncident, ticket: Ticket) -> "MajorIncidentOut":
        """Show one row."""
        return cls(
            id=row.public_id,
            ticket=ticket.public_id,
            state=State(row.state),
            team=row.team,
            updates=row.updates,
            declared_at=row.declared_at,
            ended_at=row.ended_at,
        )

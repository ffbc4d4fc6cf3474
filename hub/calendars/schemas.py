"""What the calendar API takes and gives."""

from datetime import date

from pydantic import BaseModel, Field

from hub.calendars.calendar import CalendarDay, DayKind
from hub.calendars.documents import CalendarDocument, CalendarEdition, Week
from hub.core.i18n import Language
from hub.policies.models import PolicyVersion
from hub.policies.schemas import VersionOut
from hub.policies.values import Day, Document


class NewCalendar(Document):
    """A new version of a calendar."""

    valid_from: Day | None = Field(
        default=None, description="First day, in the calendar's time zone; left out: today.", examples=["2027-01-01"]
    )
    document: CalendarDocument


class CalendarOut(VersionOut[CalendarDocument]):
    """A version of a calendar."""

    doubts: list[str] = Field(description="What it does not know about its coming year, in words.", examples=[[]])

    @classmethod
    def of(cls, name: str, row: PolicyVersion | None, edition: CalendarEdition, doubts: list[str]) -> "CalendarOut":
        """Show one row, or what is delivered."""
        return cls(
            name=name,
            version=row.version if row else 0,
            valid_from=row.valid_from if row else None,
            created_at=row.created_at if row else None,
            document=edition.document,
            doubts=doubts,
        )


class DayOut(BaseModel):
    """A day as it is worked."""

    day: date
    weekday: str = Field(examples=["monday"])
    kind: DayKind
    hours: list[str] = Field(examples=[["09:00-12:00", "13:00-18:00"]])
    reason: str | None = Field(examples=["Make-up working day"])

    @classmethod
    def of(cls, day: CalendarDay, language: Language) -> "DayOut":
        """Show one day."""
        return cls(
            day=day.day,
            weekday=tuple(Week.model_fields)[day.day.weekday()],
            kind=day.kind,
            hours=[str(span) for span in day.hours],
            reason=day.reason[language] if day.reason else None,
        )


class DaysOut(BaseModel):
    """Some days of a calendar."""

    days: list[DayOut]
    doubts: list[str] = Field(description="What is not known about them, in words.", examples=[[]])

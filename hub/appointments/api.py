"""HTTP: appointments."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from hub.appointments import queries, service
from hub.appointments.models import Appointment
from hub.appointments.schemas import AppointmentOut, Minutes, Move, NewAppointment, OutcomeIn, Place, SlotOut
from hub.core.clock import now
from hub.core.database import Database
from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, etag
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.customers import service as customers
from hub.dispatch import desk
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.policies.values import Moment
from hub.stores.service import STORE_CLOSED
from hub.tickets import service as tickets
from hub.tickets.api import TicketId
from hub.tickets.models import Ticket

router = APIRouter(prefix="/api/v1/appointments", tags=["appointments"])
ticket_router = APIRouter(prefix="/api/v1/tickets", tags=["appointments"])

_TICKET = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND)
_ONE = (
    UNAUTHENTICATED,
    FORBIDDEN,
    service.APPOINTMENT_NOT_FOUND,
    service.APPOINTMENT_ENDED,
    tickets.ACTION_NOT_POSSIBLE,
)
_OUTCOME = (service.APPOINTMENT_NOT_FOUND, service.APPOINTMENT_ENDED, service.TOO_EARLY, tickets.ACTION_NOT_POSSIBLE)
AppointmentId = Annotated[str, Path(max_length=40, examples=["V-000003"])]


@ticket_router.get("/{ticket}/appointment-slots", summary="List free times for a ticket", responses=refusals(*_TICKET))
def list_slots(
    *,
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    place: Place = "store",
    minutes: Annotated[Minutes, Query()] = 60,
    since: Moment | None = None,
    days: Annotated[int, Query(ge=1, le=31)] = 7,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[SlotOut]:
    """Times at which somebody with the right certificate is at work and free, the earliest first (T11)."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        caller.require(Permission.APPOINTMENT_BOOK)
        begin = since or now()
        end = begin + timedelta(days=days)
        length = timedelta(minutes=minutes)
        slots = service.slots(session, found, begin, end, length, on_site=place == "on_site")
        return [SlotOut.of(slot) for slot in slots[:limit]]


@ticket_router.get("/{ticket}/appointments", summary="List a ticket's appointments", responses=refusals(*_TICKET))
def list_ticket_appointments(database: HubDatabase, caller: Caller, ticket: TicketId) -> list[AppointmentOut]:
    """The newest first."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        rows = [(found, row) for row in queries.of_ticket(session, found.id)]
        shown = [AppointmentOut.of(*row, caller) for row in rows]
        owners = _shown_addresses(rows, shown)
    _note(database, caller, owners)
    return shown


@ticket_router.post(
    "/{ticket}/appointments",
    status_code=201,
    summary="Make an appointment",
    responses=refusals(
        *_TICKET,
        tickets.TICKET_NOT_FOUND,
        service.NOT_READY,
        service.NOT_FREE,
        service.HAS_ONE,
        STORE_CLOSED,
        tickets.ACTION_NOT_POSSIBLE,
    ),
)
def book_appointment(
    database: HubDatabase, caller: Caller, ticket: TicketId, wanted: NewAppointment, response: Response
) -> AppointmentOut:
    """The ticket needs model, symptom and purchase proof, a visit the address; the time must be free (T11)."""
    with database.write() as session:
        found, row = service.book(session, caller, ticket, wanted)
        shown = AppointmentOut.of(found, row, caller)
    response.headers["Location"] = f"/api/v1/appointments/{shown.id}"
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("", summary="List appointments", responses=refusals(UNAUTHENTICATED, FORBIDDEN, BAD_CURSOR))
def list_appointments(
    *,
    database: HubDatabase,
    caller: Caller,
    person: Annotated[str | None, Query(max_length=40)] = None,
    since: Moment | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[AppointmentOut]:
    """Appointments of tickets that the caller may see, the latest first. Whose address was shown to whom is logged."""
    caller.require(Permission.TICKET_READ)
    with database.read() as session:
        found = queries.page(session, caller, cursor, limit, person=person, since=since)
        rows, following = split_page(found, limit, lambda row: [row[1].starts_at, row[1].id])
        shown = [AppointmentOut.of(row[0], row[1], caller) for row in rows]
        owners = _shown_addresses([(row[0], row[1]) for row in rows], shown)
    _note(database, caller, owners)
    return Page(items=shown, next=following)


@router.get("/{appointment}", summary="Show an appointment", responses=refusals(*_ONE))
def show_appointment(
    database: HubDatabase, caller: Caller, appointment: AppointmentId, response: Response
) -> AppointmentOut:
    """One appointment."""
    with database.read() as session:
        ticket, row = service.get(session, caller, appointment)
        shown = AppointmentOut.of(ticket, row, caller)
        owners = _shown_addresses([(ticket, row)], [shown])
    _note(database, caller, owners)
    response.headers["ETag"] = etag(shown.version)
    return shown


def _shown_addresses(rows: Sequence[tuple[Ticket, Appointment]], shown: Sequence[AppointmentOut]) -> list[int]:
    """Return the customers whose address somebody gets to see."""
    pairs = zip(rows, shown, strict=True)
    return sorted({row[0].customer_id for row, one in pairs if one.address is not None and row[0].customer_id})


def _note(database: Database, caller: Actor, owners: list[int]) -> None:
    if owners:
        with database.write() as session:
            customers.note_access_to(session, caller, owners, "customer.listed")


@router.post("/{appointment}/confirmation", summary="Confirm an appointment", responses=refusals(*_ONE))
def confirm_appointment(database: HubDatabase, caller: Caller, appointment: AppointmentId) -> AppointmentOut:
    """The customer is told of it."""
    with database.write() as session:
        ticket, row = service.confirm(session, caller, appointment)
        return AppointmentOut.of(ticket, row, caller)


@router.patch(
    "/{appointment}",
    summary="Move an appointment",
    responses=refusals(
        *_ONE,
        service.APPOINTMENT_NOT_FOUND,
        service.APPOINTMENT_ENDED,
        tickets.ACTION_NOT_POSSIBLE,
        service.NOT_FREE,
        STALE_VERSION,
        BAD_IF_MATCH,
    ),
)
def move_appointment(
    *,
    database: HubDatabase,
    caller: Caller,
    appointment: AppointmentId,
    wanted: Move,
    expected: Expected,
    response: Response,
) -> AppointmentOut:
    """Another free time; a customer who was told of the old one is told."""
    with database.write() as session:
        ticket, row = service.move(session, caller, appointment, wanted, expected)
        shown = AppointmentOut.of(ticket, row, caller)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.delete("/{appointment}", summary="Call an appointment off", responses=refusals(*_ONE))
def call_appointment_off(database: HubDatabase, caller: Caller, appointment: AppointmentId) -> AppointmentOut:
    """The time is free again; a customer who was told of it is told."""
    with database.write() as session:
        ticket, row = service.call_off(session, caller, appointment)
        desk.follow(session, ticket, "call_off")
        return AppointmentOut.of(ticket, row, caller)


@router.post("/{appointment}/outcome", summary="Record how an appointment went", responses=refusals(*_ONE, *_OUTCOME))
def close_appointment(
    database: HubDatabase, caller: Caller, appointment: AppointmentId, wanted: OutcomeIn
) -> AppointmentOut:
    """Kept: the work of a visit begins. Missed: the ticket waits for another appointment.

    Kept can be said from an hour before its time on, missed when it has come.
    """
    with database.write() as session:
        ticket, row = service.close(session, caller, appointment, wanted.outcome)
        return AppointmentOut.of(ticket, row, caller)

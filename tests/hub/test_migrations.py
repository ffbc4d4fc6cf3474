"""Migrations on a database that is in use: every step down and up again, on each kind of database."""

from datetime import timedelta
from itertools import pairwise

import pytest
from seeded import END
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from hub.aftercare.models import ImprovementTask, RepairWarranty
from hub.complaints.models import Complaint, ComplaintPayment
from hub.core import migrate
from hub.core.database import Database
from hub.customers.models import CustomerDevice
from hub.events.service import append, verify_chain
from hub.fleet.models import Bench
from hub.identity import users
from hub.identity.actors import Actor, command_line_actor
from hub.identity.models import User
from hub.identity.permissions import Role
from hub.measurements.models import Run
from hub.seed.filling import fill
from hub.seed.scene import Size
from hub.tickets.models import Ticket

SIZE = Size(stores=1, staff=8, devices=30, tickets=25)
KEPT = ("ticket", "event", "measurement", "bench")
"""Tables of the first migration: no step up or down may lose a row of theirs."""


def rows(database: Database) -> list[int]:
    with database.read() as session:
        return [session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in KEPT]


def broken_references(database: Database) -> list[object]:
    """SQLite builds tables anew, so a reference could be lost on the way; PostgreSQL would not let it."""
    if not database.is_sqlite:
        return []
    with database.read() as session:
        return list(session.execute(text("PRAGMA foreign_key_check")))


def test_up_and_down_and_up_with_data_in_place(database: Database) -> None:
    assert migrate.differences(database) == [], "migrations and models agree"
    with database.write() as session:
        fill(session, size=SIZE, seed=1, end=END, password_hash="x")
    filled = rows(database)
    assert all(filled)
    known = migrate.revisions()
    for below, above in reversed(list(pairwise(known))):
        migrate.downgrade(database, below)
        migrate.upgrade(database, above)
        assert (rows(database), broken_references(database)) == (filled, []), above
        if above == migrate.head():
            assert migrate.differences(database) == []
            with database.read() as session:
                assert verify_chain(session).broken_at is None
        migrate.downgrade(database, below)
        assert (rows(database), broken_references(database)) == (filled, []), below
    migrate.upgrade(database)
    assert (rows(database), migrate.differences(database)) == (filled, []), "from the first tables, all the way up"
    migrate.downgrade(database, "base")
    with database.read() as session:
        assert inspect(session.connection()).get_table_names() == ["alembic_version"]


def test_an_empty_database_goes_down_and_up(database: Database) -> None:
    for _ in range(2):
        migrate.downgrade(database, "base")
        assert migrate.current(database) is None
        migrate.upgrade(database)
        assert (migrate.current(database), migrate.differences(database)) == (migrate.head(), [])


def test_a_difference_is_seen(database: Database) -> None:
    with database.write() as session:
        session.execute(text("ALTER TABLE ticket ADD COLUMN colour TEXT"))
    assert "colour" in str(migrate.differences(database))


@pytest.mark.any_database
def test_the_chain_of_migrations_is_one_line() -> None:
    known = migrate.revisions()
    assert known == sorted(set(known)) and known[-1] == migrate.head()


OLD_TICKET = """
INSERT INTO ticket (version, kind, state, priority, model, serial, symptom, reviewed, test_waived, priority_pinned,
    priority_reasons, created_at, updated_at)
VALUES (1, :kind, 'new', 5, :model, :serial, '-', false, false, false, '[]', '2026-11-29', '2026-11-29')
"""
"""By the columns of old: the class has newer ones."""


def add_tickets(session: Session, *devices: tuple[str, str], kind: str = "repair") -> None:
    for model, serial in devices:
        session.execute(text(OLD_TICKET), {"kind": kind, "model": model, "serial": serial})


OLD_IMPROVEMENT = """
INSERT INTO complaint_improvement (version, cause, measure, owner, due, created_at, done_at, effect)
VALUES (1, 'packaging', 'Double box', 'U-000001', '2026-12-31', '2026-01-01 08:00:00', NULL, NULL),
       (3, 'carrier', 'Another carrier', 'U-2', '2026-02-28', '2026-01-02 08:00:00', '2026-02-01 08:00:00', 'All came')
"""


def test_improvements_about_complaints_join_those_of_bad_answers(database: Database) -> None:
    """T14, C4: one table; what was done counts as verified, and the old number is kept. The way back loses none."""
    migrate.downgrade(database, "0026")
    with database.write() as session:
        session.execute(text(OLD_IMPROVEMENT))
    migrate.upgrade(database)
    with database.read() as session:
        rows = session.scalars(select(ImprovementTask).order_by(ImprovementTask.id)).all()
    assert [(one.source, one.cause, one.state, one.formerly, one.ticket_id) for one in rows] == [
        ("complaint", "packaging", "open", "V-000001", None),
        ("complaint", "carrier", "verified", "V-000002", None),
    ]
    assert [(one.plan, one.measure, one.effect, one.ended_at is None) for one in rows] == [
        ("Double box", None, None, True),
        ("Another carrier", "Another carrier", "All came", False),
    ]
    migrate.downgrade(database, "0026")
    with database.read() as session:
        told = session.execute(text("SELECT cause, measure, effect FROM complaint_improvement ORDER BY id")).all()
        left = session.execute(text("SELECT count(*) FROM improvement_task")).scalar_one()
    assert ([tuple(one) for one in told], left) == (
        [("packaging", "Double box", None), ("carrier", "Another carrier", "All came")],
        0,
    )
    migrate.upgrade(database)
    assert migrate.differences(database) == []


def test_models_of_before_get_one_spelling(
    database: Database, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """M1, T15: what is of one device meets, whatever case its model was typed in."""
    migrate.downgrade(database, "0031")
    at = END
    of_warranty = {"fault": "no_power", "policy_version": 0, "because": [], "starts_at": at, "ends_at": at}
    with database.write() as session:
        for model, serial in (("SP-100", "SN-1"), ("sp-100", "SN-1"), ("sp-100", "SN-2"), ("Größe\u3000５", "SN-5")):
            session.add(CustomerDevice(model=model, serial=serial, created_at=at))
            session.flush()
        add_tickets(
            session,
            ("sp-100", "SN-1"),
            ("SP-100", "SN-3"),
            ("GRÖSSE 5", "SN-5"),
            (" Größe \u2003 6 ", "SN-5"),
            ("ｓｐ-100", ""),
        )
        session.add(RepairWarranty(ticket_id=1, model="Sp-100", serial="SN-1", **of_warranty))
    migrate.upgrade(database)
    with database.read() as session:
        assert list(session.scalars(select(Ticket.model).order_by(Ticket.id))) == [
            *("SP-100", "SP-100", "Größe\u3000５", " Größe \u2003 6 ", "ｓｐ-100")
        ]
        tickets = session.scalars(select(Ticket).order_by(Ticket.id)).all()
        assert [one.model_key for one in tickets] == ["sp-100", "sp-100", "grösse 5", "grösse 6", "sp-100"]
        assert list(session.scalars(select(RepairWarranty.model))) == ["SP-100"]
        assert list(session.scalars(select(CustomerDevice.model).order_by(CustomerDevice.id)))[1:3] == ["sp-100"] * 2
    assert [one.args for one in caplog.records if "same device" in one.msg] == [(2, "sp-100")]
    if not database.is_sqlite:
        migrate.script("postgresql")
        printed = capsys.readouterr().out.splitlines()
        (by_hand,) = [line for line in printed if line.startswith("UPDATE ticket SET model_key")]
        with database.write() as session:
            session.execute(text(by_hand))
            keys = list(session.scalars(text("SELECT model_key FROM ticket ORDER BY id")))
        assert keys == ["sp-100", "sp-100", "größe 5", "größe 6", "sp-100"], "SQL's small letters leave ß as it is"


def test_serial_numbers_of_before_get_one_form(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """M1, D6, T15: what is of one device meets; of two records of a device one keeps what was typed, and is named."""
    migrate.downgrade(database, "0027")
    at, fault = END, {"fault": "no_power", "policy_version": 0, "because": []}
    device = {"model": "SP-100", "created_at": at}
    with database.write() as session:
        add_tickets(session, ("SP-100", " sn-1"))
        session.add(Bench(name="bench-01", registered_at=at, desired_revision=1))
        session.flush()
        of_ticket = {"ticket_id": 1, "model": "SP-100", "serial": "Sn-1", "starts_at": at, "ends_at": at}
        runs = [Run(bench="bench-01", key=key, serial=serial) for key, serial in (("a", "ｓｎ-1"), ("b", None))]
        devices = [CustomerDevice(serial=serial, **device) for serial in ("sn-1", "SN-1", "ab 2", "AB2 ", "ß" * 40)]
        session.add_all([RepairWarranty(**of_ticket, **fault), *runs])
        for one in devices:
            session.add(one)
            session.flush()
    migrate.upgrade(database)
    with database.read() as session:
        serials = [
            list(session.scalars(select(table.serial).order_by(key)))  # type: ignore[attr-defined]
            for table, key in (
                (Ticket, Ticket.id), (RepairWarranty, RepairWarranty.ticket_id), (Run, Run.id),
                (CustomerDevice, CustomerDevice.id),
            )
        ]  # fmt: skip
    assert serials == [["SN-1"], ["SN-1"], ["SN-1", None], ["sn-1", "SN-1", "AB2", "AB2 ", "ß" * 40]]
    assert [one.args for one in caplog.records if "keeps" in one.msg] == [(1, "sn-1"), (4, "AB2 ")]
    assert migrate.differences(database) == []


def test_a_webhook_of_before_belongs_to_who_made_it(database: Database) -> None:
    """S1: the event of the making says which key it was; the person behind it may be an administrator."""
    migrate.downgrade(database, "0025")
    with database.write() as session:
        made = Actor("key", "0123456789ab", "erp", Role.STORE_SYSTEM, made_by="user:U-000001")
        append(session, made, "webhook.created", ("webhook", "WH-000001"), {})
        session.execute(
            text(
                "INSERT INTO webhook_endpoint (version, url, events, audit, secret, made_by, created_at) VALUES"
                " (1, 'https://a', '[]', true, 's', 'user:U-000001', '2026-01-01 08:00:00'),"
                " (1, 'https://b', '[]', true, 's', 'user:U-000002', '2026-01-01 08:00:00')"
            )
        )
    migrate.upgrade(database)
    with database.read() as session:
        owners = session.execute(text("SELECT owner_kind, owner_id FROM webhook_endpoint ORDER BY id")).all()
    assert [tuple(one) for one in owners] == [("key", "0123456789ab"), ("user", "U-000002")]


def test_who_made_an_account_is_known_from_its_events(database: Database) -> None:
    """S1: what the events of the making and of given passwords say is what the accounts keep."""
    admin = Actor("user", "U-000001", "admin", Role.ADMIN)
    key = Actor("key", "0123456789ab", "setup", Role.ADMIN, made_by="key:0123456789ab")
    with database.write() as session:
        for number, maker in enumerate((command_line_actor(), admin, key)):
            made = users.create(session, maker, login=f"u{number}", name="n", role=Role.COUNTER, password_hash="x")
            if maker is not admin:
                users.reset_password(session, admin, made.public_id, "y")
    migrate.downgrade(database, "0030")
    migrate.upgrade(database)
    with database.read() as session:
        hands = session.execute(select(User.made_by, User.password_by).order_by(User.id)).all()
    assert [tuple(one) for one in hands] == [
        (None, "user:U-000001"), ("user:U-000001", None), ("key:0123456789ab", "user:U-000001")
    ]  # fmt: skip


def test_what_was_paid_before_was_paid_when_its_event_says(database: Database) -> None:
    """C4: a customer can be told of a complaint again after the money went out; without an event, that counts."""
    migrate.downgrade(database, "0029")
    at = END
    with database.write() as session:
        add_tickets(session, ("SP-100", "SN-0"), ("SP-100", "SN-1"), kind="complaint")
        for ticket in (1, 2):
            session.add(
                Complaint(
                    ticket_id=ticket,
                    compensation_minor=500,
                    currency="CNY",
                    told_at=at,
                    requested_by="user:U-000001",
                    granted_by="user:U-000002",
                    paid_by="user:U-000003",
                )
            )
        for days in (9, 3):
            moment = at - timedelta(days=days)
            append(session, command_line_actor(), "ticket.fulfil", ("ticket", "T-000001"), {}, occurred_at=moment)
        append(session, command_line_actor(), "ticket.feedback", ("ticket", "T-000001"), {}, occurred_at=at)
    migrate.upgrade(database)
    with database.read() as session:
        paid = list(session.scalars(select(ComplaintPayment.paid_at).order_by(ComplaintPayment.ticket_id)))
    assert paid == [at - timedelta(days=3), at]

"""Rows that older rules took are shown as they are: a currency of no country, and control characters in texts."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from hub.core.clock import now
from hub.core.database import Database
from hub.core.ids import row_number
from hub.core.settings import Settings
from hub.customers.models import Purchase
from hub.notifications.models import ContactPreference
from hub.repairs.models import Repair, RepairPlan
from hub.tickets.models import PREFIX, Ticket

pytestmark = pytest.mark.any_database

OPTION = {"work": "更换\x0b C5", "parts": [{"part": "C5", "name": "滤波\t电容"}], "cost_minor": 100, "currency": "RMB"}
USED = {"part": "C5\t220 µF", "quantity": 2, "new_serial": "新"}
WECOM = "li\tlei"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": "https://service.example.com"})


@pytest.fixture
def kept(admin: httpx.Client, database: Database) -> str:
    """A ticket of Li Lei, and everything that was written about it and him before."""
    body = {
        "device": {"model": "SP-100", "serial": "SN-1"},
        "symptom": "x",
        "contact": {"name": "李雷", "phone": "12345"},
    }
    made: str = admin.post("/api/v1/tickets", json=body).raise_for_status().json()["id"]
    at = now()
    by: dict[str, Any] = {"proposed_by": "bench:b", "proposed_at": at, "valid_until": at + timedelta(1)}
    done: dict[str, Any] = {"repaired_at": at, "repaired_by": "bench:b", "repaired_by_name": "韩\t梅梅"}
    with database.write() as session:
        ticket = session.get_one(Ticket, row_number(PREFIX, made))
        owner = ticket.customer_id
        assert owner is not None
        ticket.symptom, ticket.appearance, ticket.accessories = "a\x0bb", "\x1b[31m", ["cable\t1"]
        ticket.proof_kind, ticket.proof_number, ticket.contact_name = "receipt", "FP\t1", "李\t雷"
        session.add(
            RepairPlan(ticket_id=ticket.id, revision=1, options=[OPTION], currency="RMB", status="proposed", **by)
        )
        session.add(
            Repair(ticket_id=ticket.id, number=1, parts=[USED], work="\x0b", currency="RMB", cost_minor=1, **done)
        )
        session.add(ContactPreference(customer_id=owner, wecom=WECOM, updated_at=at))
        session.add(
            Purchase(
                customer_id=owner,
                number="SO-1",
                bought_on=date(2026, 1, 31),
                amount_minor=100,
                currency="RMB",
                created_at=at,
            )
        )
    return f"/api/v1/tickets/{made}"


def test_every_view_shows_what_was_kept(admin: httpx.Client, kept: str) -> None:
    def shown(path: str) -> Any:
        answer = admin.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    (plan,) = shown(f"{kept}/repair-plans")
    (option,) = plan["options"]
    assert (option["work"], option["currency"], option["parts"][0]["name"]) == ("更换\x0b C5", "RMB", "滤波\t电容")
    (repair,) = shown(f"{kept}/repairs")
    assert (repair["parts"][0], repair["repaired_by"]) == ({**USED, "old_serial": None}, "韩\t梅梅")
    ticket = shown(kept)
    assert (ticket["symptom"], ticket["contact"]["name"]) == ("a\x0bb", "李\t雷")
    assert ticket["intake"]["purchase_proof"] == {"kind": "receipt", "number": "FP\t1"}
    assert (ticket["intake"]["accessories"], ticket["intake"]["appearance"]) == (["cable\t1"], "\x1b[31m")
    assert shown("/api/v1/tickets")["items"][0]["symptom"] == "a\x0bb"
    customer = f"/api/v1/customers/{ticket['customer']}"
    assert shown(f"{customer}/contact-preference")["wecom"] == WECOM
    assert [one["currency"] for one in shown(f"{customer}/purchases")] == ["RMB"]


def test_the_customer_sees_what_was_kept(admin: httpx.Client, kept: str) -> None:
    """On the page of the ticket's link, and on paper."""
    link = admin.post(f"{kept}/customer-link", json={}).raise_for_status().json()["url"]
    page = admin.get(link.removeprefix("https://service.example.com"), headers={"Accept-Language": "en"})
    assert page.status_code == 200 and "RMB 1.00" in page.text
    for paper in ("slip.pdf", "report.pdf"):
        assert admin.get(f"{kept}/{paper}").raise_for_status().content.startswith(b"%PDF"), paper


def test_what_was_kept_is_changed(admin: httpx.Client, kept: str) -> None:
    customer = f"/api/v1/customers/{admin.get(kept).json()['customer']}"
    wanted = {"channel": "sms", "wecom": "lilei"}
    assert admin.put(f"{customer}/contact-preference", json=wanted).raise_for_status().json()["wecom"] == "lilei"
    bought = {"number": "SO-1", "bought_on": "2026-01-31", "amount_minor": 100}
    answer = admin.post(f"{customer}/purchases", json=bought)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "purchase-taken")

"""Consultations (T2): channel, customer, question, answer, wait, promise, outcome told, and how they went."""

from datetime import UTC, datetime, timedelta

import httpx

from hub.consultations import register
from hub.core.database import Database
from hub.identity.actors import command_line_actor

ASK = {
    "kind": "consultation",
    "channel": "phone",
    "symptom": "插座能用在户外吗？",
    "contact": {"name": "李雷", "phone": "13800000000"},
    "waited_s": 12,
}
PATH = "/api/v1/consultations"


def act(client: httpx.Client, ticket: str, action: str, **details: object) -> None:
    body = {"action": action, "details": details}
    client.post(f"/api/v1/tickets/{ticket}/actions", json=body).raise_for_status()


def test_a_question_is_answered_told_and_counted(admin: httpx.Client, database: Database) -> None:
    first = admin.post("/api/v1/tickets", json=ASK).raise_for_status().json()["id"]
    act(admin, first, "answer", answer="不可以，防护等级为 IP20")
    act(admin, first, "inform", outcome="客户将购买户外型号")
    second = admin.post("/api/v1/tickets", json={**ASK, "waited_s": 95}).raise_for_status().json()["id"]
    promised = datetime.now(UTC) + timedelta(hours=2)
    act(admin, second, "promise", promised_at=promised.isoformat())
    later, told = admin.get(PATH).raise_for_status().json()["items"]
    assert (told["question"], told["channel"], told["within_target"]) == ("插座能用在户外吗？", "phone", True)
    assert (told["answer"], told["outcome"]) == ("不可以，防护等级为 IP20", "客户将购买户外型号")
    assert (later["within_target"], later["promise_kept"], later["answer"]) == (False, None, None)
    figures = admin.get(f"{PATH}/figures").raise_for_status().json()
    assert (figures["consultations"], figures["within_target"], figures["mean_wait_s"]) == (2, 1, 53.5)
    assert (figures["promises"], figures["promises_broken"], figures["open"]) == (1, 0, 1)
    with database.read() as session:
        at = promised + timedelta(minutes=1)
        (overdue,) = register.page(session, command_line_actor(), None, 50, overdue_at=at)
        assert (overdue.ticket.public_id, overdue.promise_kept(at)) == (second, False)
    act(admin, second, "answer", answer="可以")
    assert admin.get(PATH).json()["items"][0]["promise_kept"] is True


def test_a_consultation_without_its_wait_is_refused(admin: httpx.Client) -> None:
    answer = admin.post("/api/v1/tickets", json={name: ASK[name] for name in ASK if name != "waited_s"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/waited_s"

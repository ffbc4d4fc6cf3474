"""Consultations (T2): channel, customer, question, answer, wait, promise, outcome told, and how they went."""

from datetime import UTC, datetime, timedelta

import httpx

from hub.consultations import register
from hub.core import clock
from hub.core.database import Database
from hub.identity.actors import command_line_actor
from hub.tickets import service as tickets

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


def test_nobody_waits_until_a_time_that_is_over(admin: httpx.Client) -> None:
    """T7: the customer is told on the ticket's page until when it waits."""
    path = f"/api/v1/tickets/{admin.post('/api/v1/tickets', json=ASK).raise_for_status().json()['id']}"
    act(admin, path.rpartition("/")[2], "taken")
    for until, status in (("2020-01-01T00:00:00Z", 422), ("2099-01-01T00:00:00Z", 200)):
        details = {"waiting_for": "customer", "until": until}
        answer = admin.post(f"{path}/actions", json={"action": "wait", "details": details})
        assert answer.status_code == status, answer.text
        if status == 422:
            assert [one["pointer"] for one in answer.json()["errors"]] == ["#/details/until"]


def test_a_promise_is_ahead_and_can_be_moved(admin: httpx.Client, database: Database) -> None:
    """T2: moving it in time keeps it, moving it afterwards leaves it broken."""
    path = f"/api/v1/tickets/{admin.post('/api/v1/tickets', json=ASK).raise_for_status().json()['id']}"
    past = {"action": "promise", "details": {"promised_at": "2020-01-01T00:00:00Z"}}
    refused = admin.post(f"{path}/actions", json=past, headers={"Accept-Language": "zh"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"pointer": "#/details/promised_at", "detail": "请承诺未来的时间"}]
    ticket = path.rpartition("/")[2]
    first, second = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, 3))
    act(admin, ticket, "promise", promised_at=first.isoformat())
    act(admin, ticket, "promise", promised_at=second.isoformat())
    (shown,) = admin.get(PATH).json()["items"]
    assert (datetime.fromisoformat(shown["promised_at"]), shown["promise_kept"]) == (second, None)
    with database.write() as session, clock.at(second + timedelta(hours=1)):
        third = {"promised_at": (second + timedelta(hours=9)).isoformat()}
        row = tickets.get(session, command_line_actor(), ticket, for_update=True)
        tickets.apply(session, row, "promise", command_line_actor(), details={"details": third})
    assert admin.get(PATH).json()["items"][0]["promise_kept"] is False


def test_a_consultation_without_its_wait_is_refused(admin: httpx.Client) -> None:
    answer = admin.post("/api/v1/tickets", json={name: ASK[name] for name in ASK if name != "waited_s"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/waited_s"

"""Complaints over HTTP, from the first call to the archive and the lesson."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hub_running import MakeKey, RunningHub
from sqlalchemy import event, update

from hub.complaints import service
from hub.complaints.models import Complaint, ComplaintPromise
from hub.complaints.schemas import ReviewIn
from hub.core.clock import now
from hub.core.database import Database
from hub.core.problems import Problem
from hub.events.service import verify_chain
from hub.identity import users
from hub.identity.actors import Actor, command_line_actor
from hub.identity.permissions import Role

Act = Callable[..., httpx.Response]
Complain = Callable[..., str]
Go = Callable[..., None]
ACCEPTED = ("classify", "name_owner", "taken")
INVESTIGATED = (*ACCEPTED, "finding", "conclude")
SETTLED = ("propose_remedy", "agree", "fulfil", "feedback")


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def shown(client: httpx.Client, ticket: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/complaints/{ticket}").raise_for_status().json()
    return found


def test_the_whole_path(staff: httpx.Client, complain: Complain, go: Go, act: Act, owner: str) -> None:
    """C2: accept, investigate (facts, then the cause), propose, resolve, tell with an apology, archive; one owner."""
    ticket = complain()
    early = act(ticket, "taken", headers={"Accept-Language": "zh"})
    assert (early.status_code, "不能执行受理投诉（taken）" in early.json()["detail"]) == (409, True)
    go(ticket, "name_owner")
    unclassified = act(ticket, "taken")
    assert (slug(unclassified), "classify it first" in unclassified.json()["detail"]) == ("action-guarded", True)
    go(ticket, "classify", "taken")
    assert shown(staff, ticket)["owner"] == owner
    assert slug(act(ticket, "conclude")) == "action-guarded", "a cause follows from facts"
    assert slug(act(ticket, "propose_remedy")) == "action-guarded", "a remedy follows from a cause"
    assert [one["pointer"] for one in act(ticket, "finding", text=None).json()["errors"]] == ["#/note"]
    go(ticket, "finding", "conclude")
    refund = act(ticket, "propose_remedy", remedy="refund", offer="99999 yuan").json()["errors"][0]
    assert (refund["pointer"], "request_compensation" in refund["detail"]) == ("#/details/remedy", True), "S1: money"
    go(ticket, "propose_remedy", "agree", "fulfil")
    refused = act(ticket, "feedback", apology="")
    assert [one["pointer"] for one in refused.json()["errors"]] == ["#/details/apology"]
    go(ticket, "feedback", "close")
    found = shown(staff, ticket)
    assert (found["state"], found["round"], found["cause"], found["remedy"]) == ("closed", 1, "part_fault", "exchange")


def test_complaints_exist_for_those_who_may_read_them(
    hub: RunningHub, staff: httpx.Client, make_key: MakeKey, complain: Complain, go: Go
) -> None:
    """C1: neither the list of tickets, nor one of them, nor the history of events leads around `complaint:read`."""
    ticket = complain()
    go(ticket, "classify")
    assert staff.get(f"/api/v1/tickets/{ticket}").status_code == 200
    with hub.client(make_key("store_system")) as erp:
        assert erp.get("/api/v1/events", params={"record": ticket}).raise_for_status().json()["items"] == []
    for role in ("technician", "store_system", "remote_engineer"):
        with hub.client(make_key(role)) as other:
            assert other.get("/api/v1/tickets", params={"kind": "complaint"}).json()["items"] == []
            for path in ("", "/timeline"):
                assert other.get(f"/api/v1/tickets/{ticket}{path}").status_code == 404
            act = {"action": "note", "note": "x"}
            assert other.post(f"/api/v1/tickets/{ticket}/actions", json=act).status_code == 404


def test_a_second_round_when_the_customer_is_not_content(
    staff: httpx.Client, complain: Complain, go: Go, act: Act
) -> None:
    """C2: investigated anew, with more urgency and care; the answer's clock begins again (T7)."""
    ticket = complain()
    go(ticket, *INVESTIGATED, *SETTLED)
    clocks = {one["clock"]: one["state"] for one in staff.get(f"/api/v1/tickets/{ticket}/deadlines").json()["clocks"]}
    assert clocks["answer"] == "met"
    go(ticket, "dispute")
    clocks = {one["clock"]: one["state"] for one in staff.get(f"/api/v1/tickets/{ticket}/deadlines").json()["clocks"]}
    assert (clocks["answer"], clocks["resolution"]) == ("running", "running")
    found = shown(staff, ticket)
    assert (found["state"], found["round"], found["grade"], found["urgency"]) == ("in_progress", 2, "major", "high")
    assert found["because"] == "the customer was not content with the first answer"
    assert slug(act(ticket, "propose_remedy")) == "action-guarded", "the first round's cause does not count"
    go(ticket, "finding", "conclude", *SETTLED, "close")


def test_what_is_said_of_an_offer_is_no_second_round(staff: httpx.Client, complain: Complain, go: Go) -> None:
    ticket = complain()
    go(ticket, *INVESTIGATED, "propose_remedy", "dispute")
    assert (shown(staff, ticket)["round"], shown(staff, ticket)["remedy"]) == (1, None)
    go(ticket, *SETTLED)


def test_danger_in_the_first_words_is_urgent_at_once(staff: httpx.Client, complain: Complain, go: Go, act: Act) -> None:
    """C1: safety first, before anybody has classified it, and whatever is said later."""
    ticket = complain("插座冒烟了")
    found = shown(staff, ticket)
    assert (found["urgency"], found["grade"], found["hazards"]) == ("critical", "major", ["smoke"])
    assert staff.get(f"/api/v1/tickets/{ticket}").json()["priority"] < 3
    go(ticket, "classify")
    assert shown(staff, ticket)["urgency"] == "critical"
    told = complain("It smells")
    act(told, "classify", hazards=["burn"], exposed=True).raise_for_status()
    assert shown(staff, told)["hazards"] == ["burn"]


def test_several_complaints_of_a_customer_make_the_next_urgent(staff: httpx.Client, complain: Complain, go: Go) -> None:
    """C1."""
    for _ in range(2):
        complain()
    third = complain()
    go(third, "classify")
    assert shown(staff, third)["urgency"] == "high"


def test_money_takes_three_persons(
    complain: Complain, go: Go, act: Act, staff: httpx.Client, supervisor: httpx.Client, counter: httpx.Client
) -> None:
    """S1: who requests a compensation, who grants and who pays it."""
    ticket = complain()
    go(ticket, *INVESTIGATED, "request_compensation")
    assert slug(act(ticket, "grant", counter)) == "forbidden"
    act(ticket, "grant", supervisor).raise_for_status()
    go(ticket, "agree")
    for client in (staff, supervisor):
        assert slug(act(ticket, "fulfil", client)) == "action-guarded", "who requested or granted it does not pay it"
    act(ticket, "fulfil", counter).raise_for_status()
    found = shown(staff, ticket)
    assert (found["compensation_minor"], found["currency"]) == (20_000, "CNY")
    assert len({found["requested_by"], found["granted_by"], found["paid_by"]}) == 3


@pytest.mark.parametrize("role", ["admin", "manager", "supervisor"])
def test_no_account_grants_what_it_requested(
    hub: RunningHub, make_key: MakeKey, complain: Complain, go: Go, act: Act, role: str
) -> None:
    """S1: an administrator's neither."""
    ticket = complain()
    go(ticket, *INVESTIGATED)
    with hub.client(make_key(role)) as leader:
        act(ticket, "request_compensation", leader).raise_for_status()
        assert slug(act(ticket, "grant", leader)) == "action-guarded"
        assert slug(act(ticket, "deny", leader)) == "action-guarded"


def test_a_denied_compensation_is_gone(
    staff: httpx.Client, supervisor: httpx.Client, complain: Complain, go: Go, act: Act
) -> None:
    ticket = complain()
    go(ticket, *INVESTIGATED, "request_compensation")
    act(ticket, "deny", supervisor).raise_for_status()
    assert (shown(staff, ticket)["compensation_minor"], shown(staff, ticket)["requested_by"]) == (0, None)
    go(ticket, *SETTLED)


def test_promised_times_are_tracked(
    staff: httpx.Client, database: Database, complain: Complain, go: Go, act: Act
) -> None:
    """C3: a promise is kept when the customer hears of it, and late ones are listed."""
    ticket = complain()
    go(ticket, *ACCEPTED)
    for hours in (1, 5):
        act(ticket, "promise", promised_at=(now() + timedelta(hours=hours)).isoformat()).raise_for_status()
    path = "/api/v1/complaints/late-promises"
    assert staff.get(path).json()["items"] == []
    with database.write() as session:
        an_hour_ago = now() - timedelta(hours=1)
        session.execute(update(ComplaintPromise).where(ComplaintPromise.id == 1).values(promised_at=an_hour_ago))
    (late,) = staff.get(path).json()["items"]
    assert (late["ticket"], late["kept_at"], late["late"]) == (ticket, None, True)
    go(ticket, "tell_progress")
    assert [one["late"] for one in shown(staff, ticket)["promises"]] == [True, False]
    (late,) = staff.get(path).json()["items"]
    assert late["kept_at"] is not None, "it was late all the same"


def test_customers_without_news_are_listed(staff: httpx.Client, database: Database, complain: Complain, go: Go) -> None:
    """C3."""
    silent, told = complain(), complain()
    go(silent, *ACCEPTED)
    go(told, *ACCEPTED)
    with database.write() as session:
        session.execute(update(Complaint).values(told_at=now() - timedelta(hours=25)))
    go(told, "tell_progress")
    listed = staff.get("/api/v1/complaints", params={"without_news": True}).json()["items"]
    assert [one["ticket"] for one in listed] == [silent]


def test_the_owner_and_the_cause_have_to_fit(
    complain: Complain, go: Go, act: Act, quality: httpx.Client, database: Database
) -> None:
    ticket = complain()
    refused = act(ticket, "name_owner", owner="U-999999")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/details/owner")
    with database.write() as session:
        fitter = users.create(
            session, command_line_actor(), login="wang.fang", name="王芳", role=Role.TECHNICIAN, password_hash="x"
        ).public_id
    refused = act(ticket, "name_owner", owner=fitter)
    assert "lacks the permission" in refused.json()["errors"][0]["detail"], "who may not see it is not responsible"
    improvement = {"cause": "part_fault", "measure": "Check fuses", "owner": fitter, "due": "2027-01-31"}
    refused = quality.post("/api/v1/complaints/improvements", json=improvement)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["#/owner"]
    go(ticket, *ACCEPTED, "finding")
    refused = act(ticket, "conclude", cause="moon")
    assert refused.json()["errors"][0]["pointer"] == "#/details/cause"
    assert "packaging" in refused.json()["errors"][0]["detail"]
    act(ticket, "change_owner", owner="U-000001", reason="holiday").raise_for_status()


def test_major_cases_are_reviewed_and_become_improvements(
    staff: httpx.Client, quality: httpx.Client, complain: Complain, go: Go, owner: str
) -> None:
    """C4: 复盘."""
    ticket, ordinary = complain("插座冒烟了"), complain()
    improvement = {"cause": "part_fault", "measure": "Check incoming fuses", "owner": owner, "due": "2120-01-31"}
    body = {"course": "…", "lessons": "…", "improvements": [improvement]}
    path = f"/api/v1/complaints/{ticket}/review"
    assert slug(quality.post(path, json=body)) == "case-not-to-review"
    for one in (ticket, ordinary):
        go(one, *INVESTIGATED, *SETTLED, "close")
    assert [one["ticket"] for one in quality.get("/api/v1/complaints/unreviewed").json()] == [ticket]
    assert staff.post(path, json=body).status_code == 403
    assert slug(quality.post(f"/api/v1/complaints/{ordinary}/review", json=body)) == "case-not-to-review"
    wrong = {**body, "improvements": [improvement, {**improvement, "owner": "U-9", "cause": "moon"}]}
    places = [f"#/improvements/1/{name}" for name in ("cause", "owner")]
    assert [one["pointer"] for one in quality.post(path, json=wrong).json()["errors"]] == places
    late = quality.post("/api/v1/complaints/improvements", json={**improvement, "due": "2020-01-01"})
    assert [one["pointer"] for one in late.json()["errors"]] == ["#/due"], "overdue at birth"
    reviewed = quality.post(path, json=body).raise_for_status().json()
    assert reviewed["review"]["lessons"] == "…"
    assert quality.get("/api/v1/complaints/unreviewed").json() == []
    assert slug(quality.post(path, json=body)) == "case-not-to-review"
    asked = {"source": "complaint", "cause": "part_fault", "open": True}
    (begun,) = quality.get("/api/v1/improvement-tasks", params=asked).json()["items"]
    assert (begun["ticket"], begun["plan"], begun["overdue"]) == (ticket, "Check incoming fuses", False)
    assert staff.get("/api/v1/improvement-tasks", params={"source": "survey"}).json()["items"] == []
    place = f"/api/v1/improvement-tasks/{begun['id']}/actions"
    staff.post(place, json={"action": "finish", "measure": "Every tenth fuse is measured"}).raise_for_status()
    done = quality.post(place, json={"action": "verify", "effect": "No faulty fuse since"}).raise_for_status().json()
    assert (done["state"], done["overdue"], done["effect"]) == ("verified", False, "No faulty fuse since")
    chain_wide = quality.post("/api/v1/complaints/improvements", json=improvement).raise_for_status().json()
    assert (chain_wide["ticket"], chain_wide["state"]) == (None, "open")
    place = f"/api/v1/improvement-tasks/{chain_wide['id']}/actions"
    started = quality.post(place, json={"action": "start"}, headers={"If-Match": f'"{chain_wide["version"]}"'})
    assert started.headers["ETag"] == f'"{started.raise_for_status().json()["version"]}"'
    stale = quality.post(place, json={"action": "assign", "owner": owner}, headers={"If-Match": '"1"'})
    assert (stale.status_code, slug(stale)) == (412, "stale-version")
    assert len(staff.get("/api/v1/improvement-tasks", params={"cause": "part_fault"}).json()["items"]) == 2


def test_the_responsible_person_does_not_review_the_own_case(database: Database, complain: Complain, go: Go) -> None:
    """S1."""
    ticket = complain("漏电")
    go(ticket, *INVESTIGATED, *SETTLED, "close")
    body = ReviewIn(course="…", lessons="…")
    with database.write() as session, pytest.raises(Problem, match="ask a colleague"):
        service.review(session, Actor("user", "U-000001", "n", Role.ADMIN), ticket, body)


def test_causes_are_analysed(
    quality: httpx.Client, supervisor: httpx.Client, counter: httpx.Client, database: Database, complain: Complain,
    go: Go, act: Act, owner: str,
) -> None:  # fmt: skip
    """C4: what came how often, how it went, and which causes nothing is done about."""
    for _ in range(2):
        go(complain(), *INVESTIGATED, *SETTLED, "close")
    ticket = complain()
    go(ticket, *ACCEPTED, "finding")
    act(ticket, "conclude", cause="packaging").raise_for_status()
    go(ticket, *SETTLED, "dispute")
    refused = act(ticket, "promise", promised_at="2020-01-01T00:00:00Z")
    assert refused.json()["errors"][0]["pointer"] == "#/details/promised_at"
    act(ticket, "promise", promised_at=(now() + timedelta(hours=1)).isoformat()).raise_for_status()
    with database.write() as session:
        session.execute(update(ComplaintPromise).values(promised_at=now() - timedelta(hours=1)))
    complain()
    path = "/api/v1/complaints/analysis"
    found = quality.get(path, headers={"Accept-Language": "zh"}).raise_for_status().json()
    assert (found["complaints"], found["promises"], found["promises_late"]) == (4, 1, 1)
    first, *rest = found["causes"]
    assert (first["cause"], first["name"], first["complaints"], first["archived"]) == (
        "part_fault",
        "配件质量问题",
        2,
        2,
    )
    second = next(one for one in rest if one["cause"] == "packaging")
    assert (second["second_rounds"], second["major"]) == (1, 1)
    assert found["without_improvement"] == ["part_fault"]
    body = {"cause": "part_fault", "measure": "Check fuses", "owner": owner, "due": "2027-01-31"}
    quality.post("/api/v1/complaints/improvements", json=body).raise_for_status()
    found = quality.get(path).json()
    assert (found["without_improvement"], found["causes"][0]["improvements_open"]) == ([], 1)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert quality.get(path, params={"since": tomorrow}).json()["complaints"] == 0
    with database.read() as session:
        assert verify_chain(session).broken_at is None


def test_a_paid_compensation_is_counted_and_stays_after_a_second_round(
    quality: httpx.Client, supervisor: httpx.Client, counter: httpx.Client, complain: Complain, go: Go, act: Act
) -> None:
    """C4: what complaints cost; the remedy of a second round does not take the place of what the first one paid."""
    ticket = complain()
    go(ticket, *INVESTIGATED, "request_compensation")
    act(ticket, "grant", supervisor).raise_for_status()
    go(ticket, "agree")
    act(ticket, "fulfil", counter).raise_for_status()
    go(ticket, "feedback", "dispute", *INVESTIGATED[-2:], "propose_remedy", "agree", "fulfil")
    (cause,) = quality.get("/api/v1/complaints/analysis").json()["causes"]
    assert (cause["complaints"], cause["paid_minor"]) == (1, {"CNY": 20_000})
    found = shown(quality, ticket)
    assert (found["remedy"], found["compensation_minor"]) == ("exchange", 0)
    (paid,) = found["payments"]
    assert (paid["round"], paid["amount_minor"], paid["currency"]) == (1, 20_000, "CNY")
    assert len({paid["requested_by"], paid["granted_by"], paid["paid_by"]}) == 3


def test_lists_take_as_many_statements_for_many_as_for_one(
    staff: httpx.Client, hub: RunningHub, complain: Complain, go: Go, owner: str
) -> None:
    mine = complain()
    go(mine, *ACCEPTED)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = hub.app.state.database.engine
    counts = []
    for _ in range(2):
        statements.clear()
        event.listen(engine, "before_cursor_execute", note)
        listed = staff.get("/api/v1/complaints").json()["items"]
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(statements))
        for _ in range(3):
            complain()
    assert counts[0] == counts[1] <= 6 and len(listed) == 4
    assert [one["ticket"] for one in staff.get("/api/v1/complaints", params={"owner": owner}).json()["items"]] == [mine]
    assert staff.get("/api/v1/complaints", params={"complaint_class": "logistics"}).json()["items"] == []
    assert staff.get("/api/v1/complaints", params={"open": False}).json()["items"] == []
    assert staff.get("/api/v1/complaints/T-000099").status_code == 404

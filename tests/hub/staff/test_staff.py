"""Staff records (H2, H3, H4): training, assessments, rewards and sanctions, and figures for management."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from desk_roster import OF_NO_STORE, Roster
from hub_running import RunningHub
from hypothesis import given
from hypothesis import strategies as st

from hub.aftercare.models import FollowUp
from hub.core.database import Database
from hub.dispatch import queries as dispatch
from hub.identity.actors import command_line_actor
from hub.repairs.models import Repair
from hub.staff.policy import Kind, Lesson, due_training, quarter, quarter_span, total
from hub.tickets import service as tickets

pytestmark = pytest.mark.any_database
STAFF = "/api/v1/staff"
JOINED = date(2026, 1, 10)
TODAY = datetime.now(UTC).date().isoformat()


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


class TestWhatIsDue:
    """H2, as a pure function."""

    def test_the_induction_is_due_within_a_month(self) -> None:
        (due,) = due_training(JOINED, [], date(2026, 2, 1))
        assert (due.kind, due.due_on, due.overdue) == (Kind.INDUCTION, date(2026, 2, 9), False)
        assert due_training(JOINED, [], date(2026, 2, 10))[0].overdue
        failed = Lesson(Kind.INDUCTION, JOINED, JOINED, False)
        assert due_training(JOINED, [failed], date(2026, 2, 1))[0].kind is Kind.INDUCTION
        assert due_training(JOINED, [Lesson(Kind.INDUCTION, JOINED, JOINED, True)], date(2026, 2, 1)) == []

    def test_each_quarter_after_wants_a_passed_lesson(self) -> None:
        inducted = Lesson(Kind.INDUCTION, JOINED, JOINED, True)
        planned = Lesson(Kind.QUARTERLY, date(2026, 5, 4), None, None)
        (due,) = due_training(JOINED, [inducted, planned], date(2026, 4, 1))
        assert (due.kind, due.due_on, due.planned_on) == (Kind.QUARTERLY, date(2026, 6, 30), date(2026, 5, 4))
        held = Lesson(Kind.QUARTERLY, date(2026, 5, 4), date(2026, 5, 4), True)
        assert due_training(JOINED, [inducted, held], date(2026, 6, 30)) == []
        assert [one.due_on for one in due_training(JOINED, [inducted, held], date(2026, 7, 1))] == [date(2026, 9, 30)]

    @given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
    def test_a_day_lies_in_its_quarter(self, day: date) -> None:
        first, last = quarter_span(quarter(day))
        assert first <= day <= last
        assert quarter(first - timedelta(days=1)) != quarter(day) != quarter(last + timedelta(days=1))


@pytest.fixture
def wang(admin: httpx.Client, database: Database) -> str:
    return Roster(admin, database).person("王芳", board_repair=2)


def test_a_lesson_is_planned_held_and_kept(admin: httpx.Client, wang: str) -> None:
    (due,) = [one for one in admin.get(f"{STAFF}/training-due").json() if one["person"] == wang]
    assert (due["kind"], due["planned_on"]) == ("induction", None)
    body = {
        "person": wang,
        "kind": "induction",
        "method": "mentoring",
        "content": "工位安全与静电防护",
        "hours": 2.5,
        "planned_on": TODAY,
    }
    lesson = admin.post(f"{STAFF}/trainings", json=body).raise_for_status().json()
    assert lesson["hours"] == 2.5
    result = {"held_on": TODAY, "passed": True, "score": 92}
    path = f"{STAFF}/trainings/{lesson['id']}/result"
    assert admin.post(path, json=result).raise_for_status().json()["score"] == 92
    assert slug(admin.post(path, json=result)) == (409, "training-held")
    assert [one for one in admin.get(f"{STAFF}/training-due").json() if one["person"] == wang] == []
    assert slug(admin.post(f"{STAFF}/trainings", json={**body, "person": "U-000099"})) == (422, "unknown-person")
    assert slug(admin.post(f"{STAFF}/trainings/L-000099/result", json=result)) == (404, "training-not-found")


def test_a_quarter_is_assessed_by_somebody_else(admin: httpx.Client, wang: str) -> None:
    body = {"theory": 80, "practice": 90, "customer_rating": 100}
    shown = admin.put(f"{STAFF}/{wang}/assessments/2026-Q4", json=body).raise_for_status().json()
    assert shown["total"] == total(80, 90, 100) == 90
    entry = {"kind": "reward", "on_day": "2026-11-30", "reason": "季度最佳一次修复率"}
    admin.post(f"{STAFF}/{wang}/file", json=entry).raise_for_status()
    kept = admin.get(f"{STAFF}/{wang}").json()
    assert [one["quarter"] for one in kept["assessments"]] == ["2026-Q4"]
    assert kept["file"][0]["reason"] == "季度最佳一次修复率"
    assert admin.put(f"{STAFF}/{wang}/assessments/2026-Q5", json=body).status_code == 422
    assert admin.put(f"{STAFF}/{wang}/assessments/2026-Q4", json={**body, "theory": 101}).status_code == 422


def test_nothing_is_recorded_of_days_to_come(admin: httpx.Client, wang: str) -> None:
    year = datetime.now(UTC).year + 2
    scores = {"theory": 80, "practice": 80, "customer_rating": 80}
    assert slug(admin.put(f"{STAFF}/{wang}/assessments/{year}-Q3", json=scores)) == (422, "invalid-request")
    entry = {"kind": "reward", "on_day": f"{year}-11-01", "reason": "x"}
    refused = admin.post(f"{STAFF}/{wang}/file", json=entry)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/on_day")


def test_people_see_their_own_file_and_write_nobodys(
    admin: httpx.Client, hub: RunningHub, wang: str, make_key: Callable[..., str]
) -> None:
    with hub.client() as stranger:
        answer = stranger.post("/api/v1/sessions", json={"login": "person-1", "password": "long enough 1"})
        token = answer.raise_for_status().json()["token"]
    with hub.client(token) as own:
        change = {"current": "long enough 1", "new": "quite another one 2"}
        own.put("/api/v1/me/password", json=change).raise_for_status()
        assert own.get(f"{STAFF}/{wang}").status_code == 200
        assert own.get(f"{STAFF}/figures").status_code == 403
        body = {"theory": 100, "practice": 100, "customer_rating": 100}
        assert own.put(f"{STAFF}/{wang}/assessments/2026-Q4", json=body).status_code == 403
    boss = admin.post(
        "/api/v1/users", json={"login": "boss", "name": "B", "role": "supervisor", "password": "long enough 1"}
    ).json()["id"]
    with hub.client() as stranger:
        answer = stranger.post("/api/v1/sessions", json={"login": "boss", "password": "long enough 1"})
    with hub.client(answer.json()["token"]) as own:
        own.put("/api/v1/me/password", json=change).raise_for_status()
        assert slug(own.put(f"{STAFF}/{boss}/assessments/2026-Q4", json=body)) == (403, "own-file")
        assert own.get(f"{STAFF}/{wang}").status_code == 200


def test_files_and_certificates_keep_to_the_stores_and_are_not_ones_own(
    admin: httpx.Client, hub: RunningHub, database: Database, make_key: Callable[..., str]
) -> None:
    """S1, S5, H1, H2: nobody certifies or trains themselves, and people of other stores are not there."""
    Roster(admin, database).stores("north", "south")
    made = {
        name: admin.post(
            "/api/v1/users",
            json={"login": name, "name": name, "role": role, "password": "long enough 1", "stores": [store]},
        ).json()["id"]
        for name, role, store in (
            ("boss", "supervisor", "north"),
            ("mine", "technician", "north"),
            ("far", "technician", "south"),
        )
    }
    lesson = {"kind": "induction", "method": "mentoring", "content": "x", "hours": 1, "planned_on": "2026-12-01"}
    result = {"held_on": TODAY, "passed": True}
    marks = {"theory": 1, "practice": 1, "customer_rating": 1}
    skill = {"level": 3}
    planned = {
        name: admin.post(f"{STAFF}/trainings", json={"person": made[name], **lesson}).raise_for_status().json()["id"]
        for name in made
    }
    for name in ("boss", "far"):
        admin.put(f"/api/v1/certificates/{made[name]}/board_repair", json=skill).raise_for_status()
    with hub.client() as stranger:
        answer = stranger.post("/api/v1/sessions", json={"login": "boss", "password": "long enough 1"})
    with hub.client(answer.json()["token"]) as boss:
        change = {"current": "long enough 1", "new": "quite another one 2"}
        boss.put("/api/v1/me/password", json=change).raise_for_status()

        def tried(person: str) -> list[tuple[int, str]]:
            number = made[person]
            certificate = f"/api/v1/certificates/{number}/board_repair"
            entry = {"kind": "reward", "on_day": "2026-11-30", "reason": "x"}
            return [
                slug(boss.put(certificate, json=skill)),
                slug(boss.delete(certificate)),
                slug(boss.put(f"{STAFF}/{number}/assessments/2026-Q4", json=marks)),
                slug(boss.post(f"{STAFF}/{number}/file", json=entry)),
                slug(boss.post(f"{STAFF}/trainings/{planned[person]}/result", json=result)),
                slug(boss.post(f"{STAFF}/trainings", json={"person": number, **lesson})),
            ]

        assert tried("boss") == [(403, "own-file")] * 6
        assert tried("far") == [
            (404, "user-not-found"),
            (404, "certificate-not-found"),
            (404, "user-not-found"),
            (404, "user-not-found"),
            (404, "training-not-found"),
            (422, "unknown-person"),
        ]
        assert slug(boss.get(f"{STAFF}/{made['far']}")) == (404, "user-not-found")
        assert boss.get(f"{STAFF}/{made['mine']}").status_code == 200
        boss.post(f"{STAFF}/trainings/{planned['mine']}/result", json=result).raise_for_status()
        boss.put(f"/api/v1/certificates/{made['mine']}/board_repair", json=skill).raise_for_status()
        own_store = {made["boss"], made["mine"]}
        assert {one["person"] for one in boss.get("/api/v1/certificates").json()} == own_store
        assert {one["person"] for one in boss.get(f"{STAFF}/figures").json()} == own_store
        assert {one["person"] for one in boss.get(f"{STAFF}/training-due").json()} <= own_store


def test_figures_of_workload_quality_and_attitude(admin: httpx.Client, database: Database, wang: str) -> None:
    roster = Roster(admin, database)
    roster.stores("north")
    roster.bench("bench-01")
    roster.shift("bench-01", wang)
    first, second = (
        admin.post("/api/v1/tickets", json={**OF_NO_STORE, "device": {"model": "M", "serial": f"SN-{n}"}}).json()["id"]
        for n in range(2)
    )
    admin.put(f"{STAFF}/{wang}/assessments/2026-Q4", json={"theory": 1, "practice": 1, "customer_rating": 88})
    with database.write() as session:
        for ticket, number, minutes in ((first, 1, 30), (first, 2, 50), (second, 1, None)):
            found = tickets.get(session, command_line_actor(), ticket)
            values: dict[str, Any] = {"repaired_by": "bench:bench-01", "repaired_by_name": "王芳"}
            at = datetime.now(UTC)
            session.add(Repair(ticket_id=found.id, number=number, repaired_at=at, minutes=minutes, **values))
        for ticket, attitude in ((first, 5), (second, 4)):
            found = tickets.get(session, command_line_actor(), ticket)
            scores = {"attitude": attitude, "speed": 3, "effectiveness": 5}
            session.add(FollowUp(ticket_id=found.id, policy_version=0, closed_at=at, answered_at=at, **scores))
        assert dispatch.person_loads(session) == {wang: 2}
    (mine,) = [one for one in admin.get(f"{STAFF}/figures").json() if one["person"] == wang]
    assert (mine["dispatched"], mine["on_bench_now"], mine["closed"]) == (2, 2, 0)
    assert (mine["repairs"], mine["reworks"], mine["mean_minutes"]) == (3, 1, 40)
    assert mine["rework_rate"] == pytest.approx(1 / 3)
    assert (mine["survey_answers"], mine["attitude"], mine["effectiveness"]) == (2, 4.5, 5)
    assert (mine["customer_rating"], mine["rewards"], mine["sanctions"]) == (88, 0, 0)

"""Tickets over HTTP: what callers may do, and how they are told when they may not."""

import httpx
import pytest
from hub_running import MakeKey, RunningHub

from hub.core.database import Database
from hub.fleet import service as fleet
from hub.tickets.models import Ticket

NEW = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
}


@pytest.fixture(autouse=True)
def _bench(database: Database) -> None:
    with database.write() as session:
        fleet.register(session, "bench-01")
        fleet.register(session, "bench-02")


def create(client: httpx.Client, **changes: object) -> str:
    ticket: str = client.post("/api/v1/tickets", json={**NEW, **changes}).raise_for_status().json()["id"]
    return ticket


def assign(client: httpx.Client, ticket: str, bench: str = "bench-01") -> httpx.Response:
    return client.put(f"/api/v1/tickets/{ticket}/assignment", json={"bench": bench})


def test_a_created_ticket_can_be_read_back(staff: httpx.Client) -> None:
    contact = {"name": "李雷", "phone": "+86 138 0000 0000", "email": None}
    answer = staff.post("/api/v1/tickets", json={**NEW, "contact": contact, "priority": 2})
    assert answer.status_code == 201
    shown = staff.get(answer.headers["location"]).json()
    assert shown["contact"] == contact
    assert (shown["state"], shown["priority"], shown["version"]) == ("new", 2, 1)
    assert [action["action"] for action in shown["actions"]] == [
        *(
            "ask_review",
            "assign",
            "send",
            "cancel",
            "schedule",
            "reschedule",
            "call_off",
            "preapprove",
            "prioritise",
            "rejudge",
            "amend",
            "merge",
            "note",
        ),
    ]
    assert "李雷" not in str(shown["timeline"]), "events outlive the erasure of personal data"


def test_every_mistake_is_named_with_its_place_in_both_languages(staff: httpx.Client) -> None:
    body = {"device": {"model": "", "serial": "S", "colour": "red"}, "priority": 12}
    english = staff.post("/api/v1/tickets", json=body)
    chinese = staff.post("/api/v1/tickets", json=body, headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.1"})
    assert english.status_code == chinese.status_code == 422
    assert english.headers["content-type"] == "application/problem+json"
    assert (english.headers["content-language"], chinese.headers["content-language"]) == ("en", "zh-CN")
    places = ["#/device/model", "#/device/colour", "#/priority"]
    assert sorted(error["pointer"] for error in english.json()["errors"]) == sorted(places)
    found = {error["pointer"]: error["detail"] for error in chinese.json()["errors"]}
    assert found == {
        "#/device/model": "至少 1 个字符",
        "#/device/colour": "未知字段，请删除",
        "#/priority": "应不大于 9",
    }
    assert chinese.json()["title"] == "请求无效"


BAD_REQUESTS: list[tuple[str, str, bytes, int, str]] = [
    ("POST", "/api/v1/tickets", b"{not json", 400, "malformed-body"),
    ("POST", "/api/v1/tickets", b"[" * 100_000, 400, "malformed-body"),
    ("POST", "/api/v1/tickets", b"\xff\xfe", 400, "malformed-body"),
    ("POST", "/api/v1/tickets", b"x" * 2_000_000, 413, "request-too-large"),
    ("GET", "/api/v1/tickets/T-000099", b"", 404, "ticket-not-found"),
    ("GET", "/api/v1/tickets/T-99999999999999999999", b"", 404, "ticket-not-found"),
    ("GET", "/api/v1/tickets/%27%20OR%201=1", b"", 404, "ticket-not-found"),
    ("GET", "/api/v1/tickets?cursor=bm9uc2Vuc2U", b"", 422, "bad-cursor"),
    ("GET", "/api/v1/tickets?cursor=WzEsMl0", b"", 422, "bad-cursor"),
    ("GET", "/api/v1/tickets?limit=0", b"", 422, "invalid-request"),
    ("GET", "/api/v1/tickets?state=lost", b"", 422, "invalid-request"),
    ("GET", "/api/v1/nothing", b"", 404, "no-such-path"),
    ("DELETE", "/api/v1/tickets", b"", 405, "method-not-allowed"),
    ("GET", "/api/v1/measurements?since=yesterday", b"", 422, "invalid-request"),
    ("GET", "/api/v1/measurements?since=2026-01-01T00:00:00", b"", 422, "invalid-request"),
    ("GET", "/api/v1/runs/R-000001", b"", 404, "run-not-found"),
    ("GET", "/api/v1/benches/bench-99", b"", 404, "bench-not-found"),
]


def test_bad_requests_are_problems(staff: httpx.Client) -> None:
    for method, path, content, status, slug in BAD_REQUESTS:
        answer = staff.request(method, path, content=content, headers={"Content-Type": "application/json"})
        case = (method, path, answer.text[:500])
        assert answer.status_code == status, case
        assert answer.headers["content-type"] == "application/problem+json", case
        problem = answer.json()
        assert problem["type"] == f"urn:benchwright:problem:{slug}", case
        assert problem["status"] == status, case
        assert problem["detail"], case


def test_a_body_that_is_not_called_json_is_told_how_to_be(staff: httpx.Client) -> None:
    """curl sends a form where nobody says otherwise."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "zh-CN"}
    answer = staff.post("/api/v1/tickets", content=b'{"kind": "repair"}', headers=headers)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "#")
    assert error["detail"] == "请求内容应为 JSON，并带有请求头 Content-Type: application/json"


def test_a_body_without_announced_length_is_bounded_too(staff: httpx.Client) -> None:
    answer = staff.post("/api/v1/tickets", content=(b"x" * 65_536 for _ in range(100)))
    assert answer.status_code == 413


def test_every_endpoint_but_health_and_login_needs_a_key(
    hub: RunningHub, make_key: MakeKey, admin: httpx.Client
) -> None:
    document = admin.get("/openapi.json").json()
    tried = 0
    with hub.client() as stranger:
        for path, operations in document["paths"].items():
            if (
                path in {"/healthz", "/readyz"}
                or path == "/api/v1/sessions"
                or path.startswith("/api/v1/sessions/oidc")
            ):
                continue
            for method in operations:
                place = path.replace("{sha256}", "0" * 64)
                for header in (None, "Bearer bw_000000000000_" + "A" * 43):
                    answer = stranger.request(method, place, headers={"Authorization": header} if header else {})
                    assert answer.status_code == 401, (method, path, header)
                    assert answer.headers["www-authenticate"].startswith("Bearer")
                    tried += 1
    assert tried >= 15 * 2


def test_a_revoked_key_opens_nothing(hub: RunningHub, make_key: MakeKey, database: Database) -> None:
    from hub.identity.actors import command_line_actor
    from hub.identity.service import revoke_key

    token = make_key("staff")
    with hub.client(token) as client:
        assert client.get("/api/v1/tickets").status_code == 200
        with database.write() as session:
            revoke_key(session, command_line_actor(), token.split("_")[1])
        assert client.get("/api/v1/tickets").status_code == 401


def test_what_a_caller_may_not_see_does_not_exist(hub: RunningHub, staff: httpx.Client, make_key: MakeKey) -> None:
    """404 before 403: a bench learns nothing of others' tickets, and may not assign its own."""
    mine, other = create(staff), create(staff)
    assign(staff, mine, "bench-01").raise_for_status()
    assign(staff, other, "bench-02").raise_for_status()
    with hub.client(make_key("bench", bench="bench-01")) as bench:
        assert [ticket["id"] for ticket in bench.get("/api/v1/tickets").json()["items"]] == [mine]
        assert bench.get(f"/api/v1/tickets/{mine}").json()["contact"] is None, "a bench needs no personal data"
        assert bench.get(f"/api/v1/tickets/{other}").status_code == 404
        assert assign(bench, other).status_code == 404
        assert assign(bench, "T-000099").status_code == 404
        assert assign(bench, mine).status_code == 403
        assert bench.post(f"/api/v1/tickets/{other}/actions", json={"action": "taken"}).status_code == 404
        assert bench.get("/api/v1/measurements").status_code == 403
    with hub.client(make_key("store_system")) as store:
        assert store.post(f"/api/v1/tickets/{mine}/actions", json={"action": "taken"}).status_code == 403
        assert store.get("/api/v1/dead-letters").status_code == 403
        jumps = store.post("/api/v1/tickets", json={**NEW, "priority": 0})
        assert (jumps.status_code, "ticket:assign" in jumps.json()["detail"]) == (403, True), (
            "T5: nobody jumps the queue"
        )


def test_the_list_is_filtered_by_what_a_store_system_asks(staff: httpx.Client, database: Database) -> None:
    """T6, E5: by customer, store, fault, channel and priority, and by when a ticket came or changed, in that order."""
    first = create(staff, channel="web", priority=2, fault="no_power")
    other = create(staff, contact={"name": "韩梅梅", "phone": "13900000009"})
    customer = staff.get(f"/api/v1/tickets/{first}").json()["customer"]
    with database.write() as session:
        session.get_one(Ticket, 1).store = "north"

    def found(**asked: object) -> list[str]:
        answer = staff.get("/api/v1/tickets", params=asked).raise_for_status()  # type: ignore[arg-type]
        return [one["id"] for one in answer.json()["items"]]

    for asked in (
        {"channel": "web"},
        {"priority": 2},
        {"fault": "no_power"},
        {"customer": customer},
        {"store": "north"},
    ):
        assert found(**asked) == [first], asked
    assert found(channel="phone") == found(customer="C-000099") == found(channel="web", priority=3) == []
    changed = staff.get(f"/api/v1/tickets/{other}").json()["updated_at"]
    staff.post(f"/api/v1/tickets/{first}/actions", json={"action": "note", "note": "x"}).raise_for_status()
    assert found() == [other, first]
    assert found(updated_since=changed) == [first, other], "what changed last comes first"
    assert found(updated_until=changed) == []
    assert found(created_since=changed) == [other] and found(created_until=changed) == [first]
    page = staff.get("/api/v1/tickets", params={"updated_since": changed, "limit": 1}).json()
    assert found(updated_since=changed, limit=1, cursor=page["next"]) == [other]
    foreign = staff.get("/api/v1/tickets", params={"limit": 1, "cursor": page["next"]})
    assert foreign.json()["type"].endswith("bad-cursor")


def test_whose_a_ticket_is_stays_hidden_from_whom_it_is_hidden(hub: RunningHub, make_key: MakeKey) -> None:
    """M1: who sees no contacts does not find them out by asking."""
    with hub.client(make_key("technician")) as technician:
        refused = technician.get("/api/v1/tickets", params={"customer": "C-000001"})
        assert (refused.status_code, "contact:read" in refused.json()["detail"]) == (403, True)
        wrong = technician.get("/api/v1/tickets?customer=7", headers={"Accept-Language": "zh-CN"}).json()
        assert wrong["errors"] == [{"query": "customer", "detail": "应为客户编号，例如 C-000007"}]


def test_an_action_out_of_place_says_what_is_possible(staff: httpx.Client) -> None:
    ticket = create(staff)
    answer = staff.post(f"/api/v1/tickets/{ticket}/actions", json={"action": "close"})
    assert answer.status_code == 409
    assert answer.json()["detail"].endswith(
        "possible: ask_review, assign, send, cancel, schedule, "
        "reschedule, call_off, preapprove, prioritise, rejudge, amend, merge, note."
    )
    assert assign(staff, ticket, "bench-99").json()["type"].endswith("bench-not-found")
    assert staff.get(f"/api/v1/tickets/{ticket}").json()["version"] == 1


def test_a_repair_without_a_passing_test_is_not_handed_over(staff: httpx.Client) -> None:
    """D6."""
    ticket = create(staff)
    assign(staff, ticket).raise_for_status()
    agreed = {"limit_minor": 0, "how": "in_person", "said_by": "李雷"}
    for action, details in (("preapprove", agreed), ("taken", {}), ("repaired", {"parts": ["C5"]})):
        body = {"action": action, "details": details}
        staff.post(f"/api/v1/tickets/{ticket}/actions", json=body).raise_for_status()
    answer = staff.post(
        f"/api/v1/tickets/{ticket}/actions", json={"action": "handed_over"}, headers={"Accept-Language": "zh"}
    )
    assert answer.status_code == 409
    assert "检测" in answer.json()["detail"]


def test_pages_neither_repeat_nor_hide_rows_while_others_arrive(staff: httpx.Client) -> None:
    made = [create(staff, device={"model": "SP-100", "serial": f"SN-{n}"}) for n in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        page = staff.get("/api/v1/tickets", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [ticket["id"] for ticket in page["items"]]
        create(staff)
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_filters_restrict(staff: httpx.Client) -> None:
    one = create(staff, device={"model": "SP-100", "serial": "A"})
    two = create(staff, device={"model": "SP-200", "serial": "B"})
    assign(staff, two).raise_for_status()

    def found(**parameters: object) -> list[str]:
        items = staff.get("/api/v1/tickets", params=parameters).raise_for_status().json()["items"]  # type: ignore[arg-type]
        return [ticket["id"] for ticket in items]

    assert found(serial="A") == [one]
    assert found(model="SP-200") == [two]
    assert found(bench="bench-01") == [two]
    assert found(state=["new", "closed"]) == [one]
    assert found(state=["new", "assigned"]) == [two, one]
    assert found(serial="nobody's") == []


def test_concurrent_writers_all_succeed_and_the_chain_holds(
    hub: RunningHub, make_key: MakeKey, database: Database
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from hub.events.service import verify_chain

    token = make_key("staff")

    def work(number: int) -> list[str]:
        with hub.client(token) as client:
            return [create(client, symptom=f"{number}") for _ in range(3)]

    with ThreadPoolExecutor(60) as pool:
        made = [ticket for part in pool.map(work, range(60)) for ticket in part]
    assert len(set(made)) == 180
    with database.read() as session:
        report = verify_chain(session)
    assert report.broken_at is None
    assert report.events == 182, "one bench, one customer, 180 tickets"


def test_health_needs_no_key(hub: RunningHub) -> None:
    with hub.client() as stranger:
        assert stranger.get("/healthz").json() == {"status": "ok"}
        assert stranger.get("/readyz").json() == {"ready": True, "database": True, "commands": None, "ingest": []}


def test_a_change_against_an_older_version_is_refused(staff: httpx.Client) -> None:
    place = f"/api/v1/tickets/{staff.post('/api/v1/tickets', json=NEW).raise_for_status().json()['id']}"
    seen = staff.get(place).headers["etag"]
    first = staff.post(f"{place}/actions", json={"action": "note", "note": "a"}, headers={"If-Match": seen})
    assert first.status_code == 200 and first.headers["etag"] != seen
    for call in (
        lambda: staff.post(f"{place}/actions", json={"action": "note", "note": "b"}, headers={"If-Match": seen}),
        lambda: staff.patch(f"{place}/intake", json={"symptom": "c"}, headers={"If-Match": seen}),
    ):
        late = call()
        assert (late.status_code, late.headers["etag"]) == (412, first.headers["etag"])
        assert late.json()["type"].endswith(":stale-version")
    assert staff.patch(f"{place}/intake", json={"symptom": "d"}, headers={"If-Match": first.headers["etag"]}).is_success

"""Role by permission, over HTTP: the table is what happens. 404 comes before 403, and no endpoint forgets to ask."""

import re

import httpx
import pytest
from hub_running import MakeKey, RunningHub

from hub.core.database import Database
from hub.fleet import service as fleet
from hub.identity.permissions import Permission, Role, may

P = Permission

NEW = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": {"name": "Li Lei", "phone": "+86 138 0000 0000"},
}
USER = {"name": "N", "role": "technician", "password": "long enough 1"}
SHA = "0" * 64
ARTICLE = {"product_line": "plug", "edition": {"texts": {"en": {"title": "t", "body": "b"}}}}

ENDPOINTS: list[tuple[str, str, object, P]] = [
    ("GET", "/tickets", None, P.TICKET_READ),
    ("POST", "/tickets", NEW, P.TICKET_CREATE),
    ("GET", "/tickets/{ticket}", None, P.TICKET_READ),
    ("GET", "/tickets/{ticket}/timeline", None, P.TICKET_READ),
    ("GET", "/tickets/{ticket}/deadlines", None, P.TICKET_READ),
    ("GET", "/tickets/{ticket}/repair-plans", None, P.TICKET_READ),
    ("GET", "/tickets/{ticket}/repairs", None, P.TICKET_READ),
    ("POST", "/tickets/{ticket}/customer-link", {}, P.CONTACT_READ),
    ("GET", "/tickets/{ticket}/customer-links", None, P.CONTACT_READ),
    ("DELETE", "/tickets/{ticket}/customer-links", None, P.CONTACT_READ),
    ("GET", "/tickets/{ticket}/slip.pdf", None, P.CONTACT_READ),
    ("GET", "/tickets/{ticket}/report.pdf", None, P.CONTACT_READ),
    ("GET", "/tickets/{ticket}/follow-up", None, P.AFTERCARE_READ),
    ("POST", "/tickets/{ticket}/callback", {"reached": False}, P.AFTERCARE_WORK),
    ("GET", "/tickets/{ticket}/warranty", None, P.TICKET_READ),
    ("GET", "/callbacks", None, P.AFTERCARE_READ),
    ("GET", "/improvement-tasks", None, P.AFTERCARE_READ),
    ("GET", "/repeat-repairs", None, P.AFTERCARE_READ),
    ("GET", "/aftercare-policy", None, P.POLICY_READ),
    ("GET", "/repair-warranty-policy", None, P.POLICY_READ),
    ("GET", "/fault-taxonomy", None, P.POLICY_READ),
    ("GET", "/fault-taxonomy/versions", None, P.POLICY_READ),
    ("GET", "/functional-test-rules", None, P.POLICY_READ),
    ("PUT", "/tickets/{new}/assignment", {"bench": "bench-01"}, P.TICKET_ASSIGN),
    ("POST", "/tickets/{ticket}/actions", {"action": "note", "note": "x"}, P.TICKET_NOTE),
    ("POST", "/tickets/{ticket}/actions", {"action": "taken"}, P.TICKET_WORK),
    ("POST", "/tickets/{new}/actions", {"action": "cancel"}, P.TICKET_CANCEL),
    ("GET", "/runs", None, P.MEASUREMENT_READ),
    ("GET", "/runs/R-000001", None, P.MEASUREMENT_READ),
    ("GET", "/steps", None, P.MEASUREMENT_READ),
    ("GET", "/measurements", None, P.MEASUREMENT_READ),
    ("GET", "/measurements.csv", None, P.MEASUREMENT_READ),
    ("GET", f"/captures/{SHA}", None, P.CAPTURE_READ),
    ("GET", "/benches", None, P.BENCH_READ),
    ("GET", "/benches/bench-01", None, P.BENCH_READ),
    ("GET", "/benches/bench-01/spools", None, P.BENCH_READ),
    ("POST", "/benches/bench-01/commands", {"action": {"type": "describe"}}, P.BENCH_COMMAND),
    ("GET", "/refused-records", None, P.INGEST_INSPECT),
    ("GET", "/dead-letters", None, P.INGEST_INSPECT),
    ("GET", "/calendars", None, P.POLICY_READ),
    ("GET", "/calendars/standard", None, P.POLICY_READ),
    ("GET", "/sla-policies", None, P.POLICY_READ),
    ("GET", "/sla-policies/standard", None, P.POLICY_READ),
    ("GET", "/sla-policies/standard/versions", None, P.POLICY_READ),
    ("GET", "/tickets/{ticket}/dispatch", None, P.ROSTER_READ),
    ("GET", "/tickets/{ticket}/dispatch/proposal", None, P.ROSTER_READ),
    ("POST", "/tickets/{new}/dispatch", None, P.TICKET_ASSIGN),
    ("GET", "/dispatch/queue", None, P.ROSTER_READ),
    ("POST", "/dispatch/retry", None, P.TICKET_ASSIGN),
    ("GET", "/tickets/{ticket}/appointment-slots", None, P.APPOINTMENT_BOOK),
    ("GET", "/tickets/{ticket}/appointments", None, P.TICKET_READ),
    ("GET", "/appointments", None, P.TICKET_READ),
    ("GET", "/consultations", None, P.TICKET_READ),
    ("GET", "/consultations/figures", None, P.TICKET_READ),
    ("GET", "/exports/customers", None, P.CUSTOMER_EXPORT),
    ("GET", "/exports/devices", None, P.DEVICE_READ),
    ("GET", "/imports/tickets/template", None, P.TICKET_CREATE),
    ("GET", "/staff/figures", None, P.STAFF_READ),
    ("GET", "/staff/training-due", None, P.STAFF_READ),
    ("GET", "/staff/{user}", None, P.STAFF_READ),
    ("POST", "/staff/{user}/file", {"kind": "reward", "on_day": "2026-01-01", "reason": "x"}, P.STAFF_WRITE),
    ("GET", "/customers", None, P.CUSTOMER_READ),
    ("POST", "/customers", {"name": "n", "emails": ["n@example.com"]}, P.CUSTOMER_WRITE),
    ("GET", "/devices", None, P.DEVICE_READ),
    ("POST", "/devices", {"model": "m", "serial": "s-{n}"}, P.DEVICE_WRITE),
    ("GET", "/devices/installed-base", None, P.DEVICE_READ),
    ("GET", "/devices/inspections-due", None, P.DEVICE_READ),
    ("GET", "/backlog", None, P.ROSTER_READ),
    ("GET", "/tickets/{ticket}/transfers", None, P.TICKET_READ),
    ("POST", "/tickets/{new}/transfer", {"to_store": "north", "reason": "x"}, P.TICKET_ASSIGN),
    ("GET", "/workplaces", None, P.ROSTER_READ),
    ("PUT", "/workplaces/bench-01", {"capacity": 1, "skill_group": "none"}, P.ROSTER_WRITE),
    ("GET", "/workplaces/bench-01", None, P.ROSTER_READ),
    ("GET", "/certificates", None, P.ROSTER_READ),
    ("PUT", "/certificates/{user}/soldering", {"level": 1}, P.ROSTER_WRITE),
    ("GET", "/shifts", None, P.ROSTER_READ),
    ("GET", "/dispatch-policy", None, P.POLICY_READ),
    ("GET", "/dispatch-policy/versions", None, P.POLICY_READ),
    ("GET", "/intake-policy", None, P.POLICY_READ),
    ("GET", "/tiers-policy", None, P.POLICY_READ),
    ("GET", "/analysis/tickets", None, P.ANALYSIS_READ),
    ("GET", "/analysis/tickets.csv", None, P.ANALYSIS_READ),
    ("GET", "/analysis/report", None, P.ANALYSIS_READ),
    ("GET", "/complaints", None, P.COMPLAINT_READ),
    ("GET", "/complaints/late-promises", None, P.COMPLAINT_READ),
    ("GET", "/complaints/unreviewed", None, P.COMPLAINT_READ),
    ("GET", "/complaints/analysis", None, P.COMPLAINT_READ),
    (
        "POST",
        "/complaints/improvements",
        {"cause": "carrier", "measure": "m", "owner": "U-000001", "due": "2027-01-01"},
        P.COMPLAINT_REVIEW,
    ),
    ("GET", "/complaint-policy", None, P.POLICY_READ),
    ("GET", "/knowledge/articles", None, P.KNOWLEDGE_READ),
    ("POST", "/knowledge/articles", ARTICLE, P.KNOWLEDGE_WRITE),
    ("GET", "/knowledge/search?q=fuse", None, P.KNOWLEDGE_READ),
    ("GET", "/knowledge/review-queue", None, P.KNOWLEDGE_READ),
    ("GET", "/knowledge/verified-fixes", None, P.KNOWLEDGE_WRITE),
    ("GET", "/stores", None, P.STORE_READ),
    ("POST", "/stores", {"code": "s-{n}", "name": "店"}, P.STORE_WRITE),
    ("GET", "/stores/north", None, P.STORE_READ),
    ("PATCH", "/stores/north", {"name": "北店"}, P.STORE_WRITE),
    ("GET", "/users", None, P.USER_READ),
    ("POST", "/users", USER | {"login": "user-{n}"}, P.USER_WRITE),
    ("GET", "/users/{user}", None, P.USER_READ),
    ("PATCH", "/users/{user}", {"name": "M"}, P.USER_WRITE),
    ("PUT", "/users/{user}/password", {"password": "long enough 2"}, P.USER_WRITE),
    ("GET", "/keys", None, P.KEY_READ),
    ("POST", "/keys", {"name": "k", "role": "staff"}, P.KEY_WRITE),
    ("DELETE", "/keys/{key}", None, P.KEY_WRITE),
    ("GET", "/notifications", None, P.NOTIFICATION_READ),
    ("GET", "/customers/C-000001/contact-preference", None, P.CUSTOMER_READ),
    ("PUT", "/customers/C-000001/contact-preference", {"language": "en"}, P.CUSTOMER_WRITE),
    ("GET", "/notification-rules", None, P.POLICY_READ),
    ("GET", "/escalations", None, P.ESCALATION_READ),
    ("POST", "/tickets/{ticket}/escalations", {"level": "expert", "reason": "r"}, P.ESCALATION_RAISE),
    ("GET", "/major-incidents", None, P.ESCALATION_READ),
    ("POST", "/tickets/{ticket}/major-incident", {"reason": "r"}, P.INCIDENT_MANAGE),
    ("GET", "/webhook-endpoints", None, P.WEBHOOK_READ),
    ("POST", "/webhook-endpoints", {"url": "https://example.com/h", "events": ["*"]}, P.WEBHOOK_WRITE),
    ("GET", "/events", None, P.EVENT_READ),
    ("GET", "/audit/head", None, P.AUDIT_READ),
    ("POST", "/audit/verifications", {"limit": 1}, P.AUDIT_READ),
    ("GET", "/jobs", None, P.JOB_READ),
    ("POST", "/jobs/housekeeping/runs", None, P.JOB_RUN),
]


@pytest.mark.any_database
@pytest.mark.usefixtures("two_stores")
def test_every_role_and_endpoint(
    hub: RunningHub, admin: httpx.Client, make_key: MakeKey, make_user: MakeKey, database: Database
) -> None:
    with database.write() as session:
        fleet.register(session, "bench-01")
    user = make_user("li.lei", "senior_technician")

    unused: dict[bool, str] = {}

    def ticket(*, assigned: bool) -> str:
        """Return a ticket on which no action has been taken, the same until one was."""
        if assigned not in unused:
            number: str = admin.post("/api/v1/tickets", json=NEW).raise_for_status().json()["id"]
            if assigned:
                bench = {"bench": "bench-01"}
                admin.put(f"/api/v1/tickets/{number}/assignment", json=bench).raise_for_status()
            unused[assigned] = number
        return unused[assigned]

    tried = 0
    for role in Role:
        with hub.client(make_key(role, bench="bench-01" if role is Role.BENCH else None)) as client:
            for method, template, body, permission in ENDPOINTS:
                tried += 1
                place = template
                if "{ticket}" in place or "{new}" in place:
                    place = re.sub(r"\{\w+\}", ticket(assigned="{ticket}" in place), place)
                place = place.replace("{user}", user)
                if "{key}" in place:
                    place = place.replace("{key}", make_key("staff").split("_")[1])
                sent = (
                    {k: v.format(n=tried) if isinstance(v, str) else v for k, v in body.items()}
                    if isinstance(body, dict)
                    else None
                )
                answer = client.request(method, f"/api/v1{place}", json=sent)
                case = (role, method, place, answer.text[:200])
                assert answer.status_code not in {401, 422, 500}, case
                if may(role, permission):
                    assert answer.status_code != 403, case
                    if method != "GET":
                        unused.clear()
                elif "{new}" in template and role is Role.BENCH:
                    assert answer.status_code == 404, case
                else:
                    assert answer.status_code == 403, case
    assert tried == len(Role) * len(ENDPOINTS)


@pytest.mark.any_database
def test_no_endpoint_forgets_to_ask(hub: RunningHub, admin: httpx.Client) -> None:
    """A key whose only scope belongs to nothing else is refused everywhere, at endpoints that are yet to come too."""
    body = {"name": "narrow", "role": "admin", "scopes": [P.METRICS_READ]}
    token = admin.post("/api/v1/keys", json=body).raise_for_status().json()["token"]
    own = {("get", "/api/v1/me"), ("put", "/api/v1/me/password"), ("delete", "/api/v1/sessions/current")}
    with hub.client(token) as client:
        for path, operations in admin.get("/openapi.json").json()["paths"].items():
            for method in operations.keys() - {"parameters"}:
                if path in {"/healthz", "/readyz", "/metrics"} or (method, path) in own:
                    continue
                if path.startswith("/api/v1/sessions"):  # where one becomes a caller
                    continue
                place = path.replace("{sha256}", SHA).replace("{version}", "1")
                answer = client.request(method, re.sub(r"\{\w+\}", "x", place), json={})
                assert answer.status_code in {403, 404, 422}, (method, path, answer.text[:200])
                if method == "get":
                    assert answer.status_code in {403, 404}, (method, path)


def test_an_unknown_record_is_not_found_before_it_is_forbidden(hub: RunningHub, make_key: MakeKey) -> None:
    with hub.client(make_key("store_system")) as client:
        for method, place in (
            ("PUT", "/tickets/T-000099/assignment"),
            ("POST", "/tickets/T-000099/actions"),
            ("GET", "/stores/nowhere"),
            ("PATCH", "/stores/nowhere"),
            ("GET", "/users/U-000099"),
            ("PATCH", "/users/U-000099"),
            ("DELETE", "/keys/0123456789ab"),
        ):
            body = {"bench": "b"} if place.endswith("assignment") else {"action": "x"} if "actions" in place else {}
            answer = client.request(method, f"/api/v1{place}", json=body)
            assert answer.status_code == 404, (method, place, answer.text)

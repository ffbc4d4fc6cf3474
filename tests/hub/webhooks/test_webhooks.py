"""Events pushed to a real HTTP server, verified with the library of Standard Webhooks."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hub_running import RunningHub
from loopback import Gateway
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError
from waiting import wait_until

from hub.core.clock import now
from hub.core.database import Database
from hub.core.settings import Settings
from hub.events import service as events
from hub.identity.actors import command_line_actor
from hub.identity.models import User
from hub.identity.permissions import Role
from hub.identity.service import create_key
from hub.jobs.job import ACTOR, JobRun
from hub.jobs.scheduler import Scheduler
from hub.stores import service as stores
from hub.stores.schemas import NewStore
from hub.webhooks import queries, service
from hub.webhooks.models import WebhookAttempt, WebhookEndpoint
from hub.webhooks.sending import send_webhooks

PATH = "/api/v1/webhook-endpoints"
NEW: dict[str, Any] = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_allow_private": True})


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        yield server


class Work:
    """The two jobs, run by hand."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings

    def plan(self) -> int:
        with self.database.write() as session:
            return service.plan(session, now())

    def send(self, later: timedelta = timedelta()) -> str:
        return str(send_webhooks(JobRun(self.database, self.settings, at=now() + later)))


@pytest.fixture
def work(database: Database, settings: Settings) -> Work:
    return Work(database, settings)


def register(client: httpx.Client, gateway: Gateway, *patterns: str, **more: Any) -> dict[str, Any]:
    body = {"url": f"http://127.0.0.1:{gateway.port}/hook", "events": list(patterns or ["ticket.*"])} | more
    made: dict[str, Any] = client.post(PATH, json=body).raise_for_status().json()
    return made


def create(client: httpx.Client, **changes: Any) -> str:
    ticket: str = client.post("/api/v1/tickets", json=NEW | changes).raise_for_status().json()["id"]
    return ticket


def test_an_event_arrives_signed_within_seconds_and_without_personal_data(
    admin: httpx.Client, database: Database, settings: Settings, gateway: Gateway
) -> None:
    made = register(admin, gateway)
    scheduler = Scheduler(database, settings)
    scheduler.start()
    ticket = create(admin)
    wait_until(lambda: gateway.requests, "the webhook", 10)
    scheduler.stop()
    _, headers, body = gateway.requests[0]
    message = Webhook(made["secret"]).verify(body, headers)
    assert (message["type"], message["data"]["record"]) == ("ticket.created", {"type": "ticket", "id": ticket})
    assert headers["webhook-id"] == f"evt_{message['data']['id']}"
    assert "李雷" not in body.decode() and "138" not in str(message["data"]["payload"])
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(body.replace(b"created", b"creates"), headers)


def test_only_what_was_asked_for_and_only_from_now_on(
    admin: httpx.Client, work: Work, gateway: Gateway, database: Database
) -> None:
    ticket = create(admin)
    register(admin, gateway, "ticket.note", "store.*")
    admin.post(f"/api/v1/tickets/{ticket}/actions", json={"action": "note", "note": "x"}).raise_for_status()
    create(admin)
    assert work.plan() == 1
    assert work.send() == "1 of 1 delivered"
    assert [one["type"] for one in gateway.json()] == ["ticket.note"]


def test_retries_keep_the_id_and_the_log_shows_each(admin: httpx.Client, work: Work, gateway: Gateway) -> None:
    made = register(admin, gateway, "ticket.created")
    gateway.statuses, gateway.answer = [500, 429], b"not now"
    create(admin)
    work.plan()
    assert work.send() == "0 of 1 delivered"
    assert work.send() == "0 of 0 delivered", "not before its pause is over"
    assert work.send(timedelta(seconds=10)) == "0 of 1 delivered"
    assert work.send(timedelta(minutes=5)) == "1 of 1 delivered"
    ids = {headers["webhook-id"] for _, headers, _ in gateway.requests}
    assert len(gateway.requests) == 3 and len(ids) == 1
    shown = admin.get(f"{PATH}/{made['id']}/deliveries").json()["items"][0]
    assert (shown["state"], shown["attempts"], {shown["message_id"]}) == ("delivered", 3, ids)
    assert [(one["status"], one["answer"]) for one in shown["log"]] == [
        (500, "not now"),
        (429, "not now"),
        (204, None),
    ]
    assert admin.get(f"{PATH}/{made['id']}").json()["failing_since"] is None


def test_retries_go_on_for_days(admin: httpx.Client) -> None:
    total = sum(service.PAUSES, timedelta())
    assert timedelta(days=5) < total < timedelta(days=7)


def test_an_endpoint_that_fails_for_days_is_switched_off_with_notice_and_back_on(
    admin: httpx.Client, work: Work, gateway: Gateway, database: Database
) -> None:
    made = register(admin, gateway, "ticket.created")
    gateway.always = 503
    create(admin)
    work.plan()
    work.send()
    with database.write() as session:
        session.execute(update(WebhookEndpoint).values(failing_since=now() - service.FAILING_FOR))
    work.send(timedelta(minutes=1))
    shown = admin.get(f"{PATH}/{made['id']}").json()
    assert (shown["enabled"], shown["disabled_because"]) == (False, "failing")
    create(admin)
    work.plan()
    assert work.send(timedelta(days=1)) == "0 of 0 delivered"
    gateway.always = None
    admin.patch(f"{PATH}/{made['id']}", json={"enabled": True}).raise_for_status()
    assert work.send(timedelta(days=1)) == "1 of 1 delivered", "what waited goes out"
    since = (now() - timedelta(hours=1)).isoformat()
    again = admin.post(f"{PATH}/{made['id']}/replays", json={"since": since})
    assert (again.status_code, again.json()) == (202, {"deliveries": 2, "more_since": None})
    assert work.send() == "2 of 2 delivered"
    numbers = [headers["webhook-id"] for _, headers, _ in gateway.requests]
    assert len(set(numbers)) == 2, "one id an event, in every attempt and replay"


def test_gone_is_gone(admin: httpx.Client, work: Work, gateway: Gateway) -> None:
    made = register(admin, gateway, "ticket.created")
    gateway.always = 410
    create(admin)
    work.plan()
    work.send()
    assert admin.get(f"{PATH}/{made['id']}").json()["disabled_because"] == "gone"


def test_a_dead_endpoint_holds_up_no_other(
    admin: httpx.Client, work: Work, gateway: Gateway, database: Database
) -> None:
    register(admin, gateway, "ticket.created", url="http://127.0.0.1:9/dead")
    for _ in range(12):
        create(admin)
    work.plan()
    assert work.send() == "0 of 10 delivered"
    register(admin, gateway, "ticket.created")
    create(admin)
    work.plan()
    assert work.send(timedelta(minutes=3)) == "1 of 2 delivered", "one try for the failing endpoint"


def test_a_rotated_secret_and_the_former_one_both_sign_for_a_day(
    admin: httpx.Client, work: Work, gateway: Gateway, database: Database
) -> None:
    made = register(admin, gateway, "ticket.created")
    rotated = admin.post(f"{PATH}/{made['id']}/secret").raise_for_status().json()
    assert rotated["secret"] != made["secret"]
    create(admin)
    work.plan()
    work.send()
    _, headers, body = gateway.requests[0]
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(body, headers)
    with database.write() as session:
        session.execute(update(WebhookEndpoint).values(former_until=now()))
    create(admin)
    work.plan()
    work.send()
    _, headers, body = gateway.requests[1]
    Webhook(rotated["secret"]).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(body, headers)
    assert "secret" not in admin.get(f"{PATH}/{made['id']}").json()


def test_a_store_system_hears_of_its_stores_and_sees_its_own_endpoints(
    hub: RunningHub, admin: httpx.Client, work: Work, gateway: Gateway, database: Database
) -> None:
    with database.write() as session:
        for code in ("north", "south"):
            stores.create(session, command_line_actor(), NewStore(code=code, name=code))
        _, token = create_key(
            session, command_line_actor(), name="erp", role=Role.STORE_SYSTEM, bench=None, stores=["north"]
        )
    register(admin, gateway, "ticket.created")
    with hub.client(token) as erp:
        mine = register(erp, gateway, "*", description="ERP")
        assert mine["stores"] == ["north"]
        assert [one["id"] for one in erp.get(PATH).json()["items"]] == [mine["id"]]
        assert erp.get(f"{PATH}/WH-000001").status_code == 404
        elsewhere = {"url": "https://example.com/", "events": ["*"], "stores": ["south"]}
        assert erp.post(PATH, json=elsewhere).status_code == 403
    create(admin, store="north")
    create(admin, store="south")
    with database.write() as session:
        events.append(session, ACTOR, "user.created", ("user", "U-000001"), {})
    work.plan()
    work.send()
    with database.read() as session:
        heard = [event.kind for _, event in queries.deliveries(session, 2, None, None, 50)]
    assert heard == ["ticket.created"], "neither another store's nor a matter of identity"


def test_an_endpoint_hears_of_what_its_owner_may_read_now(
    hub: RunningHub, admin: httpx.Client, work: Work, gateway: Gateway, database: Database
) -> None:
    """C1, S1: complaints reach nobody who may not read them; a role or key taken away takes messages with it."""
    body = {"login": "lin", "name": "林", "role": "manager", "password": "long enough 1"}
    person = admin.post("/api/v1/users", json=body).raise_for_status().json()["id"]
    with database.write() as session:
        session.get_one(User, 1).must_change_password = False
        _, token = create_key(session, command_line_actor(), name="erp", role=Role.STORE_SYSTEM, bench=None)
    login = admin.post("/api/v1/sessions", json={"login": "lin", "password": "long enough 1"}).json()
    with hub.client(login["token"]) as manager, hub.client(token) as erp:
        register(manager, gateway, "ticket.created")
        register(erp, gateway, "ticket.created")

    def heard() -> list[list[tuple[str, str]]]:
        work.plan()
        work.send(timedelta(seconds=10))
        with database.read() as session:
            both = [reversed(queries.deliveries(session, number, None, None, 50)) for number in (1, 2)]
            return [[(event.record_id, one.state) for one, event in mine] for mine in both]

    create(admin, kind="complaint")
    create(admin)
    assert heard() == [[("T-000001", "delivered"), ("T-000002", "delivered")], [("T-000002", "delivered")]]
    create(admin)
    work.plan()
    admin.patch(f"/api/v1/users/{person}", json={"role": "technician"}).raise_for_status()
    admin.delete(f"/api/v1/keys/{token.split('_')[1]}").raise_for_status()
    for mine in heard():
        assert mine[-1] == ("T-000003", "dead"), "planned while it was allowed, and given up when it was to be sent"
    create(admin)
    assert [mine[-1][0] for mine in heard()] == ["T-000003", "T-000003"]
    admin.patch(f"/api/v1/users/{person}", json={"role": "manager"}).raise_for_status()
    create(admin)
    assert heard()[0][-1] == ("T-000005", "delivered"), "it goes on with the right"
    log = admin.get(f"{PATH}/WH-000001/deliveries").json()["items"]
    assert "may not read" in next(one for one in log if one["state"] == "dead")["log"][0]["error"]


def test_an_endpoint_whose_owner_is_gone_says_so_and_is_taken_over(
    hub: RunningHub, admin: httpx.Client, work: Work, gateway: Gateway, database: Database
) -> None:
    """What the receiver hears of changes with the owner, and only by a word of its own."""
    with database.write() as session:
        _, token = create_key(session, command_line_actor(), name="erp", role=Role.STORE_SYSTEM, bench=None)
    with hub.client(token) as erp:
        path = f"{PATH}/{register(erp, gateway, 'ticket.created')['id']}"
        assert erp.get(path).json()["silent_because"] is None
    unheard = admin.patch(path, json={"events": ["ticket.created", "user.created"]})
    assert (unheard.status_code, unheard.json()["errors"][0]["pointer"]) == (422, "#/events/1"), "it is not the admin's"
    admin.delete(f"/api/v1/keys/{token.split('_')[1]}").raise_for_status()
    (shown,) = admin.get(PATH).json()["items"]
    assert (shown["enabled"], shown["silent_because"]) == (True, "owner_gone")
    missed = create(admin)
    assert work.plan() == 0
    assert admin.patch(path, json={"description": "ERP"}).json()["silent_because"] == "owner_gone"
    taken = admin.patch(path, json={"take_over": True}).raise_for_status().json()
    assert (taken["silent_because"], taken["version"]) == (None, 3)
    heard = create(admin)
    assert work.plan() == 1
    since = (now() - timedelta(hours=1)).isoformat()
    admin.post(f"{path}/replays", json={"since": since}).raise_for_status()
    with database.read() as session:
        assert {event.record_id for _, event in queries.deliveries(session, 1, None, None, 50)} == {missed, heard}


def test_mistakes_are_named_and_endpoints_removed(admin: httpx.Client, work: Work, gateway: Gateway) -> None:
    made = register(admin, gateway, "ticket.created")
    path = f"{PATH}/{made['id']}"
    assert admin.post(PATH, json={"url": "ftp://x", "events": ["*"]}).status_code == 422
    assert admin.post(PATH, json={"url": "https://x.example.com/", "events": ["Ticket"]}).status_code == 422
    for patterns, pointer in ((["ticket.creatd"], "#/events/0"), (["*", "nope.nope"], "#/events/1")):
        refused = admin.post(PATH, json={"url": "https://x.example.com/", "events": patterns})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert "ticket.created" in admin.patch(path, json={"events": ["ticket.creatd"]}).json()["errors"][0]["detail"]
    assert admin.post(f"{path}/replays", json={}).status_code == 422
    assert admin.post(f"{path}/replays", json={"event": 10**9}).json()["type"].endswith("webhook-event")
    stale = admin.patch(path, json={"description": "x"}, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    create(admin)
    work.plan()
    work.send()
    assert admin.delete(path).status_code == 204
    assert admin.get(path).status_code == 404
    create(admin)
    assert work.plan() == 0


def test_a_sender_that_comes_back_too_late_changes_nothing(
    admin: httpx.Client, work: Work, gateway: Gateway, database: Database
) -> None:
    register(admin, gateway, "ticket.created")
    create(admin)
    work.plan()
    with database.write() as session:
        claimed = service.claim(session, now(), 10, 10)[0]
    assert work.send() == "0 of 0 delivered"
    assert work.send(service.SENDER_BACK_WITHIN + timedelta(seconds=1)) == "1 of 1 delivered"
    with database.write() as session:
        service.settle(session, claimed.id, 1, service.Answer(1, 500))
    with database.read() as session:
        assert len(session.scalars(select(WebhookAttempt)).all()) == 1


def test_old_logs_are_forgotten(admin: httpx.Client, work: Work, gateway: Gateway, database: Database) -> None:
    register(admin, gateway, "ticket.created")
    create(admin)
    work.plan()
    work.send()
    with database.write() as session:
        assert queries.forget_old(session, now() - timedelta(days=1)) == 0
        assert queries.forget_old(session, now() + timedelta(days=1)) == 1

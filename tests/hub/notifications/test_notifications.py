"""T9: customers and staff are told, over a real SMTP server and a real HTTP gateway."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hub_running import MakeKey, RunningHub
from loopback import Gateway, MailServer
from sqlalchemy import select
from waiting import wait_until

from hub.core import migrate
from hub.core.clock import now
from hub.core.database import Database
from hub.core.settings import Settings, SettingsError
from hub.customers import queries as customers
from hub.customers.models import CustomerDevice
from hub.events import service as events
from hub.events.following import follow
from hub.events.models import Event
from hub.identity.actors import command_line_actor
from hub.jobs.job import ACTOR, JobRun
from hub.jobs.scheduler import Scheduler
from hub.notifications import documents, service
from hub.notifications.channels import load_channels
from hub.notifications.models import Notification
from hub.notifications.sending import plan_messages, send_messages
from hub.policies import service as policies
from hub.policies.loading import DocumentError, parse
from hub.stores import service as stores
from hub.stores.schemas import NewStore

CONTACT = {"name": "李雷", "phone": "+86 138 0000 0000", "email": "li.lei@example.com"}
NEW: dict[str, Any] = {
    "kind": "repair",
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": CONTACT,
}


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        yield server


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, mail: MailServer, gateway: Gateway) -> Settings:
    file = tmp_path / "channels.toml"
    file.write_text(f"""
[customer]
email = "mailto://127.0.0.1:{mail.port}/?from=desk@example.com&to={{to}}&mode=insecure"
sms = "json://127.0.0.1:{gateway.port}/sms?:phone={{to}}&+Idempotency-Key={{id}}"
wecom = "json://127.0.0.1:{gateway.port}/wecom?:user={{to}}"
[staff]
front_line = ["json://127.0.0.1:{gateway.port}/front"]
management = ["mailto://127.0.0.1:{mail.port}/?from=desk@example.com&to=boss@example.com&mode=insecure"]
[stores.north]
front_line = ["json://127.0.0.1:{gateway.port}/north"]
""")
    return settings.model_copy(update={"channels_file": file})


@pytest.fixture
def work(database: Database, settings: Settings) -> "Work":
    return Work(database, settings)


class Work:
    """The two jobs, run by hand."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings

    def plan(self) -> None:
        plan_messages(JobRun(self.database, self.settings))

    def send(self, later: timedelta = timedelta()) -> str:
        return str(send_messages(JobRun(self.database, self.settings, at=now() + later)))

    def rows(self) -> list[Notification]:
        with self.database.read() as session:
            return list(session.scalars(select(Notification).order_by(Notification.id)))

    def states(self) -> list[tuple[str, str]]:
        return [(row.template, row.state) for row in self.rows()]


def create(client: httpx.Client, **changes: Any) -> str:
    ticket: str = client.post("/api/v1/tickets", json=NEW | changes).raise_for_status().json()["id"]
    return ticket


def prefer(client: httpx.Client, **wanted: Any) -> httpx.Response:
    return client.put("/api/v1/customers/C-000001/contact-preference", json=wanted)


def test_a_customer_is_told_within_seconds_by_the_running_hub(
    staff: httpx.Client, database: Database, settings: Settings, gateway: Gateway
) -> None:
    scheduler = Scheduler(database, settings)
    scheduler.start()
    ticket = create(staff)
    wait_until(lambda: gateway.requests, "the message", 10)
    scheduler.stop()
    path, headers, _ = gateway.requests[0]
    told = gateway.json()[0]
    assert (path, headers["idempotency-key"], told["phone"]) == ("/sms", "N-000001", CONTACT["phone"])
    assert told["title"] == f"工单 {ticket}：已受理" and "SP-100" in told["message"]
    timeline = staff.get(f"/api/v1/tickets/{ticket}").json()["timeline"]
    assert [event["kind"] for event in timeline] == ["notification.sent", "ticket.created"]
    assert "138" not in str(timeline[0]["payload"])


def test_the_customer_chooses_channel_and_language(staff: httpx.Client, work: Work, mail: MailServer) -> None:
    ticket = create(staff)
    assert prefer(staff, channel="email", language="en").status_code == 200
    work.plan()
    assert work.send() == "1 of 1 sent"
    assert mail.subjects() == [f"Ticket {ticket}: received"]
    assert mail.mails[0][0] == ["li.lei@example.com"]
    assert staff.get("/api/v1/customers/C-000001/contact-preference").json()["channel"] == "email"
    assert staff.get("/api/v1/customers/C-000099/contact-preference").status_code == 404


def test_no_empty_brackets_where_no_model_is_known(staff: httpx.Client, work: Work) -> None:
    for language in ("zh-CN", "en"):
        ticket = create(staff, kind="consultation", device=None, waited_s=5)
        prefer(staff, channel="sms", language=language)
        work.plan()
        body = work.rows()[-1].body
        assert body is not None and ticket in body
        assert not {"(", "（"} & set(body.split("http")[0])


def test_the_message_carries_the_link_that_opens_the_customers_page(
    hub: RunningHub, staff: httpx.Client, work: Work, gateway: Gateway
) -> None:
    """T10: the address in the message leads to the ticket's page, without any key."""
    hub.app.state.settings = work.settings = work.settings.model_copy(update={"public_url": hub.url})
    ticket = create(staff)
    work.plan()
    work.send()
    link = next(word for word in gateway.json()[0]["message"].split("。") if word.startswith(hub.url))
    page = httpx.get(link, timeout=20)
    assert page.status_code == 200 and ticket in page.text
    create(staff)
    work.plan()
    assert [row.body is not None and hub.url in row.body for row in work.rows()] == [True, True]


def test_wecom_is_a_channel(staff: httpx.Client, work: Work, gateway: Gateway) -> None:
    create(staff)
    prefer(staff, channel="wecom", wecom="wm-1")
    work.plan()
    work.send()
    assert [(path, body["user"]) for (path, _, _), body in zip(gateway.requests, gateway.json(), strict=True)] == [
        ("/wecom", "wm-1")
    ]


def test_who_opted_out_gets_only_what_is_essential(
    staff: httpx.Client, admin: httpx.Client, work: Work, gateway: Gateway, database: Database
) -> None:
    ticket = create(staff)
    prefer(staff, opted_out=True)
    with database.write() as session:
        payload = {"waiting_for": "customer"}
        events.append(session, command_line_actor(), "ticket.wait", ("ticket", ticket), payload)
    work.plan()
    work.send()
    assert work.states() == [("received", "unsent"), ("your_turn", "sent")]
    assert len(gateway.requests) == 1
    shown = admin.get("/api/v1/notifications", params={"state": "unsent"}).json()["items"]
    assert [row["reason"] for row in shown] == ["opted_out"]


def test_staff_are_told_by_level_and_a_level_without_channel_is_seen(
    staff: httpx.Client, work: Work, gateway: Gateway, mail: MailServer, database: Database
) -> None:
    ticket = create(staff)
    work.plan()
    with database.write() as session:
        for level in ("front_line", "expert", "management"):
            payload = {"level": level, "clock": "resolution"}
            events.append(session, ACTOR, "escalation.raised", ("ticket", ticket), payload)
    work.plan()
    work.send()
    found = [(row.channel, row.state, row.reason) for row in work.rows() if row.audience == "staff"]
    assert found == [("front_line", "sent", None), ("expert", "unsent", "no_channel"), ("management", "sent", None)]
    assert [path for path, _, _ in gateway.requests] == ["/sms", "/front"]
    assert mail.subjects() == [f"{ticket}：升级至 management"] and "No power" in mail.texts()[0]


def test_a_store_with_channels_of_its_own_is_told_there(
    staff: httpx.Client, work: Work, gateway: Gateway, mail: MailServer, database: Database
) -> None:
    """S5: each store's front line has its own group; what a store lacks is told over the chain's."""
    with database.write() as session:
        for code in ("north", "south"):
            stores.create(session, command_line_actor(), NewStore(code=code, name=code))
    for store in ("north", "south"):
        ticket = create(staff, store=store)
        with database.write() as session:
            for level in ("front_line", "management"):
                payload = {"level": level, "clock": "resolution"}
                events.append(session, ACTOR, "escalation.raised", ("ticket", ticket), payload)
    work.plan()
    work.send()
    assert [path for path, _, _ in gateway.requests if path != "/sms"] == ["/north", "/front"]
    assert len(mail.mails) == 2


def test_a_refused_message_is_tried_again_then_dies_and_is_resent_by_hand(
    staff: httpx.Client, admin: httpx.Client, work: Work, mail: MailServer
) -> None:
    ticket = create(staff, contact={"name": "李雷", "email": "li.lei@example.com"})
    work.plan()
    mail.refusing = True
    later = timedelta()
    for pause in (*service.PAUSES, timedelta()):
        assert work.send(later) == "0 of 1 sent"
        assert work.send(later) == "0 of 0 sent", "not before its pause is over"
        later += pause + timedelta(seconds=5)
    assert work.states() == [("received", "dead")]
    mail.refusing = False
    assert staff.post("/api/v1/notifications/N-000099/resend").status_code == 404
    assert staff.post("/api/v1/notifications/N-000001/resend").status_code == 202
    assert work.send() == "1 of 1 sent"
    assert len(mail.mails) == 1
    kinds = [event["kind"] for event in staff.get(f"/api/v1/tickets/{ticket}").json()["timeline"]]
    assert kinds == ["notification.sent", "notification.resent", "notification.dead", "ticket.created"]


def test_a_dead_channel_holds_up_no_other(
    staff: httpx.Client, work: Work, mail: MailServer, gateway: Gateway, database: Database
) -> None:
    gateway.always = 503
    for number in range(6):
        create(staff, device={"model": "SP-100", "serial": f"SN-{number}"})
    create(staff, contact={"name": "韩梅梅", "email": "han@example.com"})
    work.plan()
    assert work.send() == "1 of 7 sent"
    assert len(gateway.requests) == 3 and len(mail.mails) == 1
    assert {row.attempts for row in work.rows() if row.channel == "sms"} == {0, 1}


def test_a_sender_that_dies_is_replaced_and_comes_back_to_no_effect(
    staff: httpx.Client, work: Work, database: Database, gateway: Gateway
) -> None:
    create(staff)
    work.plan()
    with database.write() as session:
        claimed = service.claim(session, ACTOR, now(), 10)[0]
    assert work.send() == "0 of 0 sent"
    assert work.send(service.SENDER_BACK_WITHIN + timedelta(seconds=1)) == "1 of 1 sent"
    with database.write() as session:
        service.settle(session, ACTOR, claimed.id, 1, taken=False)
    assert work.states() == [("received", "sent")] and len(gateway.requests) == 1


def test_an_event_is_followed_exactly_once(staff: httpx.Client, work: Work, database: Database) -> None:
    for _ in range(3):
        create(staff)
        work.plan()
    assert len(work.rows()) == 3
    with pytest.raises(RuntimeError), database.write() as session:
        events.append(session, ACTOR, "ticket.created", ("ticket", "T-000001"), {})
        assert len(follow(session, "notifications")) == 1
        raise RuntimeError
    work.plan()
    assert len(work.rows()) == 3


def test_an_event_that_cannot_be_told_silences_no_other(staff: httpx.Client, work: Work, database: Database) -> None:
    """T9: a promise of an earlier version that no clock of a store can show."""
    create(staff)
    with database.write() as session:
        never = {"promised_at": "9999-12-31T23:59:59Z"}
        events.append(session, ACTOR, "ticket.promise", ("ticket", "T-000001"), never)
    create(staff)
    work.plan()
    assert [(row.template, row.reason) for row in work.rows()] == [
        ("received", None),
        ("promised", "unwritable"),
        ("received", None),
    ]


def test_an_event_whose_message_the_database_refuses_silences_no_other(
    staff: httpx.Client, work: Work, database: Database
) -> None:
    """T9: only a database that is busy or full has all of it tried again; one row that it refuses is this event's."""
    create(staff)
    work.plan()
    with database.write() as session:
        told = work.rows()[0].model_dump(exclude={"id", "event_id"})
        number = events.append(session, ACTOR, "ticket.promise", ("ticket", "T-000001"), {})
        session.add(Notification(event_id=number, **{**told, "template": "promised"}))
    create(staff)
    work.plan()
    assert [(row.template, row.channel, row.reason) for row in work.rows()[2:]] == [
        ("promised", "none", "unwritable"),
        ("received", "sms", None),
    ]


def test_two_rules_that_say_the_same_over_one_channel_say_it_once(
    staff: httpx.Client, work: Work, database: Database
) -> None:
    """T9: a chain's own policy has a rule for all repairs beside one for all tickets; the second adds its channel."""
    document = documents.delivered().model_dump(mode="json", by_alias=True)
    document["rules"] += [
        {"event": "ticket.created", "kinds": ["repair"], "template": "received", "channels": ["sms", "email"]},
        {"event": "ticket.promise", "kinds": ["repair"], "template": "promised"},
    ]
    with database.write() as session:
        address = (documents.FAMILY, documents.STANDARD, 1)
        policies.put(session, command_line_actor(), address, document, None)
    create(staff)
    with database.write() as session:
        never = {"promised_at": "9999-12-31T23:59:59Z"}
        events.append(session, ACTOR, "ticket.promise", ("ticket", "T-000001"), never)
    work.plan()
    assert [(row.template, row.channel) for row in work.rows()] == [
        ("received", "sms"),
        ("received", "email"),
        ("promised", "none"),
    ]


def test_erasing_a_customer_empties_messages_and_stops_those_that_wait(
    staff: httpx.Client, work: Work, database: Database, gateway: Gateway
) -> None:
    create(staff)
    work.plan()
    work.send()
    create(staff)
    work.plan()
    with database.write() as session:
        service.empty(command_line_actor(), customers.messages_of(session, 1, [1, 2]))
    assert work.send() == "0 of 0 sent"
    assert work.states() == [("received", "sent"), ("received", "unsent")]
    assert [(row.address, row.subject, row.body) for row in work.rows()] == [(None, None, None)] * 2
    with database.read() as session:
        kept = str([event.payload for event in session.scalars(select(Event))])
    assert "138" not in kept and "李雷" not in kept


def test_addresses_are_for_those_who_may_see_contacts(
    hub: RunningHub, staff: httpx.Client, make_key: MakeKey, work: Work
) -> None:
    create(staff)
    work.plan()
    mine = staff.get("/api/v1/notifications", params={"ticket": "T-000001"}).json()["items"][0]
    assert (mine["address"], mine["state"]) == (CONTACT["phone"], "waiting")
    with hub.client(make_key("quality")) as quality:
        theirs = quality.get("/api/v1/notifications").json()["items"][0]
    assert (theirs["address"], theirs["body"], theirs["template"]) == (None, None, "received")
    assert staff.post("/api/v1/notifications/N-000001/resend").json()["type"].endswith("notification-not-resendable")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[customer]\nemail = 'mailto://a'", r"customer.email in .*: write {to}"),
        ("[customer]\nsms = 'nothing://{to}'", "customer.sms in .* is not a URL that Apprise knows"),
        ("[customer]\npigeon = 'json://x/{to}'", "customer.pigeon"),
        ("[staff]\nboss = []", "staff.boss"),
        ("[", "not valid TOML"),
    ],
)
def test_mistakes_in_the_channels_are_named_without_secrets(
    settings: Settings, tmp_path: Path, content: str, words: str
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(content)
    with pytest.raises(SettingsError, match=words):
        load_channels(settings.model_copy(update={"channels_file": file}))


def test_the_owner_of_a_device_is_reminded_of_its_inspection(
    staff: httpx.Client, work: Work, mail: MailServer, database: Database
) -> None:
    """M3: no ticket is there; the message goes to whoever the device belongs to."""
    create(staff)
    work.plan()
    prefer(staff, channel="email")
    with database.write() as session:
        device = session.get_one(CustomerDevice, 1)
        facts = {"model": "SP-100", "due_on": "2026-12-24"}
        events.append(session, ACTOR, "device.inspection_due", device.record, facts)
        events.append(session, ACTOR, "device.inspection_due", ("device", "D-000099"), facts)
    work.plan()
    work.send()
    assert mail.subjects() == ["您的 SP-100 该做例行检查了"]
    assert "2026-12-24" in mail.texts()[0]


class TestPolicy:
    def test_the_delivered_one_is_whole(self) -> None:
        policy = documents.delivered()
        assert {rule.template for rule in policy.rules} == policy.templates.keys(), "each template is used"

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (("template: received}", "template: nothing}"), "no template nothing"),
            (("{ticket} ({model})", "{ticket.id}"), "ticket.id"),
            (("{ticket} ({model})", "{secret!r}"), "secret"),
            (("{ticket} ({model})", "{"), "not known"),
        ],
    )
    def test_mistakes_are_named(self, change: tuple[str, str], words: str) -> None:
        text = Path(documents.__file__).with_name("standard.yaml").read_text(encoding="utf-8").replace(*change)
        with pytest.raises(DocumentError, match=words):
            parse(documents.NotificationPolicy, text.encode(), "mine.yaml")


def test_nobody_is_told_of_what_happened_before_the_hub_could_tell(staff: httpx.Client, database: Database) -> None:
    """The follower's mark is made by the migration."""
    create(staff)
    migrate.downgrade(database, "0007")
    migrate.upgrade(database)
    with database.write() as session:
        assert follow(session, "notifications") == []

"""T14: a survey within 24 h, a call-back within 48 h, and a bad answer becomes an improvement that is tracked."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from hub.aftercare import policy, queries, service
from hub.core.clock import now
from hub.identity import passwords, users
from hub.identity.actors import command_line_actor
from hub.identity.permissions import Role
from hub.jobs.job import JobRun
from hub.jobs.table import JOBS
from hub.notifications.models import Notification
from hub.portal.links import link_for
from hub.tickets.models import Ticket

pytestmark = pytest.mark.any_database

MARK = re.compile(r'name="mark" value="(\w+)"')


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"public_url": "https://service.example.com"})


def run_job(shop, name, at):
    job = next(one for one in JOBS if one.name == name)
    return job.run(JobRun(shop.database, shop.hub.app.state.settings, at=at))


def page_of(shop, ticket):
    url = shop.counter.post(f"/api/v1/tickets/{ticket}/customer-link").raise_for_status().json()["url"]
    return url.removeprefix("https://service.example.com")


def supervisor(shop, login="wang.fang", stores=None):
    with shop.database.write() as session:
        return users.create(
            session,
            command_line_actor(),
            login=login,
            name=login.title(),
            role=Role.SUPERVISOR,
            stores=stores,
            password_hash=passwords.digest("correct horse battery"),
            must_change_password=False,
        ).public_id


def test_the_survey_is_asked_within_24_hours_and_answered_on_the_page(shop, hub):
    ticket = shop.closed()
    at = now()
    with shop.database.read() as session:
        assert service.due_surveys(session, at) == [], "not at once: the customer is still on the way home"
        due = service.due_surveys(session, at + timedelta(hours=24))
        assert [one.public_id for _, one in due] == [ticket]
        assert service.due_surveys(session, at + timedelta(days=31)) == [], "nobody is asked who cannot answer"
        assert not queries.any_survey_due(session, at + timedelta(days=31))
    assert run_job(shop, "aftercare.ask", at + timedelta(hours=2)) == "1 done"
    assert run_job(shop, "aftercare.ask", at + timedelta(hours=3)) == "0 done", "asked once"
    run_job(shop, "notifications.plan", at)
    with shop.database.read() as session:
        told = session.scalars(select(Notification).where(Notification.template == "survey")).all()
        row = session.scalars(select(Ticket)).one()
    assert [one.audience for one in told] == ["customer"], "a message follows the event"
    with shop.database.write() as session:
        link = link_for(session, hub.app.state.settings, row, command_line_actor())
    assert link is not None and link.endswith(page_of(shop, ticket)), "with the link to the questions"

    place = page_of(shop, ticket)
    with hub.client() as browser:
        page = browser.get(place, headers={"Accept-Language": "zh-CN"})
        assert "服务评价" in page.text
        (mark,) = MARK.findall(page.text)
        scores = {"mark": mark, "attitude": "5", "speed": "4", "effectiveness": "5", "words": "很好"}
        for wrong in ({"attitude": "6"}, {"speed": ""}):
            refused = browser.post(f"{place}/survey?lang=en", data=scores | wrong)
            assert (refused.status_code, "answer all three" in refused.text) == (409, True)
        assert browser.post(f"{place}/survey", data=scores | {"mark": "0" * 32}).status_code == 409
        assert browser.post(f"{place}/survey", data=scores).status_code == 303
        assert browser.post(f"{place}/survey", data=scores | {"attitude": "1"}).status_code == 303, "changes nothing"
        assert "感谢您的评价" in browser.get(place, headers={"Accept-Language": "zh-CN"}).text
    found = shop.counter.get(f"/api/v1/tickets/{ticket}/follow-up").json()
    assert (found["attitude"], found["speed"], found["effectiveness"]) == (5, 4, 5)
    assert (found["words"], found["channel"]) == ("很好", "page")
    assert shop.counter.get("/api/v1/improvement-tasks").json()["items"] == []
    assert "很好" not in str(shop.shown(ticket)["timeline"]), "words can be erased, the chain cannot"


def test_a_bad_answer_opens_an_improvement_with_an_owner_tracked_to_its_end(shop, admin):
    for code in ("elsewhere", "sh-xujiahui"):
        admin.post("/api/v1/stores", json={"code": code, "name": code}).raise_for_status()
    other, owner = supervisor(shop, "li.na", ["elsewhere"]), supervisor(shop)
    ticket = shop.closed(store="sh-xujiahui")
    bad = {"attitude": 2, "speed": 5, "effectiveness": 5, "channel": "phone", "words": "态度冷淡"}
    assert shop.counter.post(f"/api/v1/tickets/{ticket}/survey", json=bad).status_code == 201
    again = shop.counter.post(f"/api/v1/tickets/{ticket}/survey", json=bad)
    assert (again.status_code, again.json()["type"]) == (409, "urn:benchwright:problem:answered-already")
    (task,) = shop.manager.get("/api/v1/improvement-tasks", params={"open": True}).json()["items"]
    assert (task["ticket"], task["owner"], task["state"], task["source"]) == (ticket, owner, "open", "survey")
    assert task["owner"] != other, "who works in another store"
    assert task["scores"] == {"attitude": 2, "speed": 5, "effectiveness": 5}

    def act(who, action, **more):
        return who.post(f"/api/v1/improvement-tasks/{task['id']}/actions", json={"action": action, **more})

    late = now() + timedelta(days=9)
    assert run_job(shop, "aftercare.remind", late) == "1 done", "management hears of what is not finished in time"
    assert run_job(shop, "aftercare.remind", late) == "0 done"
    assert act(shop.counter, "verify", effect="x").status_code == 409
    assert act(shop.technician, "start").status_code == 403
    assert act(shop.counter, "start").json()["state"] == "in_progress"
    for nobody in ("U-000099", other):
        refused = act(shop.counter, "assign", owner=nobody)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/owner")
    colleague = supervisor(shop, "zhao.min", ["sh-xujiahui"])
    assert act(shop.counter, "assign", owner=colleague).json()["owner"] == colleague
    assert act(shop.supervisor, "finish").status_code == 422, "say what was done"
    assert act(shop.supervisor, "finish", measure="前台礼仪培训").json()["state"] == "done"
    own = act(shop.supervisor, "verify", effect="fine")
    assert (own.status_code, "ask another person" in own.json()["detail"]) == (409, True)
    assert act(shop.manager, "reopen").json()["state"] == "in_progress"
    act(shop.supervisor, "finish", measure="再次培训并回访").raise_for_status()
    done = act(shop.manager, "verify", effect="近两周评分 4.8").json()
    assert (done["state"], done["effect"], done["actions"]) == ("verified", "近两周评分 4.8", [])
    assert shop.manager.get("/api/v1/improvement-tasks", params={"open": True}).json()["items"] == []
    assert act(shop.manager, "start").status_code == 409
    assert shop.manager.post("/api/v1/improvement-tasks/I-000099/actions", json={"action": "x"}).status_code == 404


def test_customers_are_called_back_within_48_hours(shop):
    ticket = shop.closed()
    at = now()
    (listed,) = shop.counter.get("/api/v1/callbacks").json()["items"]
    assert (listed["ticket"], listed["name"], listed["overdue"], listed["attempts"]) == (ticket, "李雷", False, 0)
    with shop.database.read() as session:
        assert service.due_callbacks(session, at + timedelta(hours=47)) == []
        assert [one.public_id for _, one in service.due_callbacks(session, at + timedelta(hours=48))] == [ticket]
    assert run_job(shop, "aftercare.remind", at + timedelta(hours=41)) == "0 done"
    assert run_job(shop, "aftercare.remind", at + timedelta(hours=43)) == "1 done"
    assert run_job(shop, "aftercare.remind", at + timedelta(hours=44)) == "0 done", "once"
    call = f"/api/v1/tickets/{ticket}/callback"
    assert shop.technician.post(call, json={"reached": False}).status_code == 403
    for unheard in ({"reached": True}, {"reached": False, "satisfied": True}):
        refused = shop.counter.post(call, json=unheard)
        assert [one["pointer"] for one in refused.json()["errors"]] == ["#/satisfied"], "an answer of who was reached"
    missed = shop.counter.post(call, json={"reached": False}).raise_for_status().json()
    assert (missed["attempts"], missed["called_at"]) == (1, None)
    assert len(shop.counter.get("/api/v1/callbacks").json()["items"]) == 1, "still to be called"
    said = {"reached": True, "satisfied": False, "said": "还是会断网"}
    assert shop.counter.post(call, json=said).status_code == 201
    assert shop.counter.get("/api/v1/callbacks").json()["items"] == []
    (task,) = shop.manager.get("/api/v1/improvement-tasks").json()["items"]
    assert (task["source"], task["owner"]) == ("callback", "role:supervisor"), "nobody has the role yet: it shows"
    assert shop.counter.post(call, json=said).status_code == 409


def test_whom_nobody_reaches_is_not_called_for_ever(shop):
    ticket = shop.closed()
    call = f"/api/v1/tickets/{ticket}/callback"
    answers = [shop.counter.post(call, json={"reached": False}).json()["called_at"] for _ in range(3)]
    assert answers[:2] == [None, None] and answers[2] is not None
    assert shop.counter.get("/api/v1/callbacks").json()["items"] == []


def test_nothing_is_asked_about_what_is_not_closed(shop):
    ticket = shop.on_bench()
    bad = {"attitude": 1, "speed": 1, "effectiveness": 1, "channel": "phone"}
    for place, body in (("survey", bad), ("callback", {"reached": False})):
        answer = shop.counter.post(f"/api/v1/tickets/{ticket}/{place}", json=body)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:benchwright:problem:nothing-to-ask")
    assert shop.counter.get(f"/api/v1/tickets/{ticket}/follow-up").status_code == 409


@pytest.mark.parametrize(
    ("scores", "bad"),
    [((5, 5, 5), False), ((3, 3, 3), False), ((2, 5, 5), True), ((5, 5, 1), True), ((3, 3, 2), True)],
)
def test_what_a_bad_answer_is(scores, bad):
    assert policy.delivered().is_bad(scores) == bad


def test_promised_times_cannot_be_stretched(shop):
    document = shop.manager.get("/api/v1/aftercare-policy").json()["document"]
    for part, late in (("survey", {"ask_after": "25h"}), ("callback", {"within": "49h"})):
        wrong = {**document, part: {**document[part], **late}}
        answer = shop.manager.put("/api/v1/aftercare-policy/versions/1", json={"document": wrong})
        assert (answer.status_code, "of the close" in answer.text) == (422, True)
    assert shop.manager.put("/api/v1/aftercare-policy/versions/1", json={"document": document}).status_code == 201


def test_an_erased_customers_words_and_links_are_gone_and_the_scores_stay(shop, hub):
    ticket = shop.closed()
    place = page_of(shop, ticket)
    said = {"attitude": 1, "speed": 5, "effectiveness": 5, "channel": "phone", "words": "李雷说：太慢"}
    shop.counter.post(f"/api/v1/tickets/{ticket}/survey", json=said).raise_for_status()
    customer = shop.manager.get(f"/api/v1/tickets/{ticket}").json()["customer"]
    answer = shop.manager.post(f"/api/v1/customers/{customer}/erasure", json={"confirm": customer})
    assert answer.status_code in {200, 201}, answer.text
    found = shop.counter.get(f"/api/v1/tickets/{ticket}/follow-up").json()
    assert (found["words"], found["attitude"]) == (None, 1)
    with hub.client() as browser:
        assert browser.get(place).status_code == 404

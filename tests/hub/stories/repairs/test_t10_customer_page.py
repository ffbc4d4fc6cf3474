"""T10, T12: the customer follows and decides on a page that one signed link opens."""

import hashlib
import io
import re
from html.parser import HTMLParser

import httpx
import pytest
from PIL import Image

from hub.identity.actors import command_line_actor
from hub.portal import links, throttle
from hub.tickets import service as tickets
from protocols.messages import records as r

pytestmark = pytest.mark.any_database

FORM = re.compile(r'name="mark" value="(\w+)"')


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"public_url": "https://service.example.com"})


class Outline(HTMLParser):
    """Tags that are opened and closed in order, and every attribute."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.seen = [], []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "input", "br"}:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def link_of(shop, ticket, **wanted):
    answer = shop.counter.post(f"/api/v1/tickets/{ticket}/customer-link", json=wanted).raise_for_status().json()
    assert answer["url"].startswith("https://service.example.com/t/")
    assert answer["qr_svg"].startswith("<?xml") and "<svg" in answer["qr_svg"]
    return answer["url"].removeprefix("https://service.example.com")


@pytest.fixture
def browser(hub):
    with hub.client() as client:
        yield client


def seen(browser, place, language="zh-CN"):
    answer = browser.get(place, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer


def posted(browser, place, page, **fields):
    (mark, *_) = FORM.findall(page.text)
    return browser.post(f"{place}/plan?lang=en", data={"mark": mark, **fields})


@pytest.fixture
def offered(shop):
    ticket = shop.on_bench()
    shop.bench.test(ticket, "run-1", r.Outcome.FAILED, value=3.05)
    offer = {
        "options": [
            {"work": "更换 <C5>", "parts": [{"part": "C5", "name": "滤波电容", "quantity": 2}], "cost_minor": 8000},
            {"work": "更换电源板", "cost_minor": 19900, "ready_in_days": 3},
        ]
    }
    assert not shop.bench.does(ticket, "propose_plan", **offer)
    return ticket, link_of(shop, ticket)


def test_the_page_tells_everything_in_plain_words_and_both_languages(browser, offered):
    _, place = offered
    chinese = seen(browser, place)
    english = seen(browser, f"{place}?lang=en", "zh-CN")
    for words in (
        "等待您确认维修方案",
        "更换 &lt;C5&gt;",
        "¥80.00",
        "滤波电容 × 2",
        "3.05 V",
        "超出范围",
        "3.2 V … 3.4 V",
    ):
        assert words in chinese.text
    for words in (
        "We have found out what is wrong",
        "Option 2",
        "ready in about 3 days",
        "out of limits",
        "3.3 V rail",
    ):
        assert words in english.text
    assert (chinese.headers["content-language"], english.headers["content-language"]) == ("zh-CN", "en")
    assert chinese.text.index("已受理") < chinese.text.index("开始处理") < chinese.text.index("已提出维修方案")


def test_it_is_small_works_without_scripts_and_asks_nobody_else(browser, offered):
    _, place = offered
    page = seen(browser, place)
    assert len(page.content) < 50_000
    outline = Outline(page.text)
    assert not {"script", "iframe", "object", "link"} & {tag for tag, _ in outline.seen}
    for _, attributes in outline.seen:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("src", "href", "action"):
            assert not attributes.get(name, "").startswith(("http", "//", "data:")), attributes
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "private, no-store")
    assert "set-cookie" not in page.headers


def test_it_can_be_read_by_everybody(browser, offered):
    """Language, one h1, labelled fields, table headings and a way past the header."""
    _, place = offered
    outline = Outline(seen(browser, place).text)
    tags = [tag for tag, _ in outline.seen]
    assert outline.seen[0] == ("html", {"lang": "zh-CN"})
    assert (tags.count("h1"), tags.count("main"), tags.count("caption")) == (1, 1, 1)
    ids = {attributes["id"] for _, attributes in outline.seen if "id" in attributes}
    for tag, attributes in outline.seen:
        if tag == "section" and "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids
        if tag == "th":
            assert attributes["scope"] in {"row", "col"}
    assert ("a", {"class": "skip", "href": "#main"}) in outline.seen


def test_personal_data_is_masked(browser, offered):
    _, place = offered
    text = seen(browser, place).text
    assert "李* 138****1234" in text and "SN…0001" in text
    for secret in ("李雷", "1380000", "138 0000", "lilei", "SN-20260001", "韩梅梅", "按下电源键"):
        assert secret not in text


def test_the_customer_agrees_once(shop, browser, offered):
    ticket, place = offered
    page = seen(browser, place)
    assert posted(browser, place, page, answer="approve", option="1").status_code == 409, "the tick is missing"
    assert posted(browser, place, page, answer="approve", option="9", agree="yes").status_code == 409
    for neither in ({}, {"answer": "xx"}):
        assert posted(browser, place, page, option="1", agree="yes", **neither).status_code == 409, "no answer"
    forged = browser.post(f"{place}/plan", data={"mark": "0" * 32, "answer": "approve", "option": "1", "agree": "yes"})
    assert forged.status_code == 409
    assert shop.shown(ticket)["state"] == "awaiting_approval"

    agreed = posted(browser, place, page, answer="approve", option="1", agree="yes")
    assert (agreed.status_code, agreed.headers["location"]) == (303, f"{place}?lang=en#plan")
    again = posted(browser, place, page, answer="approve", option="1", agree="yes")
    assert again.status_code == 303, "sent twice, done once"
    other = posted(browser, place, page, answer="approve", option="2", agree="yes")
    assert (other.status_code, "Nothing was changed" in other.text) == (409, True)
    assert posted(browser, place, page, answer="decline").status_code == 409
    shown = shop.shown(ticket)
    assert (shown["state"], shown["approval"]) == ("in_progress", "approved")
    assert [one["kind"] for one in shown["timeline"]].count("ticket.approve_plan") == 1
    event = shown["timeline"][0]
    assert (event["actor"]["kind"], event["payload"]["how"], event["payload"]["cost_minor"]) == (
        "customer",
        "online",
        8000,
    )
    assert "You agreed to option 1" in seen(browser, f"{place}?lang=en").text
    assert not shop.bench.does(ticket, "repaired", root_cause="dried_capacitor")


def test_an_old_page_answers_nothing_after_a_revision(shop, browser, offered):
    ticket, place = offered
    old = seen(browser, place)
    dearer = {"options": [{"work": "更换主板", "cost_minor": 50000}], "only_option_because": "仅此一法"}
    assert not shop.bench.does(ticket, "propose_plan", **dearer)
    late = posted(browser, place, old, answer="approve", option="1", agree="yes")
    assert (late.status_code, "changed or answered meanwhile" in late.text) == (409, True)
    assert shop.shown(ticket)["approval"] == "proposed"
    fresh = seen(browser, place)
    assert "第 2 版" in fresh.text and "仅此一法" in fresh.text
    assert posted(browser, place, fresh, answer="decline", reason="太贵了").status_code == 303
    assert posted(browser, place, fresh, answer="decline", reason="太贵了").status_code == 303
    shown = shop.shown(ticket)
    assert (shown["state"], shown["timeline"][0]["payload"]["reason"]) == ("declined", "太贵了")


def test_links_are_revoked_renewed_and_expire(shop, browser, offered, monkeypatch):
    ticket, place = offered
    assert link_of(shop, ticket) == place, "the same link again, while it lasts"
    renewed = link_of(shop, ticket, renew=True)
    assert browser.get(place).status_code == 404
    seen(browser, renewed)
    assert shop.counter.delete(f"/api/v1/tickets/{ticket}/customer-links").status_code == 204
    gone = browser.get(renewed, headers={"Accept-Language": "zh-CN"})
    assert (gone.status_code, "链接无效" in gone.text) == (404, True)
    assert browser.post(f"{renewed}/plan", data={"answer": "decline"}).status_code == 404
    third = link_of(shop, ticket)
    listed = shop.counter.get(f"/api/v1/tickets/{ticket}/customer-links").json()
    assert [one["revoked_at"] is None for one in listed] == [True, False, False]
    assert third.removeprefix("/t/") not in str(listed)
    later = links.now() + links.LASTS
    monkeypatch.setattr(links, "now", lambda: later)
    assert browser.get(third).status_code == 404, "expired"
    assert shop.technician.post(f"/api/v1/tickets/{ticket}/customer-link").status_code == 403


def test_the_page_says_when_nothing_was_tested(shop, browser, offered):
    ticket, place = offered
    shop.act(shop.counter, ticket, "approve_plan", option=1, how="phone", said_by="李雷").raise_for_status()
    assert not shop.bench.does(ticket, "repaired", root_cause="dried_capacitor")
    shop.act(shop.supervisor, ticket, "waive_test", reason="治具损坏").raise_for_status()
    assert not shop.bench.does(ticket, "handed_over")
    text = seen(browser, place).text
    assert "未经功能测试，可领取" in text and "测试通过，可领取" not in text


def test_an_answer_through_a_link_of_the_proposer_is_marked(shop, browser):
    ticket = shop.on_bench()
    offer = {"options": [{"work": "更换 C5", "cost_minor": 8000}], "only_option_because": "无其他方案"}
    shop.act(shop.supervisor, ticket, "propose_plan", **offer).raise_for_status()
    url = shop.supervisor.post(f"/api/v1/tickets/{ticket}/customer-link").raise_for_status().json()["url"]
    place = url.removeprefix("https://service.example.com")
    assert posted(browser, place, seen(browser, place), answer="approve", option="1", agree="yes").status_code == 303
    assert shop.shown(ticket)["timeline"][0]["payload"]["link_of_proposer"] is True


def test_guessing_is_slowed_down(shop, browser, offered):
    _, place = offered
    for _ in range(throttle.FREE_FAILURES):
        assert browser.get("/t/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").status_code == 404
    waiting = browser.get("/t/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert (waiting.status_code, int(waiting.headers["retry-after"]) > 20) == (429, True)
    assert "Too many wrong links" in waiting.text
    assert browser.get(place).status_code == 200, "neighbours with a good link do not wait"


def test_only_released_photos_are_shown_and_say_nothing_of_where_they_were_taken(shop, browser, offered):
    ticket, place = offered
    picture, out = Image.new("RGB", (3000, 2000), (200, 30, 30)), io.BytesIO()
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "taken at 121.4737 E", 6
    picture.save(out, "JPEG", exif=exif)

    def attach(data, purpose="photo"):
        sha256 = hashlib.sha256(data).hexdigest()
        span = {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}", "Content-Type": "application/octet-stream"}
        shop.counter.put(f"/api/v1/attachments/{sha256}", content=data, headers=span).raise_for_status()
        body = {"sha256": sha256, "purpose": purpose}
        answer = shop.counter.post(f"/api/v1/tickets/{ticket}/attachments", json=body).raise_for_status()
        return answer.json()["id"]

    photo, receipt = attach(out.getvalue()), attach(out.getvalue() + b" ", "purchase_proof")
    broken = attach(b"\xff\xd8\xff\xe0 not a picture")
    release = f"/api/v1/tickets/{ticket}/attachments/{photo}/release"
    assert photo not in seen(browser, place).text
    assert browser.get(f"{place}/photos/{photo}").status_code == 404
    assert [shop.counter.put(release).status_code for _ in range(2)] == [201, 200]
    for other in (receipt, broken):
        refused = shop.counter.put(f"/api/v1/tickets/{ticket}/attachments/{other}/release")
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:benchwright:problem:not-a-photo")
    assert shop.technician.put(release).status_code == 403
    assert f"{place}/photos/{photo}?size=small" in seen(browser, place).text
    for size, longest in (("view", 1280), ("small", 240)):
        shown = browser.get(f"{place}/photos/{photo}", params={"size": size}).raise_for_status()
        assert b"121.4737" not in shown.content and shown.headers["content-type"] == "image/jpeg"
        with Image.open(io.BytesIO(shown.content)) as made:
            assert max(made.size) == longest and made.height > made.width, "upright, and small"
    assert browser.get(f"{place}/photos/{receipt}").status_code == 404
    assert shop.counter.delete(release).status_code == 204
    assert browser.get(f"{place}/photos/{photo}").status_code == 404


def test_after_the_repair_it_shows_what_was_done(shop, browser):
    ticket = shop.closed()
    text = seen(browser, link_of(shop, ticket)).text
    for words in (
        "服务已完成",
        "功能测试已于",
        "更换 C5",
        "25 分钟",
        "¥80.00",
        "电容干涸",
        "3.301 V",
        "合格",
        "已交付",
    ):
        assert words in text


def test_without_a_public_address_there_is_no_link(shop, offered, hub):
    ticket, _ = offered
    hub.app.state.settings = hub.app.state.settings.model_copy(update={"public_url": None})
    answer = shop.counter.post(f"/api/v1/tickets/{ticket}/customer-link")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:benchwright:problem:no-public-address")


def test_the_number_of_queries_does_not_grow(shop, browser, offered, hub):
    from sqlalchemy import event

    ticket, place = offered
    counted: list[str] = []
    engine = hub.app.state.database.engine
    seen(browser, place)  # the policies in force are read once and kept
    event.listen(engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    seen(browser, place)
    first = len(counted)
    for _ in range(5):
        note = {"action": "note", "note": "x"}
        shop.technician.post(f"/api/v1/tickets/{ticket}/actions", json=note).raise_for_status()
        shop.bench.test(ticket, f"more-{shop.bench.seq}")
    counted.clear()
    seen(browser, place)
    assert len(counted) == first < 30


def test_a_stranger_gets_html_of_the_same_kind(browser: httpx.Client):
    for path in ("/t/x", "/t/" + "é" * 35, "/t/" + "A" * 400):
        answer = browser.get(path, headers={"Accept-Language": "en"})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        Outline(answer.text)


def test_it_says_what_is_waited_for_and_until_when(shop, browser):
    ticket = shop.on_bench()
    place = link_of(shop, ticket)
    shop.act(shop.technician, ticket, "wait", waiting_for="part", until="2099-12-24T09:00:00Z").raise_for_status()
    assert "等待配件到货 （预计至 2099年12月24日 17:00）" in seen(browser, place).text
    shop.act(shop.technician, ticket, "resume").raise_for_status()
    assert "等待配件到货" not in seen(browser, place).text
    visit = {
        "kind": "installation",
        "device": {"model": "SP-100"},
        "symptom": "安装",
        "contact": {"name": "李雷", "phone": "+86 138 0000 1234"},
        "purchase_proof": {"kind": "receipt", "number": "FP-1"},
    }
    installation = shop.counter.post("/api/v1/tickets", json=visit).raise_for_status().json()["id"]
    for action, day in (("schedule", "24"), ("reschedule", "25")):
        told = {"details": {"appointment_at": f"2026-12-{day}T02:00:00Z", "place": "on_site"}}
        with shop.database.write() as session:  # what a booked appointment tells the ticket
            actor = command_line_actor()
            row = tickets.get(session, actor, installation, for_update=True)
            tickets.apply(session, row, action, actor, details=told)
    assert "Appointment: 25 Dec 2026, 10:00" in seen(browser, link_of(shop, installation), "en").text


def test_a_consultations_answer_is_there_to_read_again(shop, browser):
    question = {
        "kind": "consultation",
        "symptom": "如何配网？",
        "contact": {"name": "韩梅梅", "phone": "+86 139 0000 5678"},
        "waited_s": 12,
    }
    ticket = shop.counter.post("/api/v1/tickets", json=question).raise_for_status().json()["id"]
    place = link_of(shop, ticket)
    shop.act(shop.counter, ticket, "promise", promised_at="2096-12-01T01:30:00Z").raise_for_status()
    assert "我们将于 2096年12月1日 09:30 前答复您" in seen(browser, place).text
    shop.act(shop.counter, ticket, "answer", answer="长按配网键 5 秒").raise_for_status()
    shop.act(shop.counter, ticket, "inform", outcome="客户已连上网络").raise_for_status()
    text = seen(browser, place).text
    assert "我们的答复" in text and "长按配网键 5 秒\n客户已连上网络" in text


def test_forms_that_no_browser_sends_are_answered_in_words(shop, browser, offered):
    ticket, place = offered
    page = seen(browser, place)
    for body in ("&".join(["a=1"] * 60), "a" * 20_000, "%ff=%00", ""):
        answer = browser.post(f"{place}/plan", content=body)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "text/html; charset=utf-8")
    assert posted(browser, place, page, answer="decline", reason="贵\0了").status_code == 303
    assert shop.shown(ticket)["timeline"][0]["payload"]["reason"] == "贵了"

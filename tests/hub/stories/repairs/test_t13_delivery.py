"""T13: the repair is recorded with time, work and parts, and delivered with explanation and guidance."""

from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.any_database


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"public_url": "https://service.example.com"})


def page(shop, ticket, language):
    url = shop.counter.post(f"/api/v1/tickets/{ticket}/customer-link").raise_for_status().json()["url"]
    with shop.hub.client() as browser:
        place = url.removeprefix("https://service.example.com")
        return browser.get(place, headers={"Accept-Language": language}).text


def test_each_repair_is_recorded_with_time_work_and_parts(shop):
    ticket = shop.intake()
    shop.act(shop.counter, ticket, "preapprove", limit_minor=9000, how="in_person", said_by="李雷").raise_for_status()
    shop.bench.does(ticket, "taken")
    assert "您已事先同意（李*），费用不超过 ¥90.00" in page(shop, ticket, "zh-CN")
    done = {"work": "更换 C5", "parts": ["C5 220 µF", {"part": "U2", "new_serial": "U2-77"}], "minutes": 25}
    at = datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert not shop.bench.does(ticket, "repaired", at=at, cost_minor=9000, **done), "hours later, from a bench offline"
    assert not shop.bench.does(ticket, "rework", reason="还有纹波")
    assert not shop.bench.does(ticket, "repaired", work="补焊 U2", minutes=10, cost_minor=9000)
    second, first = shop.counter.get(f"/api/v1/tickets/{ticket}/repairs").json()
    assert (first["number"], first["repaired_at"], first["repaired_by"]) == (1, "2026-01-31T08:00:00Z", "韩梅梅")
    assert first["parts"][1] == {"part": "U2", "quantity": 1, "new_serial": "U2-77", "old_serial": None}
    assert (second["number"], second["work"], second["minutes"], second["parts"]) == (2, "补焊 U2", 10, [])
    for wrong in ({"minutes": -1}, {"parts": [""]}, {"parts": [{"part": "C5", "quantity": 0}]}, {"surprise": 1}):
        (reason,) = shop.bench.does(ticket, "rework") or [""]
        (refused,) = shop.bench.does(ticket, "repaired", **wrong)
        assert "action-details-wrong" in refused, (reason, refused)


def test_the_customer_gets_explanation_guidance_and_warranty(shop):
    ticket = shop.closed()
    chinese, english = page(shop, ticket, "zh-CN"), page(shop, ticket, "en")
    assert "使用与保养建议" in chinese and "请在四周留出散热空间" in chinese, "advice of the taxonomy"
    assert "Leave free space around it" in english
    assert "期内同一故障免费维修" in chinese and "repaired free of charge until then" in english


def test_what_the_desk_tells_goes_before_the_advice_of_the_taxonomy(shop):
    ticket = shop.on_bench()
    shop.act(shop.counter, ticket, "preapprove", limit_minor=0, how="in_person", said_by="李雷").raise_for_status()
    assert not shop.bench.does(ticket, "repaired", root_cause="dried_capacitor")
    shop.bench.test(ticket, "run-1")
    assert not shop.bench.does(ticket, "handed_over")
    assert "保养" not in page(shop, ticket, "zh-CN"), "told at the delivery, not before"
    told = {"explained": "电容老化，已更换", "guidance": "请勿放在暖气旁"}
    shop.act(shop.counter, ticket, "close", **told).raise_for_status()
    text = page(shop, ticket, "zh-CN")
    assert told["explained"] in text and told["guidance"] in text and "散热空间" not in text
    assert shop.shown(ticket)["timeline"][0]["payload"]["explained"] == told["explained"]

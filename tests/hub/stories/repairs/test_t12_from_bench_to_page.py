"""T12 whole: a technician proposes offline, the customer decides on the page, the bench learns of it and goes on."""

import re

import pytest
from hub_bench import FakeBench, finished, started, step
from hub_running import MakeKey, RunningHub
from waiting import wait_until

from hub.core.settings import Settings
from protocols.messages import records as r
from protocols.messages.dossiers import dossiers_of

pytestmark = pytest.mark.any_database

OFFER = {
    "options": [
        {"work": "更换 C5", "parts": [{"part": "C5-220u"}], "cost_minor": 8000},
        {"work": "更换电源板", "cost_minor": 19900},
    ]
}
NEW = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "plan": "sp-100-repair",
    "contact": {"name": "李雷", "phone": "+86 138 0000 1234"},
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": "https://service.example.com"})


def test_from_the_bench_over_the_page_and_back(connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench) -> None:
    make_key("bench", bench="bench-01")
    with connected_hub.client(make_key("counter")) as counter, connected_hub.client() as customer:
        ticket = counter.post("/api/v1/tickets", json=NEW).raise_for_status().json()["id"]
        counter.put(f"/api/v1/tickets/{ticket}/assignment", json={"bench": "bench-01"}).raise_for_status()
        *done, too_early, untested = bench.send_bodies(
            r.TicketEvent(ticket, "taken", operator="韩梅梅"),
            started("run-1", ticket),
            step("run-1", value=3.05),
            finished("run-1", r.Outcome.FAILED),
            r.TicketEvent(ticket, "propose_plan", operator="韩梅梅", details=OFFER),
            r.TicketEvent(ticket, "repaired", operator="韩梅梅"),
            r.TicketEvent(ticket, "handed_over", operator="韩梅梅"),
        )
        bench.wait_settled(*done, too_early, untested)
        assert set(done) <= bench.committed
        assert "T-000001 is awaiting_approval: repaired is not possible" in bench.refused[too_early]
        assert "handed_over is not possible" in bench.refused[untested], "nothing was repaired yet"

        link = counter.post(f"/api/v1/tickets/{ticket}/customer-link").raise_for_status().json()["url"]
        place = link.removeprefix("https://service.example.com")
        page = customer.get(place, headers={"Accept-Language": "zh-CN"}).raise_for_status().text
        (mark, *_) = re.findall(r'name="mark" value="(\w+)"', page)
        form = {"mark": mark, "answer": "approve", "option": "2", "agree": "yes"}
        assert customer.post(f"{place}/plan", data=form).status_code == 303

        def known() -> bool:
            dossier = dossiers_of(bench.desired[-1]).get(ticket) if bench.desired else None
            return dossier is not None and dossier.approval == "approved"

        wait_until(known, "the bench's knowledge of the approval")
        plan = dossiers_of(bench.desired[-1])[ticket].plan
        assert plan is not None and (plan.option, plan.options[1].work) == (2, "更换电源板")
        numbers = bench.send_bodies(
            r.TicketEvent(ticket, "repaired", details={"root_cause": "dried_capacitor", "minutes": 20}),
            started("run-2", ticket),
            step("run-2", value=3.301),
            finished("run-2"),
            r.TicketEvent(ticket, "handed_over"),
        )
        bench.wait_settled(*numbers)
        assert set(numbers) <= bench.committed
        counter.post(f"/api/v1/tickets/{ticket}/actions", json={"action": "close"}).raise_for_status()
        (repair,) = counter.get(f"/api/v1/tickets/{ticket}/repairs").json()
        assert (repair["cost_minor"], repair["plan_revision"]) == (19900, 1)
        assert "服务已完成" in customer.get(place, headers={"Accept-Language": "zh-CN"}).text

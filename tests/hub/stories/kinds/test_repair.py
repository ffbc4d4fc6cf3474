"""Repair 维修 (T1, T3, T4, T6, T12, D6): from the counter over the bench to the customer, nothing skipped."""

import pytest
from kinds_chain import Chain

from protocols.messages import records as r

pytestmark = pytest.mark.any_database
OFFER = {
    "options": [
        {"work": "更换滤波电容 C5", "parts": [{"part": "C5-220u", "name": "滤波电容"}], "cost_minor": 8000},
        {"work": "更换电源板", "parts": [{"part": "PSU-100", "name": "电源板"}], "cost_minor": 19900},
    ]
}
AT_COUNTER = {
    "channel": "counter",
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "按下电源键没有反应",
    "urgency": "high",
}


def test_a_dead_plug_is_repaired_with_evidence(chain: Chain) -> None:
    # At the counter an intake wants everything; what is missing is named (T3).
    body = {**AT_COUNTER, "kind": "repair", "contact": {"name": "李雷", "phone": "13800001234"}}
    refused = chain.counter.post("/api/v1/tickets", json=body, headers={"Accept-Language": "zh-CN"})
    assert refused.json()["detail"].startswith("维修（repair）工单缺少 4 项信息：购买凭证、随附配件、外观、照片")
    ticket = chain.takes_in("repair", **{**AT_COUNTER, "channel": "web"})
    # The hub chose bench and person by itself, and says why (T4).
    dispatch = chain.supervisor.get(f"{ticket}/dispatch").json()
    assert (dispatch["bench"], dispatch["person"], dispatch["automatic"]) == ("bench-01", chain.wang, True)
    assert "王芳: board_repair at level 2" in dispatch["because"]
    # The bench measures a low rail; two ways to repair are offered, and nothing is repaired before Li Lei agrees (T12).
    chain.does(chain.technician, ticket, "taken")
    chain.bench_tests(ticket, "SN-1", r.Outcome.FAILED)
    chain.does(chain.technician, ticket, "propose_plan", **OFFER)
    assert chain.may_not(chain.technician, ticket, "repaired", root_cause="dried_capacitor") == "action-not-possible"
    chain.does(chain.counter, ticket, "approve_plan", option=1, how="phone", said_by="李雷")
    chain.does(chain.technician, ticket, "repaired", work="更换 C5", minutes=25, root_cause="dried_capacitor")
    # It leaves the bench only after a passing test (D6).
    assert chain.may_not(chain.technician, ticket, "handed_over") == "action-guarded"
    chain.bench_tests(ticket, "SN-1")
    chain.does(chain.technician, ticket, "handed_over")
    assert chain.does(chain.counter, ticket, "close", explained="电容老化，已更换")["state"] == "closed"
    assert chain.history(ticket) == [
        *("created", "assign", "taken", "propose_plan", "approve_plan", "repaired", "handed_over", "close")
    ]
    # Management sees whose work it was (H4).
    (wang,) = [one for one in chain.manager.get("/api/v1/staff/figures").json() if one["person"] == chain.wang]
    assert (wang["closed"], wang["repairs"], wang["mean_minutes"]) == (1, 1, 25)

"""Return and exchange 退换货 (T1, S1): one proposes, another decides."""

import pytest
from kinds_chain import Chain

pytestmark = pytest.mark.any_database


def test_goods_come_back_and_two_people_decide(chain: Chain) -> None:
    ticket = chain.takes_in(
        "return_exchange",
        channel="web",
        device={"model": "SP-100", "serial": "SN-1"},
        symptom="七天内出现功能故障，要求换货",
        purchase_proof={"kind": "receipt", "number": "FP-1"},
    )
    chain.does(chain.counter, ticket, "taken")
    assert chain.may_not(chain.counter, ticket, "finding") == "action-details-wrong", "what was found has to be said"
    chain.does(chain.counter, ticket, "finding", text="无人为损坏")
    chain.does(chain.counter, ticket, "propose", decision="exchange", reason="检测确认非人为故障")
    # The counter may not decide at all, and whoever proposed may not either.
    assert chain.may_not(chain.counter, ticket, "approve") == "forbidden"
    chain.does(chain.supervisor, ticket, "reconsider")
    chain.does(chain.supervisor, ticket, "propose", decision="exchange", reason="复核一致")
    assert chain.may_not(chain.supervisor, ticket, "approve") == "action-guarded"
    chain.does(chain.manager, ticket, "approve")
    chain.does(chain.counter, ticket, "fulfil")
    assert chain.does(chain.counter, ticket, "close")["state"] == "closed"
    assert chain.history(ticket)[-4:] == ["propose", "approve", "fulfil", "close"]


def test_what_is_refused_says_why(chain: Chain) -> None:
    ticket = chain.takes_in(
        "return_exchange",
        channel="app",
        device={"model": "SP-100", "serial": "SN-2"},
        symptom="不喜欢颜色",
        purchase_proof={"kind": "order", "number": "SO-2"},
    )
    chain.does(chain.counter, ticket, "taken")
    chain.does(chain.counter, ticket, "propose", decision="refuse", reason="已使用，包装破损")
    assert chain.may_not(chain.manager, ticket, "refuse") == "action-details-wrong"
    chain.does(chain.manager, ticket, "refuse", reason="超出无理由退货范围")
    assert chain.does(chain.counter, ticket, "close")["state"] == "closed"
    newest = chain.sees(ticket)["timeline"][1]
    assert (newest["kind"], newest["payload"]["reason"]) == ("ticket.refuse", "超出无理由退货范围")


def test_one_purchase_is_refunded_once(chain: Chain) -> None:
    """R7: the same device with the same proof is another ticket's; sold again, it has a proof of its own."""

    def asks_for_a_refund(number: str, serial: str = "SN-3") -> str:
        ticket = chain.takes_in(
            "return_exchange",
            channel="web",
            device={"model": "SP-100", "serial": serial},
            symptom="七天无理由退货",
            purchase_proof={"kind": "receipt", "number": number},
        )
        chain.does(chain.counter, ticket, "taken")
        chain.does(chain.counter, ticket, "propose", decision="refund", reason="未拆封")
        return ticket

    refused = asks_for_a_refund("FP-3")
    chain.does(chain.manager, refused, "refuse", reason="已使用")
    chain.does(chain.counter, refused, "close")
    first, second = asks_for_a_refund("FP-3"), asks_for_a_refund("ｆｐ-3")
    chain.does(chain.manager, first, "approve")
    for _ in range(2):
        answer = chain.manager.post(f"{second}/actions", json={"action": "approve"})
        assert (answer.status_code, first.rpartition("/")[2] in answer.json()["detail"]) == (409, True), answer.text
        if chain.sees(first)["state"] == "approved":
            chain.does(chain.supervisor, first, "fulfil")
            chain.does(chain.counter, first, "close")
    chain.does(chain.manager, asks_for_a_refund("FP-3", "SN-4"), "approve")
    chain.counter.patch(f"{second}/intake", json={"purchase_proof": {"kind": "receipt", "number": "FP-4"}})
    chain.does(chain.manager, second, "approve")

"""Return and exchange 退换货 (T1, S1): one proposes, another decides."""

import pytest
from kinds_chain import Chain

from hub.events import service as events
from hub.identity.actors import command_line_actor
from hub.tickets.models import Ticket

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
    for language, ways in (("en", ("action refuse", "reconsider")), ("zh-CN", ("“驳回”（refuse）", "重新处理"))):
        answer = chain.manager.post(
            f"{ticket}/actions", json={"action": "approve"}, headers={"Accept-Language": language}
        )
        told = answer.json()["detail"]
        assert answer.status_code == 409 and all(way in told for way in ways), "the customer would read of an approval"
    assert chain.may_not(chain.manager, ticket, "refuse") == "action-details-wrong"
    chain.does(chain.manager, ticket, "refuse", reason="超出无理由退货范围")
    assert chain.does(chain.counter, ticket, "close")["state"] == "closed"
    newest = chain.sees(ticket)["timeline"][1]
    assert (newest["kind"], newest["payload"]["reason"]) == ("ticket.refuse", "超出无理由退货范围")


def test_whoever_decides_may_refuse_what_was_proposed_to_be_given(chain: Chain) -> None:
    ticket = asks_for(chain, "FP-9", "SN-9")
    assert chain.does(chain.manager, ticket, "refuse", reason="超出无理由退货范围")["state"] == "refused"
    refusal = asks_for(chain, "FP-10", "SN-10", "refuse")
    chain.does(chain.supervisor, refusal, "reconsider")
    chain.does(chain.counter, refusal, "propose", decision="exchange", reason="复核后同意换货")
    assert chain.does(chain.manager, refusal, "approve")["state"] == "approved"


def test_a_refusal_that_a_former_version_approved_is_not_carried_out(chain: Chain) -> None:
    ticket = asks_for(chain, "FP-11", "SN-11", "refuse")
    with chain.database.write() as session:
        session.get_one(Ticket, int(ticket.rpartition("-")[2])).state = "approved"
    answer = chain.supervisor.post(f"{ticket}/actions", json={"action": "fulfil"}, headers={"Accept-Language": "en"})
    assert (answer.status_code, "reconsider" in answer.json()["detail"]) == (409, True), answer.text
    chain.does(chain.supervisor, ticket, "reconsider")


def asks_for(chain: Chain, number: str | None, serial: str, decision: str = "refund", model: str = "SP-100") -> str:
    proof = {"kind": "none"} if number is None else {"kind": "receipt", "number": number}
    ticket = chain.takes_in(
        "return_exchange",
        channel="web",
        device={"model": model, "serial": serial},
        symptom="七天无理由退货",
        purchase_proof=proof,
    )
    chain.does(chain.counter, ticket, "taken")
    chain.does(chain.counter, ticket, "propose", decision=decision, reason="未拆封")
    return ticket


def is_refused_for(chain: Chain, ticket: str, first: str, action: str = "approve") -> None:
    who = chain.manager if action == "approve" else chain.supervisor
    answer = who.post(f"{ticket}/actions", json={"action": action})
    assert (answer.status_code, first.rpartition("/")[2] in answer.json()["detail"]) == (409, True), answer.text


def test_one_purchase_is_refunded_once(chain: Chain) -> None:
    """R7: the same device with the same proof is another ticket's; sold again, it has a proof of its own."""
    refused = asks_for(chain, "FP-3", "SN-3")
    chain.does(chain.manager, refused, "refuse", reason="已使用")
    chain.does(chain.counter, refused, "close")
    first, second = asks_for(chain, "FP-3", "SN-3"), asks_for(chain, "ｆｐ-3", "SN-3")
    chain.does(chain.manager, first, "approve")
    is_refused_for(chain, second, first)
    is_refused_for(chain, asks_for(chain, "FP-3", "SN-3", "exchange", model="SP100"), first)
    is_refused_for(chain, asks_for(chain, None, "SN-3"), first)
    chain.does(chain.supervisor, first, "fulfil")
    chain.does(chain.counter, first, "close")
    is_refused_for(chain, second, first)
    chain.does(chain.manager, asks_for(chain, "FP-3", "SN-4"), "approve")
    chain.does(chain.counter, second, "reconsider")
    corrected = {"purchase_proof": {"kind": "receipt", "number": "FP-4"}}
    chain.counter.patch(f"{second}/intake", json=corrected).raise_for_status()
    chain.does(chain.counter, second, "propose", decision="refund", reason="再次售出")
    chain.does(chain.manager, second, "approve")


def test_what_a_decision_rests_on_stays_as_it_is(chain: Chain) -> None:
    """R7: an approved return does not change its proof, so that it stands in the way of the next one."""
    first, second = asks_for(chain, "FP-5", "SN-5"), asks_for(chain, "FP-6", "SN-5")
    steps = ((chain.manager, "approve"), (chain.supervisor, "fulfil"), (chain.counter, "close"))
    for number, (who, action) in enumerate(steps):
        for wanted in (
            {"purchase_proof": {"kind": "receipt", "number": "FP-5-x"}},
            {"purchase_proof": {"kind": "none"}},
            {"purchase_proof": {"kind": "invoice"}, "contact": {"name": "韩梅梅"}},
            {"device": {"serial": "SN-6"}},
        ):
            answer = chain.counter.patch(f"{first}/intake", json=wanted)
            problem = answer.json()
            assert (answer.status_code, problem["type"]) == (409, "urn:benchwright:problem:decision-rests-on-it")
            assert ("reconsider" in problem["detail"]) is (number < 2), problem["detail"]
        same = {"purchase_proof": {"kind": "receipt", "number": "FP-5"}, "device": {"model": "sp-100"}, "fault": None}
        chain.counter.patch(f"{first}/intake", json={**same, "symptom": f"未拆封 {number}"} | {"fault": "no_power"})
        chain.does(who, first, action)
    chain.does(chain.counter, second, "reconsider")
    corrected = {"purchase_proof": {"kind": "receipt", "number": "FP-5"}}
    chain.counter.patch(f"{second}/intake", json=corrected).raise_for_status()
    chain.does(chain.counter, second, "propose", decision="refund", reason="未拆封")
    is_refused_for(chain, second, first)


def test_whoever_pays_looks_once_more(chain: Chain) -> None:
    """R7: what was approved twice before the hub looked at it is not paid twice; and no paid ticket is merged away."""
    first, second = asks_for(chain, "FP-7", "SN-7"), asks_for(chain, "FP-8", "SN-7")
    for ticket in (first, second):
        chain.does(chain.manager, ticket, "approve")
    with chain.database.write() as session:
        found = session.get_one(Ticket, int(second.rpartition("-")[2]))
        found.proof_number = "FP-7"
    is_refused_for(chain, first, second, "fulfil")
    is_refused_for(chain, second, first, "fulfil")
    merge = {"into": first.rpartition("/")[2]}
    answer = chain.manager.post(f"{second}/merge", json=merge)
    assert answer.json()["type"] == "urn:benchwright:problem:action-not-possible", answer.text
    chain.does(chain.supervisor, second, "reconsider")
    chain.manager.post(f"{second}/merge", json=merge).raise_for_status()
    chain.does(chain.supervisor, first, "fulfil")


@pytest.mark.parametrize("paid", [True, False])
def test_a_refund_that_was_merged_away_counts_when_it_was_paid(chain: Chain, paid: bool) -> None:
    """R7: former versions merged approved tickets, which nobody can pay any more, and paid ones."""
    first, second = asks_for(chain, "FP-12", "SN-12"), asks_for(chain, "FP-12", "SN-12")
    chain.does(chain.manager, first, "approve")
    if paid:
        chain.does(chain.supervisor, first, "fulfil")
    with chain.database.write() as session:
        ticket = session.get_one(Ticket, int(first.rpartition("-")[2]))
        before, ticket.state = ticket.state, "cancelled"
        ticket.merged_into, ticket.closed_at = ticket.id + 1, ticket.updated_at
        events.append(session, command_line_actor(), "ticket.merge", ticket.record, {"from": before})
    if paid:
        is_refused_for(chain, second, first)
    else:
        chain.does(chain.manager, second, "approve")


@pytest.mark.parametrize("serial", ["SN-8", "无"])
def test_a_return_without_number_passes_by_the_number_of_its_own_proof(chain: Chain, serial: str) -> None:
    """R7: the first return, closed without a number, stays as it is; a device sold again has a new receipt."""
    first = asks_for(chain, None, serial)
    for who, action in ((chain.manager, "approve"), (chain.supervisor, "fulfil"), (chain.counter, "close")):
        chain.does(who, first, action)
    second, third = asks_for(chain, None, serial, model="SP100"), asks_for(chain, "FP-20", serial)
    for language, remedy in (("en", "is missing; record it after reconsider"), ("zh-CN", "再补录凭证编号")):
        told = chain.manager.post(
            f"{second}/actions", json={"action": "approve"}, headers={"Accept-Language": language}
        ).json()["detail"]
        assert first.rpartition("/")[2] in told and remedy in told
    chain.does(chain.manager, third, "approve")
    chain.does(chain.counter, second, "reconsider")
    recorded = {"purchase_proof": {"kind": "receipt", "number": "FP-21"}}
    chain.counter.patch(f"{second}/intake", json=recorded).raise_for_status()
    chain.does(chain.counter, second, "propose", decision="refund", reason="再次售出")
    chain.does(chain.manager, second, "approve")

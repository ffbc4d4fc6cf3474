"""Consultation 咨询 (T1, T2): a question over the telephone, a promise, an answer, and what the customer was told."""

from datetime import timedelta

import pytest
from kinds_chain import TOMORROW_9, Chain

pytestmark = pytest.mark.any_database


def test_li_lei_asks_by_telephone_and_is_answered_by_the_promised_time(chain: Chain) -> None:
    # Li Lei waited 12 seconds until somebody took the call.
    ticket = chain.takes_in("consultation", channel="phone", waited_s=12, symptom="插座能用在浴室吗？")
    chain.does(chain.counter, ticket, "taken")
    # Nobody knows for sure, so that the answer is promised for tomorrow morning.
    promised = TOMORROW_9 + timedelta(hours=1)
    assert chain.does(chain.counter, ticket, "promise", promised_at=promised.isoformat())["state"] == "promised"
    chain.does(chain.counter, ticket, "answer", answer="不可以：防护等级为 IP20")
    # It ends only when the customer was told what came of it.
    assert chain.may_not(chain.counter, ticket, "inform") == "action-details-wrong"
    assert chain.does(chain.counter, ticket, "inform", outcome="客户改购防水型号")["state"] == "closed"
    assert chain.history(ticket) == ["created", "taken", "promise", "answer", "inform"]
    # The register shows it all.
    (kept,) = chain.supervisor.get("/api/v1/consultations").json()["items"]
    assert (kept["channel"], kept["waited_s"], kept["within_target"], kept["promise_kept"]) == ("phone", 12, True, True)
    assert (kept["question"], kept["outcome"]) == ("插座能用在浴室吗？", "客户改购防水型号")

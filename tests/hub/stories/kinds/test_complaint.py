"""Complaint 投诉 (T1, C1, C2): one owner, facts before a cause, a remedy, feedback with an apology, a second round."""

import httpx
import pytest
from kinds_chain import Chain

pytestmark = pytest.mark.any_database


def test_a_rude_answer_is_made_good(chain: Chain, admin: httpx.Client) -> None:
    ticket = chain.takes_in("complaint", channel="phone", symptom="店员态度恶劣，拒绝接待")
    chain.does(chain.counter, ticket, "classify", complaint_class="service_attitude")
    body = {"login": "hong.mei", "name": "洪梅", "role": "counter", "stores": ["north"], "password": "long enough 1"}
    hong = admin.post("/api/v1/users", json=body).raise_for_status().json()["id"]
    refused = chain.may_not(chain.supervisor, ticket, "name_owner", owner=chain.wang)
    assert refused == "action-details-wrong", "a technician does not see complaints"
    assert chain.does(chain.supervisor, ticket, "name_owner", owner=hong)["owner"] == hong
    chain.does(chain.counter, ticket, "taken")
    chain.does(chain.counter, ticket, "finding", text="监控录像已核实")
    chain.does(chain.counter, ticket, "conclude", cause="attitude", because="两名同事证实")
    chain.does(chain.counter, ticket, "propose_remedy", remedy="apology", offer="店长当面致歉")
    chain.does(chain.counter, ticket, "agree", how="phone")
    chain.does(chain.counter, ticket, "fulfil")
    told = {"how": "phone", "outcome": "已致歉并培训", "apology": "非常抱歉"}
    chain.does(chain.counter, ticket, "feedback", **told)
    # Li Lei is not content yet: a second round begins.
    assert chain.does(chain.counter, ticket, "dispute", reason="希望书面致歉")["state"] == "in_progress"
    chain.does(chain.counter, ticket, "finding", text="监控录像已核实")
    chain.does(chain.counter, ticket, "conclude", cause="attitude", because="首轮未书面回复")
    chain.does(chain.counter, ticket, "propose_remedy", remedy="apology", offer="书面致歉")
    chain.does(chain.counter, ticket, "agree", how="phone")
    chain.does(chain.counter, ticket, "fulfil")
    chain.does(chain.counter, ticket, "feedback", **told)
    assert chain.does(chain.counter, ticket, "close")["state"] == "closed"
    assert chain.history(ticket).count("feedback") == 2

"""T9, T10: who was told that a return is approved is told, too, that the approval was taken back."""

import httpx
import pytest
from kinds_chain import Chain
from sqlalchemy import select

from hub.core.settings import Settings
from hub.jobs.job import JobRun
from hub.notifications.models import Notification
from hub.notifications.sending import plan_messages

pytestmark = pytest.mark.any_database
URL = "https://service.example.com"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": URL})


def test_an_approval_that_was_taken_back_is_told(chain: Chain, settings: Settings) -> None:
    ticket = chain.takes_in(
        "return_exchange",
        channel="web",
        device={"model": "SP-100", "serial": "SN-1"},
        symptom="七天无理由退货",
        purchase_proof={"kind": "receipt", "number": "FP-1"},
    )
    page = chain.counter.post(f"{ticket}/customer-link", json={}).raise_for_status().json()["url"].removeprefix(URL)

    def told(client: httpx.Client, language: str, *words: str) -> None:
        text = client.get(page, params={"lang": language}).raise_for_status().text
        places = [text.find(one) for one in words]
        assert -1 not in places and places == sorted(places), (words, text)

    chain.does(chain.counter, ticket, "taken")
    chain.does(chain.counter, ticket, "propose", decision="refund", reason="未拆封")
    chain.does(chain.counter, ticket, "reconsider")
    told(chain.counter, "en", "We are working on it.", "Work has begun", "Looked at once more")
    chain.does(chain.counter, ticket, "propose", decision="refund", reason="未拆封")
    chain.does(chain.manager, ticket, "approve")
    chain.does(chain.supervisor, ticket, "reconsider")
    told(chain.counter, "en", "Looked at once more", "Request approved", "Approval taken back; looked at once more")
    told(chain.counter, "zh-CN", "重新处理", "申请已批准", "批准已撤回，重新处理")

    plan_messages(JobRun(chain.database, settings))
    with chain.database.read() as session:
        made = list(session.scalars(select(Notification).order_by(Notification.id)))
    assert [one.template for one in made] == ["received", "in_progress", "approval_taken_back"], "once, when it held"

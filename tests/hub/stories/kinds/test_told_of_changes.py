"""T9, T10: whatever becomes of what a customer was told is told, too: on the page, and by a message."""

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


def reads(client: httpx.Client, page: str, language: str, *words: str) -> None:
    text = client.get(page, params={"lang": language}).raise_for_status().text
    places = [text.find(one) for one in words]
    assert -1 not in places and places == sorted(places), (words, text)


def messages(chain: Chain, settings: Settings) -> list[Notification]:
    plan_messages(JobRun(chain.database, settings))
    with chain.database.read() as session:
        return list(session.scalars(select(Notification).order_by(Notification.id)))


def test_a_ticket_that_goes_on_in_another_one_is_not_called_cancelled(chain: Chain, settings: Settings) -> None:
    kept, double = (
        chain.takes_in("repair", device={"model": "SP-100", "serial": "SN-2"}, symptom="无法开机") for _ in range(2)
    )
    page = chain.counter.post(f"{double}/customer-link", json={}).raise_for_status().json()["url"].removeprefix(URL)
    chain.supervisor.post(f"{double}/merge", json={"into": kept.rpartition("/")[2]}).raise_for_status()
    reads(chain.counter, page, "en", "Your request was joined with another ticket", "Joined with another ticket, where")
    reads(chain.counter, page, "zh-CN", "您的服务请求已并入另一工单", "已并入另一工单继续处理")
    assert [one.template for one in messages(chain, settings)] == ["received", "received", "merged"]


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
        reads(client, page, language, *words)

    chain.does(chain.counter, ticket, "taken")
    chain.does(chain.counter, ticket, "propose", decision="refund", reason="未拆封")
    chain.does(chain.counter, ticket, "reconsider")
    told(chain.counter, "en", "We are working on it.", "Work has begun", "Looked at once more")
    chain.does(chain.counter, ticket, "propose", decision="refund", reason="未拆封")
    chain.does(chain.manager, ticket, "approve")
    chain.does(chain.supervisor, ticket, "reconsider")
    told(chain.counter, "en", "Looked at once more", "Request approved", "Approval taken back; looked at once more")
    told(chain.counter, "zh-CN", "重新处理", "申请已批准", "批准已撤回，重新处理")

    chain.does(chain.counter, ticket, "propose", decision="exchange", reason="未拆封")
    chain.does(chain.manager, ticket, "refuse", reason="已激活使用")
    chain.does(chain.supervisor, ticket, "reconsider")
    chain.does(chain.counter, ticket, "propose", decision="exchange", reason="未拆封")
    chain.does(chain.manager, ticket, "approve")
    chain.does(chain.supervisor, ticket, "fulfil")

    made = messages(chain, settings)
    assert [one.template for one in made] == [
        *("received", "in_progress", "approved", "approval_taken_back"),
        *("refused", "looked_at_again", "approved", "carried_out"),
    ], "each once, when it held"
    assert not any("已激活" in (one.body or "") for one in made), "what is written for colleagues stays with them"

"""Commands to a bench over MQTT 5 request/response, and their answers."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.identity.actors import Actor
from hub.mqtt import Arrived, Endpoint, Link
from protocols.errors import ProtocolError
from protocols.messages import codec, topics
from protocols.messages.control import Action, Command, Reply

NO_BROKER = ProblemType(
    "no-broker",
    503,
    {"en": "The hub has no connection to the broker", "zh-CN": "服务器未连接消息代理"},
    {"en": "Commands cannot be sent now; try again in a few seconds.", "zh-CN": "暂时无法发送指令，请稍后重试。"},
)
NO_ANSWER = ProblemType(
    "no-answer",
    504,
    {"en": "The bench did not answer in time", "zh-CN": "工位未及时应答"},
    {
        "en": "Bench {bench} gave no answer within {seconds} s; it may be offline, and the command has expired.",
        "zh-CN": "工位 {bench} 在 {seconds} 秒内没有应答；它可能离线，指令已失效。",
    },
)


@dataclass(frozen=True, slots=True)
class _Pending:
    bench: str
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Reply]"


class CommandDesk:
    """Sends commands and matches replies by correlation data; one per API process."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._pending: dict[bytes, _Pending] = {}
        self.link = Link(endpoint, "commands", [topics.topic("+", topics.UP_REPLY)], self._arrived)

    async def ask(self, actor: Actor, bench: str, action: Action, timeout_s: float) -> Reply:
        """Return the bench's reply; raise the no-broker problem, or the no-answer problem after ``timeout_s``."""
        expiry_s = ceil(timeout_s)
        command = Command(
            bench=bench,
            actor=actor.name[:64],
            role=actor.role.value,
            action=action,
            expires_at=now() + timedelta(seconds=timeout_s),
        )
        correlation = secrets.token_bytes(16)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = topics.topic(bench, topics.UP_REPLY)
        properties.CorrelationData = correlation
        properties.MessageExpiryInterval = expiry_s
        loop = asyncio.get_running_loop()
        pending = _Pending(bench, loop, loop.create_future())
        self._pending[correlation] = pending
        try:
            topic = topics.topic(bench, topics.DOWN_COMMAND)
            if not self.link.publish(topic, codec.encode(command), properties=properties):
                raise Problem(NO_BROKER)
            return await asyncio.wait_for(pending.answer, timeout_s)
        except TimeoutError as error:
            raise Problem(NO_ANSWER, bench=bench, seconds=timeout_s) from error
        finally:
            del self._pending[correlation]

    def _arrived(self, message: Arrived) -> None:
        pending = self._pending.get(message.correlation or b"")
        if pending is None:
            return  # too late, or meant for another process
        try:
            reply = codec.decode(message.payload, Reply)
            if topics.bench_of(message.topic) != pending.bench or reply.bench != pending.bench:
                return
        except ProtocolError as error:
            reply = Reply(bench=pending.bench, ok=False, detail=f"the bench's reply cannot be read: {error}"[:500])
        pending.loop.call_soon_threadsafe(_set_once, pending.answer, reply)


def _set_once(answer: "asyncio.Future[Reply]", reply: Reply) -> None:
    if not answer.done():
        answer.set_result(reply)

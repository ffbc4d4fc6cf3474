"""Every job of the hub, in one table."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hub.aftercare import queries as aftercare_queries
from hub.aftercare import service as aftercare
from hub.backup.jobs import back_up
from hub.core.idempotency_models import KeptAnswer
from hub.customers.devices import due_inspections
from hub.customers.service import recompute_tiers
from hub.dispatch.service import retry_due
from hub.events.following import behind
from hub.identity.models import LoginSession
from hub.jobs.job import ACTOR, Job, in_transaction
from hub.knowledge import fixes
from hub.notifications import queries as notifications
from hub.notifications.planning import FOLLOWER as NOTIFICATIONS
from hub.notifications.sending import plan_messages, send_messages
from hub.sla.queries import anything_due
from hub.sla.watching import FOLLOWER as SERVICE_LEVELS
from hub.sla.watching import look, note_touched
from hub.webhooks import queries as webhook_queries
from hub.webhooks import service as webhooks
from hub.webhooks.sending import send_webhooks

WEBHOOK_LOG_FOR = timedelta(days=30)


def _forget_expired(session: Session, at: datetime) -> int:
    done = 0
    for table in (KeptAnswer, LoginSession):
        done += session.execute(delete(table).where(table.expires_at < at)).rowcount  # type: ignore[attr-defined]
    return done + webhook_queries.forget_old(session, at - WEBHOOK_LOG_FOR)


def _draft_verified_fixes(session: Session, _at: datetime) -> int:
    return len(fixes.draft_new(session, ACTOR, limit=20))


def _recompute_tiers(session: Session, _at: datetime) -> int:
    done, after = 0, 0
    while True:
        changed, following = recompute_tiers(session, after=after)
        done += changed
        if following is None:
            return done
        after = following


JOBS: tuple[Job, ...] = (
    Job(
        "sla.follow",
        {"en": "Find the tickets whose clocks new events have moved", "zh-CN": "查找时限受新事件影响的工单"},
        in_transaction(note_touched),
        due=lambda session, _at: behind(session, SERVICE_LEVELS),
    ),
    Job(
        "sla.look",
        {"en": "Remind, warn and escalate where a clock has passed a mark", "zh-CN": "到点提醒、预警与升级"},
        look,
        due=anything_due,
    ),
    Job(
        "notifications.plan",
        {"en": "Turn new events into messages to customers and staff", "zh-CN": "将新事件转为给客户和员工的通知"},
        plan_messages,
        due=lambda session, _at: behind(session, NOTIFICATIONS),
    ),
    Job(
        "notifications.send",
        {"en": "Send the messages that wait", "zh-CN": "发送待发通知"},
        send_messages,
        due=notifications.due,
    ),
    Job(
        "webhooks.plan",
        {"en": "Turn new events into webhook deliveries", "zh-CN": "将新事件转为 Webhook 投递"},
        in_transaction(webhooks.plan),
        due=lambda session, _at: behind(session, webhooks.FOLLOWER),
    ),
    Job(
        "webhooks.send",
        {"en": "Push the webhook deliveries that are due", "zh-CN": "推送到期的 Webhook 投递"},
        send_webhooks,
        due=webhook_queries.due,
    ),
    Job(
        "aftercare.ask",
        {"en": "Ask customers of closed tickets how it was", "zh-CN": "向已关闭工单的客户发出评价邀请"},
        in_transaction(lambda session, at: aftercare.ask_due(session, at, ACTOR)),
        due=aftercare_queries.any_survey_due,
    ),
    Job(
        "aftercare.remind",
        {"en": "Remind of call-backs nearly due and improvements overdue", "zh-CN": "提醒即将到期的回访与逾期的改进"},
        in_transaction(lambda session, at: aftercare.remind_due(session, at, ACTOR)),
        every=timedelta(minutes=10),
    ),
    Job(
        "backup",
        {"en": "Back everything up to another place, and check it", "zh-CN": "每日异地备份并校验"},
        back_up,
        every=timedelta(days=1),
        at=lambda settings: timedelta(hours=settings.backup_hour_utc),
        wanted=lambda settings: settings.backup_dir is not None,
    ),
    Job(
        "housekeeping",
        {
            "en": "Forget expired sessions, kept answers and old logs",
            "zh-CN": "清理过期的会话、幂等答复与旧日志",
        },
        in_transaction(_forget_expired),
        every=timedelta(hours=1),
    ),
    Job(
        "dispatch",
        {"en": "Dispatch tickets that waited for a shift", "zh-CN": "派发等待班次的工单"},
        in_transaction(retry_due),
        every=timedelta(minutes=1),
    ),
    Job(
        "inspections",
        {"en": "Remind owners of inspections that are due", "zh-CN": "提醒客户设备例行检查到期"},
        in_transaction(due_inspections),
        every=timedelta(hours=1),
    ),
    Job(
        "tiers",
        {"en": "Compute membership tiers anew as purchases get old", "zh-CN": "按有效消费重新计算会员等级"},
        in_transaction(_recompute_tiers),
        every=timedelta(hours=24),
    ),
    Job(
        "verified_fixes",
        {
            "en": "Draft articles from repairs that prove a new fix",
            "zh-CN": "根据已验证的维修生成知识草稿",
        },
        in_transaction(_draft_verified_fixes),
        every=timedelta(days=1),
    ),
)
"""A new job is a row here; its function stands in the folder of its domain."""

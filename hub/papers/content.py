"""What stands on a slip and in a report, in one language."""

from typing import Any

from sqlalchemy.orm import Session

from hub.calendars import service as calendars
from hub.core.i18n import Language
from hub.core.problems import Problem, ProblemType
from hub.measurements.essentials import Shown
from hub.portal import queries
from hub.portal.links import qr_svg
from hub.portal.models import PortalLink
from hub.portal.view import Clock, Page, page_of
from hub.portal.words import Speaker
from hub.stores.models import Store
from hub.tickets import remarks
from hub.tickets.kinds import KINDS, Kind
from hub.tickets.models import Ticket

_WORKED = ("ticket.inspected", "ticket.upgraded", "ticket.installed")
NOTHING_TO_REPORT = ProblemType(
    "nothing-to-report",
    409,
    {"en": "There is nothing to report yet", "zh-CN": "暂无可出具的报告"},
    {
        "en": "{ticket} ({ticket_kind}) has neither plan nor work nor measurements; print its slip instead.",
        "zh-CN": "{ticket}（{ticket_kind}）尚无方案、作业或检测记录；可打印受理单。",
    },
)


def slip(
    session: Session, ticket: Ticket, link: PortalLink | None, url: str | None, language: Language
) -> dict[str, Any]:
    """Return the content of the slip: what was taken in, and the way to the ticket's page (T10)."""
    say = Speaker(language)
    page = page_of(session, ticket, link, b"", language)
    accessories = ("、" if language == "zh-CN" else ", ").join(str(one) for one in ticket.accessories or ())
    masked = dict(page.facts)
    facts = (
        (say("page.received"), masked[say("page.received")]),
        (say("page.device"), ticket.model),
        (say("page.serial"), ticket.serial),
        (say(f"matter.{ticket.kind}"), ticket.symptom),
        (say("paper.accessories"), accessories),
        (say("paper.appearance"), ticket.appearance),
        (say("paper.customer"), masked.get(say("page.contact"))),
    )
    return {
        **_frame(session, ticket, url, say),
        "title": say(f"slip.{ticket.kind}"),
        "facts": [(name, value) for name, value in facts if value],
        "terms": say(f"terms.{ticket.kind}"),
    }


def report(
    session: Session, ticket: Ticket, link: PortalLink | None, url: str | None, language: Language
) -> dict[str, Any]:
    """Return the content of the report: plan, work or result, parts, time, readings and advice (T13).

    Raises the nothing-to-report problem while none of that is there.
    """
    say = Speaker(language)
    page = page_of(session, ticket, link, b"", language)
    done = _done(page, say) or _result(session, ticket, say)
    if not (done or page.plan or page.readings):
        raise Problem(NOTHING_TO_REPORT, ticket=ticket.public_id, ticket_kind=KINDS[Kind(ticket.kind)])
    facts = [
        (name, ticket.serial if name == say("page.serial") else value)
        for name, value in page.facts
        if name not in {say("page.store"), say("page.telephone")}
    ]
    return {
        **_frame(session, ticket, url, say),
        "title": say(f"report.{ticket.kind}"),
        "headings": {
            "device": say("paper.device"),
            "plan": say("plan.title"),
            "repair": say("page.repair" if page.done else "paper.work_done"),
            "readings": say("page.readings"),
            "care": say("paper.care"),
        },
        "facts": [*facts, (say("page.status"), page.status)],
        "plan": _plan(page, say),
        "done": done,
        "columns": [say(f"page.{name}") for name in ("measured", "before", "after", "limits")],
        "readings": [
            {
                "title": row.title,
                "limits": row.limits,
                "before": _shown(row.before, say),
                "after": _shown(row.after, say),
            }
            for row in page.readings
        ],
        "test": page.test,
        "care": list(page.care),
    }


def _frame(session: Session, ticket: Ticket, url: str | None, say: Speaker) -> dict[str, Any]:
    store = session.get(Store, ticket.store) if ticket.store else None
    return {
        "ticket": ticket.public_id,
        "lang": "zh" if say.language == "zh-CN" else "en",
        "region": "cn" if say.language == "zh-CN" else "gb",
        "store": {
            "name": store.name if store else say("paper.desk"),
            "address": store.address if store else None,
            "phone": store.phone if store else None,
        },
        "qr": qr_svg(url).decode() if url else None,
        "qr_words": say(f"scan.{ticket.kind}"),
        "sign_customer": say("paper.sign_customer"),
        "sign_store": say("paper.sign_store"),
    }


def _plan(page: Page, say: Speaker) -> list[tuple[str, str]]:
    if page.plan is None:
        return []
    rows = [
        (say("plan.option", number=option.number), f"{option.work}  {option.price}")
        for option in page.plan.options
        if page.plan.chosen in {None, option.number}
    ]
    return [*rows, ("", page.plan.note)]


def _done(page: Page, say: Speaker) -> list[tuple[str, str]]:
    done = page.done
    if done is None:
        return []
    comma = "、" if say.language == "zh-CN" else ", "
    rows = (
        (say("paper.when"), done.at),
        (say("page.cause"), page.cause),
        (say("page.work"), done.work),
        (say("page.parts"), comma.join(done.parts) or say("page.no_parts")),
        (say("page.duration"), done.duration),
        (say("page.cost"), done.price),
    )
    return [(name, value) for name, value in rows if value]


def _result(session: Session, ticket: Ticket, say: Speaker) -> list[tuple[str, str]]:
    """Return what came out of an inspection, an upgrade or an installation."""
    happened = queries.events_of_kinds(session, ticket.record, list(_WORKED), 1)
    if not happened:
        return []
    told = remarks.shown(session, happened)[0]
    when = Clock(calendars.time_zone(session), say.language).moment(told.occurred_at)
    result, words = (told.payload.get(name) for name in ("result", "report"))
    rows = (
        (say("paper.performed"), when),
        (say("paper.result"), say.maybe("paper", str(result))),
        (say("paper.findings"), words),
    )
    return [(name, str(value)) for name, value in rows if value]


def _shown(shown: Shown | None, say: Speaker) -> dict[str, str] | None:
    if shown is None:
        return None
    return {"text": shown.text or "–", "verdict": shown.verdict, "words": say(f"page.{shown.verdict}")}

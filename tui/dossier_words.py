"""A ticket in words: what the hub tells of it, and the note that goes with the device when it is handed over."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeAlias

from textual.content import Content

from edge_agent.local_api.views import RunState, TicketView
from protocols.messages.dossiers import Deadline, Dossier, PlanOffered, RepairCover, Suggestion
from tui.formatting import one_line, span_words
from tui.i18n import N_, _, ngettext, pick, titled
from tui.screens.ticket_actions import money, told
from tui.words import ACTIONS, APPROVALS, CLOCKS, OUTCOMES, PLAN_STATES, STATES, URGENCIES, called


def next_deadline(dossier: Dossier | None) -> Deadline | None:
    """Return the clock that is due first."""
    known = [(one.due, one) for one in (dossier.deadlines if dossier else ()) if one.due is not None]
    return min(known, key=lambda pair: pair[0])[1] if known else None


def time_left(dossier: Dossier | None, now: datetime) -> tuple[str, str]:
    """Return how long there is until the first clock is due, and its style; empty where nothing is timed."""
    first = next_deadline(dossier)
    if first is None or first.due is None:
        waits = dossier is not None and any(one.state == "paused" for one in dossier.deadlines)
        return (_("paused"), "$text-muted") if waits else ("", "")
    seconds = (first.due - now).total_seconds()
    if seconds < 0:
        return "-" + span_words(-seconds), "bold $text-error"
    return span_words(seconds), "$text-warning" if seconds < 4 * 3600 else ""


def summary(dossier: Dossier, now: datetime) -> Content:
    """Return one line for the ticket's screen."""
    parts = []
    left, style = time_left(dossier, now)
    if left:
        name = _("deadline") if next_deadline(dossier) is None else _("due in")
        parts.append(Content.assemble((name + " ", "$text-muted"), (left, style)))
    if dossier.kind in {"", "repair"}:
        approval = called(APPROVALS, dossier.approval) if dossier.approval else _("the customer was not asked yet")
        parts.append(Content(approval))
    if dossier.history:
        count = len(dossier.history)
        words = ngettext("{count} earlier repair", "{count} earlier repairs", count).format(count=count)
        parts.append(Content.styled(words, "$text-warning"))
    if dossier.suggestions:
        count = len(dossier.suggestions)
        parts.append(Content(ngettext("{count} article", "{count} articles", count).format(count=count)))
    return Content("  ·  ").join(parts)


def cover(warranty: RepairCover) -> Content:
    """Return what an earlier repair's warranty means for this ticket, in one line (T15)."""
    words, style = _COVERS.get(warranty.verdict, _COVERS["possible"])
    return Content.styled(
        _(words).format(ticket=warranty.ticket, until=f"{warranty.until.astimezone():%Y-%m-%d}"), style
    )


_COVERS = {
    "possible": (
        N_("{ticket} is under repair warranty until {until}: free if the same fault"),
        "bold $text-warning",
    ),
    "repeat": (N_("Repeat of {ticket} within its repair warranty (until {until}): free"), "bold $text-success"),
    "different": (N_("{ticket} is under repair warranty until {until}; this is another fault"), "$text-muted"),
}


Naming: TypeAlias = "Callable[[str], str]"
"""Gives a root cause its name."""


def page(view: TicketView | None, run: RunState | None, now: datetime, cause: Naming = str) -> Content:
    """Return everything that is known, section after section."""
    if view is None:
        return Content.styled(_("This ticket is not on the worklist of this bench (any more)."), "$text-warning")
    item, dossier = view.item, view.dossier
    lines = [
        Content.assemble((item.ticket, "bold $primary"), (f"  {called(STATES, item.state)}", "bold")),
        Content.assemble((f"{item.device.model}  {item.device.serial}", "bold")),
        Content(one_line(item.symptom)),
    ]
    if dossier is None:
        lines += [Content(""), Content.styled(_("The hub has told no more about this ticket."), "$text-muted")]
    else:
        for title, section in _sections(dossier, now, cause):
            lines += [Content(""), Content.styled(title, "bold $text-accent"), *section]
    lines += [Content(""), Content.styled(_("Delivery note"), "bold $text-accent"), *_delivery_note(view, run, cause)]
    return Content("\n").join(lines)


def _sections(dossier: Dossier, now: datetime, cause: Naming) -> Iterator[tuple[str, list[Content]]]:
    yield _("Intake"), list(_intake(dossier))
    if dossier.deadlines:
        yield _("Deadlines"), [_deadline(one, now) for one in dossier.deadlines]
    if dossier.kind in {"", "repair"}:
        yield _("Repair plan"), list(_plan(dossier.plan, dossier.approval))
    yield _("Earlier repairs of this device"), list(_history(dossier, cause))
    yield _("Knowledge"), list(_knowledge(dossier.suggestions))
    if dossier.pictures:
        yield (
            _("Photos and documents (at the hub)"),
            [
                Content(f"{one.purpose or one.media_type}  {one.name}  {one.size / 1024:.0f} kB  {one.sha256[:12]}…")
                for one in dossier.pictures
            ],
        )


def _intake(dossier: Dossier) -> Iterator[Content]:
    if dossier.received_at is not None:
        yield _fact(_("received"), f"{dossier.received_at.astimezone():%Y-%m-%d %H:%M}")
    for label, text in (
        (_("fault as reported"), dossier.fault),
        (_("urgency"), called(URGENCIES, dossier.urgency) if dossier.urgency else None),
        (_("appearance"), dossier.appearance),
        (_("accessories"), ", ".join(dossier.accessories)),
    ):
        if text:
            yield _fact(label, text)
    yield _fact(_("proof of purchase or warranty"), dossier.proof or _("none was recorded: check before charging"))


def _deadline(deadline: Deadline, now: datetime) -> Content:
    name = called(CLOCKS, deadline.clock)
    if deadline.due is None:
        return _fact(name, _("paused") if deadline.state == "paused" else deadline.state)
    seconds = (deadline.due - now).total_seconds()
    when = f"{deadline.due.astimezone():%m-%d %H:%M}"
    if seconds < 0:
        return Content.assemble(
            (f"{name}  ", "$text-muted"), (_("over by {time}").format(time=span_words(-seconds)), "bold $text-error")
        )
    return _fact(name, _("{time} left, until {when}").format(time=span_words(seconds), when=when))


def _plan(plan: PlanOffered | None, approval: str | None) -> Iterator[Content]:
    words = called(APPROVALS, approval) if approval else _("the customer was not asked yet")
    yield _fact(_("customer"), words)
    if plan is None:
        yield Content.styled(_("No plan was proposed. Ctrl+E on the ticket proposes one."), "$text-muted")
        return
    yield Content(_("revision {number}: {state}").format(number=plan.revision, state=called(PLAN_STATES, plan.status)))
    for number, option in enumerate(plan.options, 1):
        mark = "✓" if plan.option == number else " "
        parts = f" ({', '.join(option.parts)})" if option.parts else ""
        yield Content(f"{mark} {number}. {one_line(option.work)}{parts}  {money(option.cost_minor, option.currency)}")


def _history(dossier: Dossier, cause: Naming) -> Iterator[Content]:
    if dossier.cover is not None:
        yield cover(dossier.cover)
        yield _fact(_("warranted fault"), cause(dossier.cover.fault))
    if not dossier.history:
        yield Content.styled(_("None is known."), "$text-muted")
    for one in dossier.history:
        yield Content.assemble(
            (f"{one.at.astimezone():%Y-%m-%d}  {one.ticket}  ", "bold"),
            (f"{called(STATES, one.state)}  {one_line(one.symptom)}", ""),
        )
        found = cause(one.root_cause) if one.root_cause else ""
        done = "; ".join(filter(None, (found, one_line(one.work), ", ".join(one.parts))))
        if done:
            yield Content(f"   {done}")


def _knowledge(suggestions: tuple[Suggestion, ...]) -> Iterator[Content]:
    if not suggestions:
        yield Content.styled(_("Nothing fits yet; a failing test finds more."), "$text-muted")
    for one in suggestions:
        yield Content.assemble((f"{one.article}  ", "$text-muted"), (one_line(pick(one.title)), "bold"))
        if one.because:
            yield Content.styled(
                "   " + _("because of {words}").format(words=one_line(", ".join(one.because))), "$text-muted"
            )
        yield from (Content("   " + one_line(line)) for line in pick(one.body).splitlines() if line.strip())


def _delivery_note(view: TicketView, run: RunState | None, cause: Naming) -> Iterator[Content]:
    """Yield what goes with the device: cause, work, parts, and the result of the last test."""
    done = [event for event in view.events if event.state != "refused"]
    repairs = [event for event in done if event.action == "repaired"]
    if not repairs:
        yield Content.styled(_("Nothing was repaired here yet."), "$text-muted")
    for event in repairs:
        yield _fact(called(ACTIONS, event.action), "  ".join(filter(None, (event.note, told(event.details, cause)))))
    if run is not None and run.outcome is not None:
        yield _fact(_("last test"), titled(f"{run.plan.name} {run.plan.version}", _(OUTCOMES[run.outcome])))
    notes = [event.note for event in done if event.action == "handed_over" and event.note]
    yield from (_fact(_("for the customer"), one) for one in notes)


def _fact(label: str, text: str) -> Content:
    return Content.assemble((f"{label}  ", "$text-muted"), (one_line(text), ""))

"""What a technician records on a ticket, the same from the worklist and from the ticket itself.

Nothing confirmed is lost: an entry that the agent did not keep comes back into its form with the reason.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edge_agent.local_api.client import AgentError
from tui.formatting import one_line
from tui.i18n import N_, _
from tui.keys import Key
from tui.screens.form import Field, FormDialog, refilled

if TYPE_CHECKING:
    from tui.app import BenchApp

TICKET_KEYS = (
    Key("f5", "take", N_("Take"), N_("Take this ticket: you begin to work on it.")),
    Key("f6", "hold", N_("Hold"), N_("Put this ticket on hold, with the reason.")),
    Key("f7", "finding", N_("Finding"), N_("Record what you found, with the root cause.")),
    Key("f8", "repaired", N_("Repaired"), N_("Record the repair, with parts and notes.")),
    Key("f9", "start_run", N_("Test"), N_("Start the test plan of this ticket.")),
    Key("f12", "hand_over", N_("Hand over"), N_("Hand the repaired device over to the counter.")),
    Key("ctrl+o", "note", N_("Note"), N_("Add a note to this ticket."), in_bar=False),
)

_HOLD = (Field("reason", N_("Reason"), N_("waiting for a part, for the customer …"), required=True),)
_NOTE = (Field("note", N_("Note"), required=True),)
_HAND_OVER = (Field("note", N_("Note for the counter")),)


async def take(app: "BenchApp", ticket: str) -> None:
    """Begin work on a ticket; the agent's ``AgentError`` is the caller's to show."""
    await app.record(ticket, "taken")


async def hold(app: "BenchApp", ticket: str) -> bool:
    """Ask for the reason and put the ticket on hold; return whether it was."""
    return await _fill_in(app, ticket, "held", title=N_("Put on hold"), fields=_HOLD, save=N_("Hold"))


async def note(app: "BenchApp", ticket: str) -> bool:
    """Ask for a note and add it."""
    return await _fill_in(app, ticket, "note", title=N_("Add a note"), fields=_NOTE, save=N_("Save"))


async def hand_over(app: "BenchApp", ticket: str) -> bool:
    """Ask for words to the counter and hand over."""
    return await _fill_in(
        app, ticket, "handed_over", title=N_("Hand over to the counter"), fields=_HAND_OVER, save=N_("Hand over")
    )


async def finding(app: "BenchApp", ticket: str) -> bool:
    """Ask for root cause and words; the suspects of the last run are offered."""
    causes = suspected_causes(app, ticket)
    fields = (
        Field("root_cause", N_("Root cause"), required=True, value=causes[0] if causes else "", suggestions=causes),
        Field("note", N_("What you found")),
    )
    return await _fill_in(app, ticket, "finding", title=N_("Finding"), fields=fields, save=N_("Save"))


async def repaired(app: "BenchApp", ticket: str) -> bool:
    """Ask for cause, parts and words."""
    known = app.bench.ticket(ticket)
    found = [event.details.get("root_cause") for event in (known.events if known else ()) if event.action == "finding"]
    causes = suspected_causes(app, ticket)
    cause = next((str(one) for one in reversed(found) if one), causes[0] if causes else "")
    fields = (
        Field("root_cause", N_("Root cause"), required=True, value=cause, suggestions=causes),
        Field("parts", N_("Parts replaced"), N_("separated by commas, e.g. C5 220 µF, U2")),
        Field("note", N_("What was done"), required=True),
    )
    return await _fill_in(app, ticket, "repaired", title=N_("Repaired"), fields=fields, save=N_("Save"))


def suspected_causes(app: "BenchApp", ticket: str) -> tuple[str, ...]:
    """Return the suspects of the last run, if it was of this ticket, the likeliest first."""
    run = app.bench.run
    return tuple(one.cause for one in run.suspects) if run is not None and run.ticket == ticket else ()


def details_of(values: dict[str, str]) -> dict[str, Any]:
    """Return what goes into an event's details: everything but the note; parts become a list."""
    details: dict[str, Any] = {name: text for name, text in values.items() if text and name not in {"note", "parts"}}
    if parts := [part.strip() for part in values.get("parts", "").replace("，", ",").split(",") if part.strip()]:
        details["parts"] = parts
    return details


def told(details: dict[str, Any]) -> str:
    """Return an event's details for people."""
    names = {"root_cause": _("root cause"), "parts": _("parts"), "reason": _("reason")}
    words = []
    for name, content in details.items():
        text = ", ".join(map(str, content)) if isinstance(content, list) else str(content)
        words.append(f"{names.get(name, name)}: {one_line(text)}")
    return "; ".join(words)


async def _fill_in(
    app: "BenchApp", ticket: str, action: str, *, title: str, fields: Sequence[Field], save: str
) -> bool:
    error = ""
    while True:
        values = await app.push_screen_wait(FormDialog(title, fields, save, about=ticket, error=error))
        if values is None:
            return False
        try:
            await app.record(ticket, action, values.get("note", ""), details_of(values))
        except AgentError as refused:
            fields, error = refilled(fields, values), _("Not kept: {reason}").format(reason=refused)
        else:
            return True

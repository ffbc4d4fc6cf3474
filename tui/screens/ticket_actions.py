"""What a technician records on a ticket, the same from the worklist and from the ticket itself.

Nothing confirmed is lost: an entry that the agent did not keep comes back into its form with the reason. The names of
actions are those of the hub's table of transitions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.requests import GetRuns
from edge_agent.local_api.views import RunSummary, TicketEventView, TicketView
from tui.formatting import one_line, parse_number
from tui.heard import heard
from tui.i18n import N_, _, pick, titled
from tui.keys import Key
from tui.screens.form import Field, FormDialog, choices_of, one_of, refilled
from tui.standing import is_waiting, objection, standings
from tui.words import ACTIONS, INSPECTED, WAITING_FOR, called

if TYPE_CHECKING:
    from tui.app import BenchApp

TICKET_KEYS = (
    Key("f5", "take", N_("Take"), N_("Take this ticket: you begin to work on it.")),
    Key("f6", "hold", N_("Hold"), N_("Put this ticket on hold, with the reason; or take it up again.")),
    Key("f7", "finding", N_("Finding"), N_("Record what you found, with the root cause.")),
    Key("f8", "repaired", N_("Repaired"), N_("Record the repair with its parts, or the upgrade, or the inspection.")),
    Key("f9", "start_run", N_("Test"), N_("Start the test plan of this ticket.")),
    Key("f12", "hand_over", N_("Hand over"), N_("Hand the device over to the counter.")),
    Key("ctrl+n", "past_runs", N_("Tests"), N_("Show the tests that this bench ran on this device."), in_bar=False),
    Key("ctrl+o", "note", N_("Note"), N_("Add a note to this ticket."), in_bar=False),
    Key("ctrl+g", "parts", N_("Parts"), N_("Request a part for this ticket."), in_bar=False),
    Key("ctrl+e", "plan", N_("Plan"), N_("Propose a repair plan to the customer."), in_bar=False),
    Key("ctrl+w", "rework", N_("Rework"), N_("Take up the work again after a repair."), in_bar=False),
)

_NOTE = (Field("note", N_("Note"), required=True),)
_HAND_OVER = (Field("note", N_("Note for the counter")),)
_UPGRADED = (Field("note", N_("Work done"), required=True),)
_REWORK = (Field("reason", N_("Reason"), required=True),)
MOST_PIECES = 1000
LONGEST_PART = 128
"""Characters of a part's number or name."""
_PLAN = (
    Field("work", N_("First way: the work"), required=True),
    Field("parts", N_("First way: parts"), N_("separated by commas, e.g. C5 220 µF, U2")),
    Field("cost", N_("First way: price"), N_("e.g. 45.00"), required=True),
    Field("work2", N_("Second way: the work"), N_("or why there is only one, below")),
    Field("cost2", N_("Second way: price")),
    Field("because", N_("Why there is only one way")),
)
CURRENCY = "CNY"
Details = dict[str, Any]
Checked = Details | str
"""What goes into an event's details, or what is wrong with what was filled in."""


async def take(app: "BenchApp", ticket: str) -> None:
    """Begin work on a ticket; the agent's ``AgentError`` is the caller's to show."""
    await app.record(ticket, "taken")


def deed(event: TicketEventView) -> str:
    """Return what was done, in words: a request for parts is a note to the hub."""
    return _("part request") if event.details.get("parts_requested") else called(ACTIONS, event.action)


async def hold(app: "BenchApp", ticket: str) -> bool:
    """Ask for the reason and put the ticket on hold, or take it up again; return whether it was done."""
    if is_waiting(app.bench.ticket(ticket)):
        return await _fill_in(
            app, ticket, "resume", title=N_("Take up again"), fields=(Field("note", N_("Note")),), save=N_("Take up")
        )
    reasons = tuple((name, _(words)) for name, words in WAITING_FOR.items())
    fields = (
        Field(
            "waiting_for",
            N_("Waiting for"),
            N_("part, customer or third_party"),
            required=True,
            value="part",
            suggestions=tuple(WAITING_FOR),
            choices=reasons,
        ),
        Field("note", N_("Reason"), required=True),
    )
    return await _fill_in(app, ticket, "wait", _waiting, title=N_("Put on hold"), fields=fields, save=N_("Hold"))


def _waiting(values: Mapping[str, str]) -> Checked:
    named = {
        words.casefold(): name for name in WAITING_FOR for words in (name, WAITING_FOR[name], _(WAITING_FOR[name]))
    }
    wanted = named.get(values["waiting_for"].casefold())
    if wanted is None:
        return _("Waiting for: give one of {names}.").format(names=", ".join(WAITING_FOR))
    return {"waiting_for": wanted}


async def note(app: "BenchApp", ticket: str) -> bool:
    """Ask for a note and add it."""
    return await _fill_in(app, ticket, "note", title=N_("Add a note"), fields=_NOTE, save=N_("Save"))


async def parts(app: "BenchApp", ticket: str) -> bool:
    """Ask for one part: which, how many, for which fault and why (P1); those that the hub told of are offered."""
    view = app.bench.ticket(ticket)
    known = known_parts(view)
    cause = found_cause(view) or next(iter(suspected_causes(app, ticket)), "")
    fields = (
        Field(
            "part",
            N_("Part number or name"),
            N_("as on the part or in the list of parts"),
            required=True,
            suggestions=known,
            choices=tuple((one, "") for one in known),
        ),
        Field("quantity", N_("Quantity"), required=True, value="1"),
        replace(_cause_field(app, suspected_causes(app, ticket), cause), name="fault", required=False),
        Field("note", N_("Reason"), required=True),
    )
    return await _fill_in(
        app, ticket, "note", _requested, title=N_("Request a part"), fields=fields, save=N_("Request")
    )


def _requested(values: Mapping[str, str]) -> Checked:
    quantity = parse_number(values["quantity"])
    if quantity is None or quantity != int(quantity) or not 1 <= quantity <= MOST_PIECES:
        return _("Give the quantity as a whole number from 1 to {most}.").format(most=MOST_PIECES)
    if len(values["part"]) > LONGEST_PART:
        return _("Give the part in at most {most} characters; the rest belongs in the reason.").format(
            most=LONGEST_PART
        )
    wanted: Details = {"part": values["part"], "quantity": int(quantity)}
    if values["fault"]:
        wanted["fault"] = values["fault"]
    return {"parts_requested": [wanted]}


def known_parts(view: TicketView | None) -> tuple[str, ...]:
    """Return the parts of the repair plan and of earlier repairs of the device, each once."""
    dossier = None if view is None else view.dossier
    if dossier is None:
        return ()
    planned = (part for option in (dossier.plan.options if dossier.plan else ()) for part in option.parts)
    fitted = (part for one in dossier.history for part in one.parts)
    return tuple(dict.fromkeys(part.partition(" × ")[0] for part in (*planned, *fitted)))


def found_cause(view: TicketView | None) -> str:
    """Return the root cause of the newest finding here, empty when there is none."""
    events = () if view is None else view.events
    found = (event.details.get("root_cause") for event in reversed(events) if event.action == "finding")
    return next((str(one) for one in found if one), "")


def _kind(app: "BenchApp", ticket: str) -> str:
    """Return the ticket's kind; empty where the hub has not told it."""
    view = app.bench.ticket(ticket)
    return "" if view is None or view.dossier is None else view.dossier.kind


async def rework(app: "BenchApp", ticket: str) -> bool:
    """Ask why the work goes on."""
    if _kind(app, ticket) == "inspection":
        return await _fill_in(app, ticket, "recheck", title=N_("Recheck"), fields=_NOTE, save=N_("Save"))
    return await _fill_in(app, ticket, "rework", title=N_("Rework"), fields=_REWORK, save=N_("Save"))


async def hand_over(app: "BenchApp", ticket: str) -> bool:
    """Ask for words to the counter and hand over; what the customer does not want repaired goes back as it is."""
    view = app.bench.ticket(ticket)
    if view is not None and standings(view)[0] == "declined":
        title = N_("Give back unrepaired")
        return await _fill_in(app, ticket, "give_back", title=title, fields=_HAND_OVER, save=N_("Give back"))
    title = N_("Hand over to the counter")
    return await _fill_in(app, ticket, "handed_over", title=title, fields=_HAND_OVER, save=N_("Hand over"))


async def plan(app: "BenchApp", ticket: str) -> bool:
    """Ask for one or two ways to repair, each with its price."""
    title = N_("Propose a repair plan")
    return await _fill_in(app, ticket, "propose_plan", _offered, title=title, fields=_PLAN, save=N_("Propose"))


def _offered(values: Mapping[str, str]) -> Checked:
    options = []
    for number in ("", "2"):
        work, price = values[f"work{number}"], values[f"cost{number}"]
        if not work and not price:
            continue
        cost = parse_number(price)
        if not work or cost is None or cost < 0:
            return _("Give each way its work and its price as a number, e.g. 45.00.")
        option: Details = {"work": work, "cost_minor": round(cost * 100), "currency": CURRENCY}
        if not number and (names := listed(values["parts"])):
            option["parts"] = [{"part": code_of(name), "name": name} for name in names]
        options.append(option)
    if len(options) == 1 and not values["because"]:
        return _("Offer a second way, or say why there is only one.")
    details: Details = {"options": options}
    if len(options) == 1:
        details["only_option_because"] = values["because"]
    return details


async def finding(app: "BenchApp", ticket: str) -> bool:
    """Ask for root cause and words; the suspects of the last run and the fault taxonomy are offered."""
    suspects = suspected_causes(app, ticket)
    fields = (_cause_field(app, suspects, suspects[0] if suspects else ""), Field("note", N_("What you found")))
    return await _fill_in(
        app, ticket, "finding", _with_cause(app, ticket), title=N_("Finding"), fields=fields, save=N_("Save")
    )


async def repaired(app: "BenchApp", ticket: str) -> bool:
    """Ask for cause, parts and words; of an upgrade for words, of an inspection for what came out."""
    match _kind(app, ticket):
        case "upgrade":
            return await _fill_in(app, ticket, "upgraded", title=N_("Upgraded"), fields=_UPGRADED, save=N_("Save"))
        case "inspection":
            return await _inspection(app, ticket)
    suspects = suspected_causes(app, ticket)
    cause = found_cause(app.bench.ticket(ticket)) or next(iter(suspects), "")
    fields = (
        _cause_field(app, suspects, cause),
        Field("parts", N_("Parts replaced"), N_("separated by commas, e.g. C5 220 µF, U2")),
        Field("note", N_("What was done"), required=True),
    )
    return await _fill_in(
        app, ticket, "repaired", _with_cause(app, ticket), title=N_("Repaired"), fields=fields, save=N_("Save")
    )


async def _inspection(app: "BenchApp", ticket: str) -> bool:
    in_order = _(INSPECTED["in_order"])
    fields = (
        Field("result", N_("Result"), required=True, value=in_order, choices=choices_of(INSPECTED)),
        Field("report", N_("Report"), required=True),
    )
    return await _fill_in(app, ticket, "inspected", _inspected, title=N_("Inspected"), fields=fields, save=N_("Save"))


def _inspected(values: Mapping[str, str]) -> Checked:
    result = one_of(values["result"], INSPECTED)
    if result is None:
        return _("Result: F2 lists what it can be.")
    return {"result": result, "report": values["report"]}


def _cause_field(app: "BenchApp", suspects: tuple[str, ...], value: str) -> Field:
    faults = () if app.bench.worklist is None else app.bench.worklist.faults
    choices = tuple((one.code, titled(pick(one.group), pick(one.title))) for one in faults)
    first = tuple((code, words) for code, words in choices if code in suspects)
    rest = tuple(one for one in choices if one not in first)
    codes = (*suspects, *(code for code, _words in rest))
    return Field("root_cause", N_("Root cause"), required=True, value=value, suggestions=codes, choices=(*first, *rest))


def _with_cause(app: "BenchApp", ticket: str) -> Callable[[Mapping[str, str]], Checked]:
    """Return the check of a root cause: its code or its title in the taxonomy, or a suspect of the test."""

    def check(values: Mapping[str, str]) -> Checked:
        faults = () if app.bench.worklist is None else app.bench.worklist.faults
        typed = values["root_cause"].casefold()
        code = next(
            (one.code for one in faults if typed in {one.code, *(text.casefold() for text in one.title.values())}), None
        )
        if code is None and faults and values["root_cause"] not in suspected_causes(app, ticket):
            words = _("“{text}” is not in the fault taxonomy: F2 lists it.")
            return words.format(text=values["root_cause"])
        return details_of({**values, "root_cause": code or values["root_cause"]})

    return check


def suspected_causes(app: "BenchApp", ticket: str) -> tuple[str, ...]:
    """Return the suspects of the last run, if it was of this ticket, the likeliest first."""
    run = app.bench.run
    return tuple(one.cause for one in run.suspects) if run is not None and run.ticket == ticket else ()


def listed(text: str) -> list[str]:
    """Return what is separated by commas, Chinese ones too."""
    return [part.strip() for part in text.replace("，", ",").replace("、", ",").split(",") if part.strip()]


def code_of(name: str) -> str:
    """Return a part's name as the hub wants a code: letters, digits and a few marks; each name has its own."""
    code = "".join(char if char.isascii() and (char.isalnum() or char in "._:-") else "-" for char in name).strip(
        "-._:"
    )
    return code[:64] or f"part-{crc32(name.encode()):08x}"


def details_of(values: Mapping[str, str]) -> Details:
    """Return what goes into an event's details: everything but the note; parts become a list."""
    details: Details = {name: text for name, text in values.items() if text and name not in {"note", "parts"}}
    return details | ({"parts": found} if (found := listed(values.get("parts", ""))) else {})


def told(details: Mapping[str, Any], cause: Callable[[str], str] = str) -> str:
    """Return an event's details for people; ``cause`` names a root cause."""
    names = {
        "root_cause": _("root cause"),
        "parts": _("parts"),
        "parts_requested": _("parts requested"),
        "reason": _("reason"),
        "waiting_for": _("waiting for"),
        "result": _("inspection result"),
        "report": _("inspection report"),
        "options": _("ways"),
        "only_option_because": _("only way because"),
    }
    words = []
    for name, content in details.items():
        words.append(titled(names.get(name, name), one_line(_told_one(name, content, cause))))
    return "; ".join(words)


def _told_one(name: str, content: Any, cause: Callable[[str], str]) -> str:
    if name == "waiting_for":
        return called(WAITING_FOR, str(content))
    if name == "result":
        return called(INSPECTED, str(content))
    if name == "root_cause":
        return cause(str(content))
    if name == "parts_requested" and isinstance(content, list):
        return ", ".join(_told_part(one, cause) for one in content)
    if name == "options" and isinstance(content, list):
        return " / ".join(f"{one['work']} {money(int(one['cost_minor']), str(one['currency']))}" for one in content)
    return ", ".join(map(str, content)) if isinstance(content, list) else str(content)


def _told_part(one: Any, cause: Callable[[str], str]) -> str:
    """Return a requested part for people; earlier versions of this program gave its name alone."""
    if not isinstance(one, Mapping):
        return str(one)
    fault = f" ({cause(str(one['fault']))})" if one.get("fault") else ""
    return f"{one.get('quantity', 1)} × {one.get('part', '?')}{fault}"


def money(minor: int, currency: str) -> str:
    """Return a price for people."""
    return f"{minor / 100:.2f} {currency}"


async def _tests(app: "BenchApp", ticket: str) -> tuple[RunSummary, ...] | None:
    """Return the newest test runs of a ticket on this bench, ``None`` if the agent does not tell."""
    try:
        return await app.link.request(GetRuns(ticket=ticket, limit=20))
    except AgentError:
        return None


async def _fill_in(
    app: "BenchApp",
    ticket: str,
    action: str,
    check: Callable[[Mapping[str, str]], Checked] = details_of,
    *,
    title: str,
    fields: Sequence[Field],
    save: str,
) -> bool:
    """Ask until it is kept or left; say at once what the hub will refuse."""
    view = app.bench.ticket(ticket)
    tests = await _tests(app, ticket) if action == "handed_over" else None
    error = "" if view is None else objection(view, action, tests)
    while True:
        values = await app.push_screen_wait(FormDialog(title, fields, save, about=ticket, error=error))
        if values is None:
            return False
        details = check(values)
        if isinstance(details, str):
            fields, error = refilled(fields, values), details
            continue
        try:
            await app.record(ticket, action, values.get("note", ""), details)
        except AgentError as refused:
            fields, error = refilled(fields, values), _("Not kept: {reason}").format(reason=heard(refused))
        else:
            return True

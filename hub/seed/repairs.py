"""Lives of tickets that a bench works on; what the bench does comes as records, the way it does in a store."""

from datetime import timedelta
from typing import Any

from hub.aftercare import service as aftercare
from hub.aftercare import warranty
from hub.aftercare.policy import Verdict
from hub.core.clock import now
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.jobs.job import ACTOR
from hub.measurements.ingest.reading import Batch
from hub.measurements.ingest.storing import Patience, store_batches
from hub.seed import knowledge
from hub.seed.desk import act, take_in
from hub.seed.scene import Bench, Owned, Scene, words
from hub.seed.timeline import Life
from hub.tickets import service as tickets
from hub.tickets.kinds import Kind
from hub.tickets.schemas import Assignment
from protocols.messages import records as r

PLAN_VERSION = 3
PLAN_SHA256 = "5e" * 32


def repair(scene: Scene, owned: Owned, counter: Actor) -> Life:
    """A repair: in, onto a bench, measured, agreed to, repaired, proven, out."""
    fault = scene.some(owned.model["faults"])
    taken_down = {
        "symptom": fault["symptom"].replace(" ", "，"),
        "fault": fault["fault"],
        "accessories": scene.dice.sample(words()["accessories"], scene.dice.randrange(3)),
        "appearance": scene.some(words()["appearance"]),
    }
    ticket = take_in(scene, Kind.REPAIR, owned, counter, **taken_down)
    yield scene.after(now(), 1, 60)
    if scene.chance(0.03):
        act(scene, ticket, counter, "cancel")
        return
    warranty = scene.chance(0.45)
    if warranty:
        act(scene, ticket, counter, "preapprove", limit_minor=0, how="phone", said_by=owned.contact.name)
    bench = _assign(scene, ticket, owned, "firmware" if fault["fault"] == "corrupted_firmware" else "board")
    yield scene.after(now(), 0.5, 40)
    does(scene, bench, ticket, "taken")
    yield scene.after(now(), 0.2, 1.5)
    measure(scene, bench, f"{ticket}:1", owned, fault, passes=False)
    knowledge.look(scene, ticket, owned.shop)
    if not warranty:
        yield scene.after(now(), 0.1, 3)
        free = _repeats(scene, bench, ticket, fault)
        does(scene, bench, ticket, "propose_plan", options=_options(fault, free=free))
        yield scene.after(now(), 0.5, 60)
        if scene.chance(0.1):
            act(scene, ticket, counter, "decline_plan", how="phone", said_by=owned.contact.name)
            yield scene.after(now(), 0.5, 24)
            does(scene, bench, ticket, "name_cause", root_cause=fault["cause"])
            does(scene, bench, ticket, "give_back")
            yield scene.after(now(), 2, 96)
            act(scene, ticket, counter, "close")
            return
        act(scene, ticket, counter, "approve_plan", option=1, how="phone", said_by=owned.contact.name)
    if scene.chance(0.2):
        yield scene.after(now(), 0.2, 4)
        does(scene, bench, ticket, "wait", waiting_for="part")
        yield scene.after(now(), 24, 200)
        does(scene, bench, ticket, "resume")
    for attempt in (2, 3):
        yield scene.after(now(), 0.3, 6)
        done = {"work": fault["work"], "root_cause": fault["cause"], "minutes": scene.dice.randrange(10, 90)}
        does(scene, bench, ticket, "repaired", parts=[{"part": fault["part"]}], **done)
        yield now() + timedelta(minutes=scene.dice.uniform(4, 25))
        passes = attempt == 3 or not scene.chance(0.1)
        measure(scene, bench, f"{ticket}:{attempt}", owned, fault, passes=passes)
        if passes:
            break
        does(scene, bench, ticket, "rework", reason="复测未通过")
    yield now() + timedelta(minutes=scene.dice.uniform(2, 15))
    does(scene, bench, ticket, "handed_over")
    yield scene.after(now(), 1, 96)
    act(scene, ticket, counter, "close")
    yield scene.after(now(), 3, 40)
    _asked(scene, ticket, counter)


def _repeats(scene: Scene, bench: Bench, ticket: str, fault: dict[str, Any]) -> bool:
    """Name the cause first where an earlier repair is under warranty; return whether this one is free."""
    row = tickets.get(scene.session, ACTOR, ticket)
    if warranty.judged(scene.session, row) is None:
        return False
    does(scene, bench, ticket, "name_cause", root_cause=fault["cause"])
    found = warranty.judged(scene.session, row)
    return found is not None and found[0] is Verdict.REPEAT


def _asked(scene: Scene, ticket: str, counter: Actor) -> None:
    """Ask the customer how it was; some answer, most are reached by telephone."""
    aftercare.ask_due(scene.session, now(), ACTOR)
    row = tickets.get(scene.session, ACTOR, ticket)
    content = not scene.chance(0.08)
    if scene.chance(0.35):
        attitude, speed, effectiveness = (scene.dice.choice((4, 5, 5) if content else (1, 2, 3)) for _ in range(3))
        answer = aftercare.Answer(attitude, speed, effectiveness, None, "message")
        aftercare.answer_survey(scene.session, counter, row, answer)
    if scene.chance(0.95):
        aftercare.record_callback(scene.session, counter, row, reached=True, satisfied=content, said=None)


def upgrade(scene: Scene, owned: Owned, counter: Actor) -> Life:
    """A new firmware."""
    fault = scene.some(owned.model["faults"])
    ticket = take_in(scene, Kind.UPGRADE, owned, counter, symptom=words()["wishes"][-1])
    yield scene.after(now(), 1, 30)
    bench = _assign(scene, ticket, owned, "firmware")
    yield scene.after(now(), 0.5, 30)
    does(scene, bench, ticket, "taken")
    yield scene.after(now(), 0.3, 2)
    does(scene, bench, ticket, "upgraded")
    yield now() + timedelta(minutes=scene.dice.uniform(4, 25))
    measure(scene, bench, f"{ticket}:1", owned, fault, passes=True)
    does(scene, bench, ticket, "handed_over")
    yield scene.after(now(), 1, 72)
    act(scene, ticket, counter, "close")


def does(scene: Scene, bench: Bench, ticket: str, action: str, **details: Any) -> None:
    """Let the bench's technician do something, now."""
    _send(scene, bench, r.TicketEvent(ticket, action, operator=bench.operator, details=details))


def measure(scene: Scene, bench: Bench, run: str, owned: Owned, fault: dict[str, Any], *, passes: bool) -> None:
    """Let the bench run its plan, now: every quantity of the model; the faulty one is out of limits or repaired."""
    ticket = run.rpartition(":")[0]
    plan = r.PlanReference(owned.model["plan"], PLAN_VERSION, PLAN_SHA256)
    device = r.Device(owned.model["model"], owned.serial)
    bodies: list[r.Body] = [r.RunStarted(run, plan, device, ticket=ticket, operator=bench.operator)]
    for one in owned.model["faults"]:
        good = passes or one is not fault
        outcome = r.Outcome.PASSED if good else r.Outcome.FAILED
        measured = _measured(scene, one["measures"], good=good)
        title = {"en": measured.name, "zh-CN": measured.name}
        duration_s = round(scene.dice.uniform(0.2, 4), 3)
        bodies.append(
            r.StepFinished(run, measured.name.replace("_", "-"), "main", 1, outcome, duration_s, (measured,), title)
        )
    bodies.append(r.RunFinished(run, r.Outcome.PASSED if passes else r.Outcome.FAILED))
    _send(scene, bench, *bodies)


def _measured(scene: Scene, told: list[Any], *, good: bool) -> r.Measurement:
    name, unit, nominal, low, high, bad = told
    spread = (high - low) / 16
    value = scene.dice.gauss(nominal if good else bad, spread)
    if good:
        value = min(max(value, low + spread), high - spread)
    return r.Measurement(
        name,
        float(f"{value:.5g}"),
        unit,
        float(f"{spread / 20:.2g}"),
        r.Limits(low, high),
        rule=r.DecisionRule.GUARD_BAND,
        verdict=r.Verdict.PASS if good else r.Verdict.FAIL,
        instrument="meter",
    )


def _assign(scene: Scene, ticket: str, owned: Owned, group: str) -> Bench:
    bench = owned.shop.benches[0 if group == "board" else 1]
    senior = scene.one(owned.shop, Role.SENIOR_TECHNICIAN, Role.COUNTER)
    tickets.assign(scene.session, senior, ticket, Assignment(bench=bench.name, plan=owned.model["plan"]))
    return bench


def _options(fault: dict[str, Any], *, free: bool) -> list[dict[str, Any]]:
    part = {"part": fault["part"], "name": fault["name"]}
    cost = 0 if free else fault["yuan"] * 100
    return [
        {"work": fault["work"], "parts": [part], "cost_minor": cost, "ready_in_days": 2},
        {"work": "更换整机主板", "parts": [], "cost_minor": cost * 3, "ready_in_days": 5},
    ]


def _send(scene: Scene, bench: Bench, *bodies: r.Body) -> None:
    records = []
    for body in bodies:
        bench.seq += 1
        records.append(r.Record(bench.seq, now(), body))
    receipts = store_batches(scene.session, [Batch(bench.name, bench.epoch, tuple(records))], Patience())
    refused = [one.reason for receipt in receipts for one in receipt.refused]
    if refused:
        raise RuntimeError(f"{bench.name}: {refused[0]}")

"""Believable records, as a plan run writes them."""

from protocols.messages import records

DEVICE = records.Device(model="SP-100", serial="SP100-000042")
PLAN = records.PlanReference(name="sp-100-functional", version=1, sha256="0" * 64)


def started(run: str = "run-1") -> records.RunStarted:
    return records.RunStarted(run=run, plan=PLAN, device=DEVICE, ticket="T-1", operator="li")


def step(number: int, run: str = "run-1") -> records.StepFinished:
    measurement = records.Measurement(
        name="rail_3v3",
        value=3.3 + number / 1e6,
        unit="V",
        standard_uncertainty=0.0004,
        limits=records.Limits(3.2, 3.4),
        verdict=records.Verdict.PASS,
        instrument="meter",
    )
    return records.StepFinished(
        run=run,
        step=f"step-{number}",
        group="main",
        attempt=1,
        outcome=records.Outcome.PASSED,
        duration_s=0.1,
        measurements=(measurement,),
        title={"en": "Measure the 3.3 V rail", "zh-CN": "测量 3.3 V 电源轨"},
    )


def finished(run: str = "run-1") -> records.RunFinished:
    return records.RunFinished(run=run, outcome=records.Outcome.PASSED)


def taken(ticket: str = "T-1") -> records.TicketEvent:
    return records.TicketEvent(ticket=ticket, action="taken", operator="li", note="电源不稳")

"""What a bench shows in pictures: one ticket under test, recorded once, told by a real local-API server."""

from datetime import UTC, datetime, timedelta

from recorded_panels import DOSSIER, FAULTS
from recorded_panels import handlers as panel_handlers

from edge_agent.local_api import events, requests, views
from edge_agent.local_api.manual import ReadSupply
from protocols.messages.control import WorkItem
from protocols.messages.records import (
    Device,
    InstrumentStatus,
    Limits,
    Measurement,
    Outcome,
    PlanReference,
    Record,
    StepFinished,
    Suspect,
    TicketEvent,
    Verdict,
)

NOW = datetime(2026, 5, 4, 10, 0, 0, tzinfo=UTC)
DEVICE = Device("SP-100", "SP100-000042")
REFERENCE = PlanReference("rails", 1, "0" * 64)


def title(en, zh):
    return {"en": en, "zh-CN": zh}


STEPS = (
    views.PlanStep("feed", "setup", title("Set the feed", "设置供电")),
    views.PlanStep("rail-3v3", "main", title("3.3 V rail", "3.3 V 电源轨电压")),
    views.PlanStep("ripple", "main", title("Ripple and noise within 20 MHz", "20 MHz 带宽内的纹波与噪声")),
    views.PlanStep("look", "main", title("Look at the lamp", "观察指示灯"), skippable=True),
    views.PlanStep("off", "teardown", title("Switch the feed off", "切断供电")),
)
OUTLINE = views.PlanOutline(REFERENCE, "SP-100", title("Supply rails", "电源轨检测"), STEPS)
INSTRUMENTS = (
    views.Instrument(
        InstrumentStatus(
            "meter",
            "keysight-34461a",
            True,
            "Keysight Technologies,34461A,MY53220001,A.02.08",
            calibrated_on="2024-01-15",
            calibration_due="2025-01-15",
        ),
        None,
        "multimeter",
        title("Keysight 34461A bench multimeter", "是德科技 34461A 台式万用表"),
    ),
    views.Instrument(
        InstrumentStatus("scope", "rigol-ds1054z", False, None, "no answer within 5 s; check the cable"),
        None,
        "oscilloscope",
        title("Rigol DS1000Z oscilloscope", "普源精电 DS1000Z 示波器"),
    ),
    views.Instrument(
        InstrumentStatus("supply", "riden-rd6006", True, "RD6006 3.17"),
        "wang",
        "supply",
        title("Riden RD60xx power supply", "睿登 RD60xx 数控电源"),
    ),
)


def finished(step, outcome, *measurements):
    names = {one.step: one.title for one in STEPS}
    group = next(one.group for one in STEPS if one.step == step)
    return StepFinished("bench-01:r1", step, group, 1, outcome, 1.25, measurements, names[step])


RECORDS = (
    finished("feed", Outcome.PASSED),
    finished(
        "rail-3v3",
        Outcome.FAILED,
        Measurement("rail-3v3", 3.0177, "V", 0.0021, Limits(3.2, 3.4), verdict=Verdict.FAIL, instrument="meter"),
    ),
    finished(
        "ripple",
        Outcome.UNDECIDED,
        Measurement("ripple", 0.0198, "V", 0.0006, Limits(high=0.02), verdict=Verdict.UNDECIDED, instrument="scope"),
        Measurement("frequency", 100_012.0, "Hz", 45.0, instrument="scope"),
    ),
)
SUSPECTS = (
    Suspect(
        "leaky_ldo",
        title("U2 (LDO) leaks", "U2（LDO）漏电"),
        (title("rail-3v3 is 3.0177 V, 3.02 V is typical of it", "rail-3v3 为 3.0177 V，典型值 3.02 V"),),
        title("Replace U2, then test again.", "更换 U2 后重新检测。"),
    ),
    Suspect("dried_capacitor", title("C5 has dried out", "C5 干涸"), ()),
)
PROMPT = views.PromptView(
    "p1",
    "look",
    "choice",
    title("What does the lamp do?", "指示灯状态如何？"),
    choices={"steady": title("it is steady", "常亮"), "dark": title("it is dark", "不亮")},
    skippable=True,
)
SUPPLIED = (
    views.Quantity("voltage", 3.871, "V", 0.004),
    views.Quantity("current", 0.5, "A", 0.001),
    views.Quantity("output_on", True, ""),
    views.Quantity("current_limited", True, ""),
)
EVENTS = (
    views.TicketEventView(1, NOW - timedelta(hours=1), "taken", "received", "li"),
    views.TicketEventView(
        2, NOW, "wait", "refused", "li", "没有零件 C5", {"waiting_for": "part"}, "already taken by wang"
    ),
    views.TicketEventView(3, NOW, "finding", "waiting", "li", "C5 has 8 µF", {"root_cause": "dried_capacitor"}),
)
TICKETS = (
    views.TicketView(
        WorkItem("T-000101", DEVICE, "指示灯不亮，插座无法开关（客户称雷雨后出现）", "in_progress", "rails", 2),
        EVENTS,
        DOSSIER,
    ),
    views.TicketView(WorkItem("T-000102", Device("SP-100", "SP100-000043"), "Switches off by itself", "assigned"), ()),
)


PLANS = (
    views.PlanView("rails", 1, "SP-100", title("Supply rails", "电源轨检测")),
    views.PlanView("sp100-functional", 3, "SP-100", title("Functional test of the smart plug", "智能插座功能检测")),
    views.PlanView("th300-functional", 2, "TH-300", title("Functional test of the thermostat", "温控器功能检测")),
    views.PlanView(
        "cs12-golden",
        fault="/etc/benchwright/plans/cs12-golden.plan.yaml, main[0].action: there is no action 'multimeter.reed'; "
        "the nearest is 'multimeter.read'",
    ),
)
PAST_RUNS = (
    views.RunSummary(
        "r1", "finished", REFERENCE, DEVICE, NOW, NOW, "T-000101", "li", Outcome.FAILED, ("rail-3v3",), SUSPECTS[0]
    ),
    views.RunSummary("r0", "interrupted", REFERENCE, DEVICE, NOW - timedelta(days=1), ticket="T-000101"),
    views.RunSummary(
        "q7",
        "finished",
        PlanReference("sp100-functional", 3, "1" * 64),
        DEVICE,
        NOW - timedelta(days=90),
        NOW - timedelta(days=90),
        "T-000007",
        "wang",
        Outcome.UNDECIDED,
        ("ripple", "frequency"),
    ),
    views.RunSummary("q6", "finished", REFERENCE, DEVICE, NOW - timedelta(days=91), outcome=Outcome.PASSED),
)
NEWEST = Measurement("ripple", 0.0172, "V", 0.0006, Limits(high=0.02), verdict=Verdict.PASS, instrument="scope")


def run_state(scene):
    if scene is None:
        return None
    step = views.StepView("look", "main", 1, title("Look at the lamp", "观察指示灯"), 4, 5)
    common = {"ticket": "T-000101", "operator": "li", "steps": RECORDS}
    began = NOW - timedelta(seconds=83)
    if scene == "result":
        return views.RunState(
            "r1",
            "finished",
            REFERENCE,
            DEVICE,
            began,
            outcome=Outcome.FAILED,
            suspects=SUSPECTS,
            ended_at=NOW,
            **common,
        )
    if scene == "measuring":
        step = views.StepView(
            "ripple", "main", 2, STEPS[2].title, 3, 5, 0.4, "0.0172 V", (NEWEST,), NOW - timedelta(seconds=12), 60.0
        )
        return views.RunState("r1", "running", REFERENCE, DEVICE, began, step=step, **common)
    return views.RunState("r1", "asking", REFERENCE, DEVICE, began, step=step, prompt=PROMPT, **common)


def handlers(bus, scenes):
    """Return what fulfils the requests of the screens; ``scenes["run"]`` names the run that there is."""
    about = views.Description(
        bench="bench-01",
        version="0.1.0",
        boot="b1",
        epoch="0" * 32,
        instruments=INSTRUMENTS,
        link=views.Link(True, False, NOW - timedelta(minutes=12), "no route to host"),
        spool=views.SpoolDepth(3, 1, 4000, 1_000_000),
        worklist_revision=7,
        run=None,
        clock_offset_s=0.2,
    )

    def monitor(request):
        if request.manual == ReadSupply():
            bus.publish(events.Reading("supply", NOW, SUPPLIED))
            return views.Done()
        if scenes.get("read"):  # a monitor that is asked for again goes on; the record ends after twelve readings
            return views.Done()
        scenes["read"] = True
        for number in range(12):
            value = 3.2981 + 0.0004 * (number % 3)
            reading = events.Reading("meter", NOW, (views.Quantity("dc_voltage", value, "V", 0.0001),))
            bus.publish(reading)
        return views.Done()

    return {
        requests.Describe: lambda _: about,
        requests.GetWorklist: lambda _: views.Worklist(7, TICKETS, FAULTS),
        requests.GetRunState: lambda request: run_state("result" if request.run else scenes["run"]),
        requests.GetPlans: lambda _: PLANS,
        requests.GetRuns: lambda _: PAST_RUNS,
        requests.GetPlanOutline: lambda _: OUTLINE,
        requests.GetRefused: lambda _: (
            views.RefusedRecord(
                Record(2, NOW, TicketEvent("T-000101", "wait", "li", "没有零件 C5", {"waiting_for": "part"})),
                "already taken by wang",
                NOW,
            ),
        ),
        requests.AcquireLease: lambda request: views.LeaseView(request.role, request.holder, "token", 30.0),
        requests.ReleaseLease: lambda _: views.Done(),
        requests.Monitor: monitor,
        **panel_handlers(),
    }

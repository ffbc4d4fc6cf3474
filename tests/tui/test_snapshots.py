"""Every screen in both languages and two sizes, drawn from recorded state that a real local-API server tells.

The pictures are SVG files in ``snapshots``; ``BENCHWRIGHT_SNAPSHOTS=write`` writes them anew (then look at them).
"""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from recorded_panels import DOSSIER, FAULTS
from recorded_panels import handlers as panel_handlers
from screen_pictures import picture
from textual.widgets import Input
from tui_driving import Hands

from edge_agent.bus import EventBus
from edge_agent.desk import explain
from edge_agent.local_api import events, requests, views
from edge_agent.local_api.manual import ReadSupply, SetGenerator, SetSupply
from edge_agent.local_api.scope import Decoding
from edge_agent.local_api.server import LocalApiServer
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
from tui import i18n
from tui.app import BenchApp
from tui.screens.console import ConsoleScreen
from tui.screens.discovery import DiscoveryScreen
from tui.screens.firmware import FirmwareScreen
from tui.screens.generator import GeneratorScreen
from tui.screens.heat import HeatScreen
from tui.screens.scope import ScopeScreen
from tui.screens.supply import SupplyScreen

FOLDER = Path(__file__).parent / "snapshots"
NOW = datetime(2026, 5, 4, 10, 0, 0, tzinfo=UTC)
SIZES = ((80, 24), (160, 48))
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


def run_state(scene):
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
    return views.RunState("r1", "asking", REFERENCE, DEVICE, began, step=step, prompt=PROMPT, **common)


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A real local-API server that tells recorded state, and a function that changes which run there is."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    bus = EventBus()
    scenes = {"run": None}
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

    handlers = {
        requests.Describe: lambda _: about,
        requests.GetWorklist: lambda _: views.Worklist(7, TICKETS, FAULTS),
        requests.GetRunState: lambda _: None if scenes["run"] is None else run_state(scenes["run"]),
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
    server = LocalApiServer(tmp_path / "agent.sock", handlers, bus, explain)
    server.start()

    def become(scene):
        scenes["run"] = scene
        bus.publish(events.RunBegan("r1"))

    yield server.path, become
    server.stop()
    monkeypatch.undo()
    time.tzset()


async def worklist(hands, _become):
    await hands.sees("T-000102", "SP-100")


async def form(hands, _become):
    await hands.press("f8")
    await hands.sees("Ctrl+S", "dried_capacitor")


async def help_(hands, _become):
    await hands.press("escape", "f1")
    await hands.sees("^Q" if hands.app.size.height > 30 else "F12")


async def refused(hands, _become):
    await hands.press("escape", "ctrl+r")
    await hands.sees("already taken by wang")


async def ticket(hands, _become):
    await hands.type("T-000101")
    await hands.sees("already taken by wang", "SP100-000042", "  rails")


async def instruments(hands, _become):
    await hands.press("f4")
    await hands.sees("RD60xx", "no answer within 5")


async def meter(hands, _become):
    await hands.press("enter")
    await hands.sees("n 12", "k = 2")


async def asking(hands, become):
    become("asking")
    await hands.press("f3")
    await hands.sees("F6", "1 ⏎", "?  20 MHz" if i18n.language() == "zh-CN" else "?  Ripple")


async def result(hands, become):
    await hands.press("escape")
    become("result")
    await hands.sees("3.0177 V", "U2")


async def dossier(hands, _become):
    await hands.press("f2")
    await hands.type("T-000101")
    await hands.press("enter")
    await hands.sees("receipt R-77", "45.00 CNY")


async def panel(hands, screen, *words):
    hands.app.show(screen)
    await hands.sees(*words)


async def scope(hands, _become):
    screen = ScopeScreen("scope")
    screen.looking.decoding = Decoding("uart", ("ch1",))
    await panel(hands, screen, "CH1 1 V", "CH2 500 mV", " O ")
    await hands.until(lambda: screen.lease is not None, "the lease")
    await hands.press("ctrl+b")
    await hands.sees("┃", "│")


async def heat(hands, _become):
    screen = HeatScreen("camera")
    await panel(hands, screen, "32×24", "▀")
    await hands.until(lambda: screen.lease is not None, "the lease")
    await hands.press("f6")
    await hands.sees("┌", "10×8")


async def generator(hands, _become):
    screen = GeneratorScreen("generator")
    screen._set[1] = SetGenerator("square", 8_000_000.0, 3.3, 1.65)
    screen._on[1] = True
    await panel(hands, screen, "Vpp")
    await hands.until(lambda: screen.lease is not None, "the lease")
    screen.draw({"instruments"})


async def supply(hands, _become):
    screen = SupplyScreen("supply")
    screen._set = SetSupply(5.0, 0.5)
    await panel(hands, screen, "RD60xx")
    await hands.until(lambda: screen.lease is not None and screen._reading is not None, "control and a reading")
    screen.draw({"readings"})
    await hands.sees("!", "500 mA")


async def console(hands, _become):
    screen = ConsoleScreen("console")
    await panel(hands, screen, ">>> version")
    await hands.until(lambda: screen.lease is not None, "the lease")


async def firmware(hands, _become):
    await panel(hands, FirmwareScreen("mcu"), "mcu-20260504T100000.bin")


async def discovery(hands, _become):
    await panel(hands, DiscoveryScreen(), "/dev/ttyUSB1", "34461A")


async def choose(hands, _become):
    await hands.press("escape", "f7", "f2")
    await hands.sees("dried_capacitor")
    await hands.fill("dr")


async def palette(hands, _become):
    await hands.press("escape", "escape", "ctrl+p")
    await hands.until(lambda: hands.app.screen.query("Option, OptionList"), "the palette")
    await hands.fill("dark" if i18n.language() == "en" else "深")
    await hands.until(lambda: "Colours: Dark" in hands.text or "配色：深" in hands.text, "what was searched for")
    await asyncio.sleep(0.3)


async def confirm(hands, _become):
    await hands.press("f8")
    await hands.sees("⏎ confirm" if i18n.language() == "en" else "⏎ 确定")


SCENES = (
    worklist,
    form,
    choose,
    palette,
    help_,
    refused,
    ticket,
    instruments,
    meter,
    asking,
    confirm,
    result,
    dossier,
    scope,
    heat,
    generator,
    supply,
    console,
    firmware,
    discovery,
)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_screens_look_as_they_did(recorded, tmp_path, size, language):
    socket, become = recorded
    wrong = []

    async def look():
        app = BenchApp(socket, language=language, operator="li", now=lambda: NOW)
        async with app.run_test(size=size) as pilot:
            for scene in SCENES:
                await scene(Hands(app, pilot), become)
                for field in app.screen.query(Input):
                    field.cursor_blink = False
                await pilot.pause(0.05)
                check(scene.__name__.strip("_"), app)

    def check(name, app):
        drawn = picture(app, name)
        file = FOLDER / f"{name}-{size[0]}x{size[1]}-{language}.svg"
        if os.environ.get("BENCHWRIGHT_SNAPSHOTS") == "write":
            FOLDER.mkdir(exist_ok=True)
            file.write_text(drawn, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != drawn:
            (tmp_path / file.name).write_text(drawn, encoding="utf-8")
            wrong.append(f"{file.name} differs from {tmp_path / file.name}")

    asyncio.run(look())
    assert wrong == []

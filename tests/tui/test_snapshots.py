"""Every screen in both languages and two sizes, drawn from recorded state that a real local-API server tells.

The pictures are SVG files in ``snapshots``; ``BENCHWRIGHT_SNAPSHOTS=write`` writes them anew (then look at them).
"""

import asyncio
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from recorded_bench import NOW, handlers
from screen_pictures import picture
from textual.widgets import Input
from tui_driving import Hands

from edge_agent.bus import EventBus
from edge_agent.desk import explain
from edge_agent.local_api import events
from edge_agent.local_api.manual import SetGenerator, SetSupply
from edge_agent.local_api.scope import Decoding
from edge_agent.local_api.server import LocalApiServer
from tui import agent_link, i18n
from tui.app import BenchApp
from tui.screens.console import ConsoleScreen
from tui.screens.discovery import DiscoveryScreen
from tui.screens.firmware import FirmwareScreen
from tui.screens.generator import GeneratorScreen
from tui.screens.heat import HeatScreen
from tui.screens.scope import ScopeScreen
from tui.screens.supply import SupplyScreen

FOLDER = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (160, 48))


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A real local-API server that tells recorded state, and a function that changes which run there is."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    bus = EventBus()
    scenes = {"run": None}
    server = LocalApiServer(tmp_path / "agent.sock", handlers(bus, scenes), bus, explain)
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


async def measuring(hands, become):
    await hands.press("escape")
    become("measuring")
    await hands.sees("17.2 ± 1.2 mV", " 40%")


async def plans(hands, _become):
    await hands.press("f2")
    await hands.type("T-000102")
    await hands.until(lambda: hands.app.screen.query("#facts"), "the ticket's screen")
    await hands.sees("SP100-000043", "Switches off by itself")
    await hands.press("f9")
    await hands.sees("cs12-golden", "SP-100")
    await hands.press("pagedown")
    await hands.sees("there is no action", "multimeter.read'")


async def past_runs(hands, _become):
    await hands.press("escape", "f2")
    await hands.type("T-000101")
    await hands.press("ctrl+n")
    await hands.sees("05-03", "frequency")


async def past_run(hands, _become):
    await hands.press("enter")
    await hands.sees("3.0177", "U2")


async def result(hands, become):
    become("result")
    await hands.sees("3.0177", "U2")


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
    measuring,
    result,
    dossier,
    plans,
    past_runs,
    past_run,
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
                await pilot.pause()
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


def test_the_time_goes_on_for_which_the_hub_is_away(recorded, monkeypatch):
    monkeypatch.setattr(agent_link, "REFRESH_S", 60.0)
    moment = [NOW]

    async def look():
        app = BenchApp(recorded[0], now=lambda: moment[0])
        async with app.run_test(size=(100, 24)) as pilot:
            await Hands(app, pilot).sees("offline 12 min")
            moment[0] += timedelta(minutes=5)
            await Hands(app, pilot).sees("offline 17 min")

    asyncio.run(look())

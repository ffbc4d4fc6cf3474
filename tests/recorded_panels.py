"""What panels of instruments show in pictures: recorded once, without chance, told by a real local-API server."""

from datetime import UTC, datetime, timedelta

import numpy as np

from edge_agent.by_hand.scope_frame import Record, frame_of
from edge_agent.by_hand.thermal import Picture, heat_frame
from edge_agent.local_api import requests, views
from edge_agent.local_api.firmware import FirmwareJob, FirmwareView
from edge_agent.local_api.scope import ScopeChannel, ScopeSetup, ScopeTrigger
from protocols.messages.dossiers import (
    Deadline,
    Dossier,
    FaultName,
    Option,
    PastRepair,
    PlanOffered,
    RepairCover,
    Suggestion,
)
from protocols.messages.dossiers import (
    Picture as Photo,
)
from protocols.waveform import ThermalImage, Waveform

NOW = datetime(2026, 5, 4, 10, 0, 0, tzinfo=UTC)
DOSSIER = Dossier(
    kind="repair",
    received_at=NOW - timedelta(days=1),
    urgency="high",
    accessories=("cable",),
    proof="receipt R-77",
    approval="proposed",
    cover=RepairCover("T-000007", NOW + timedelta(days=20), "leaky_ldo", "repeat"),
    history=(
        PastRepair("T-000007", NOW - timedelta(days=90), "closed", "不通电", "leaky_ldo", "U2 replaced", ("U2",)),
    ),
    suggestions=(
        Suggestion(
            "K-000003",
            1,
            {"en": "Relay chatters: look at C5", "zh-CN": "继电器抖动：检查 C5"},
            {"en": "Ripple above 100 mV on the 5 V rail.", "zh-CN": "5 V 电源轨纹波超过 100 mV。"},
            ("ripple-5v",),
        ),
    ),
    pictures=(Photo("ab" * 32, "image/jpeg", 204_800, "fault", "front.jpg"),),
    plan=PlanOffered(2, "proposed", (Option("Replace C5", 4500, "CNY", ("C5",)), Option("New board", 19900, "CNY"))),
    deadlines=(Deadline("resolution", "running", NOW + timedelta(hours=3, minutes=1)),),
)
FAULTS = (FaultName("dried_capacitor", {"en": "Dried-out capacitor", "zh-CN": "电容干涸"}, {"en": "Hardware"}),)


def _record():
    """A serial line with a glitch of one sample, and a ripple."""
    levels = [1] * 12
    for byte in b"BOOT OK":
        levels += [0, *(byte >> k & 1 for k in range(8)), 1]
    levels += [1] * 12
    size = 100_000
    line = 3.3 * np.array(levels)[(np.arange(size) * len(levels) // size)]
    codes = np.round(line / 0.04).astype(np.int16)
    codes[9_000] = 0
    ripple = np.round((2.5 + 0.4 * np.sin(np.arange(size) / 2_000)) / 0.02).astype(np.int16)
    waves = (
        Waveform("ch1", codes, 1e-7, scale=0.04, resolution=0.04),
        Waveform("ch2", ripple, 1e-7, scale=0.02, resolution=0.02),
    )
    channels = (ScopeChannel(1, 1.0, -0.5), ScopeChannel(2, 0.5, -3.5))
    return Record("scope", 7, NOW, ScopeSetup(channels, 0.01, ScopeTrigger(1, 1.5, "falling")), waves)


def _picture():
    row, column = np.mgrid[0:24, 0:32]
    field = (
        24
        + 14 * np.exp(-((row - 8) ** 2 + (column - 20) ** 2) / 8)
        + 5 * np.exp(-((row - 16) ** 2 + (column - 8) ** 2) / 12)
    )
    return Picture("camera", 12, NOW, ThermalImage(field.astype(np.float32), 0.95))


RECORD, PICTURE = _record(), _picture()
JOB = FirmwareJob(
    "mcu",
    "flash",
    "sp100",
    "1.4.2",
    "li",
    NOW,
    "cancelled",
    "write",
    None,
    "",
    "incomplete",
    "/var/lib/benchwright/firmware/mcu-20260504T100000.bin",
)
LOG = """boot: SP-100 1.4.2
boot: reset cause power-on
relay: ready
status: up 1 s, 25.1 C, relay off

>>> version
SP-100 1.4.2
"""
FOUND = views.DiscoveryState(
    "s1",
    "finished",
    1.0,
    "",
    (
        views.Finding(
            "TCPIP::192.0.2.17::5025::SOCKET",
            "tcp",
            "192.0.2.17:5025",
            0.95,
            "Keysight Technologies,34461A,MY53220001,A.02.08",
            (
                views.ProfileCandidate(
                    "keysight-34461a",
                    "TCPIP::192.0.2.17::5025::SOCKET",
                    0.95,
                    {"en": "Keysight 34461A bench multimeter", "zh-CN": "是德科技 34461A 台式万用表"},
                    "multimeter",
                    "meter2",
                    '[instruments.meter2]\nprofile = "keysight-34461a"\n',
                ),
            ),
        ),
        views.Finding(
            "serial:/dev/ttyUSB1", "serial", "/dev/ttyUSB1", 0.0, None, (), {"en": "silent", "zh-CN": "无应答"}
        ),
    ),
)


def handlers():
    """Return what fulfils the requests of the panels."""
    return {
        requests.RenewLease: lambda _: views.Done(),
        requests.StopMonitor: lambda _: views.Done(),
        requests.LookAtScope: lambda request: frame_of(RECORD, request.view),
        requests.RunThermal: lambda _: views.Done(),
        requests.LookAtThermal: lambda request: heat_frame(PICTURE, request.view),
        requests.ListenConsole: lambda _: views.Done(),
        requests.GetConsoleTail: lambda _: views.ConsoleTail("/var/lib/benchwright/consoles/console-20260504.log", LOG),
        requests.GetFirmware: lambda _: (
            FirmwareView("sp100", "SP-100", "STM32F103 (medium density)", "1.4.2", ("1.4.2",), "stm32flash"),
        ),
        requests.GetFirmwareJob: lambda _: JOB,
        requests.GetDiscovery: lambda _: FOUND,
    }

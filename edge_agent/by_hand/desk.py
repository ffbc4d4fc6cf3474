"""The requests of the local API for records, pictures, consoles and firmware, each made for its desk.

numpy comes with the first of these requests: an idle agent does without.
"""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.bus import EventBus
from edge_agent.by_hand.console import ConsoleDesk
from edge_agent.by_hand.firmware import FirmwareDesk
from edge_agent.local_api import requests, views
from edge_agent.local_api.scope import Saved
from edge_agent.manual_control import ManualControl
from edge_agent.rack import Rack

if TYPE_CHECKING:
    from edge_agent.by_hand.good_records import GoodRecords
    from edge_agent.by_hand.scope import ScopeDesk
    from edge_agent.by_hand.thermal import ThermalDesk


class ByHandDesk:
    """Composes the desks; ``state`` is the agent's folder."""

    def __init__(
        self, rack: Rack, control: ManualControl, bus: EventBus, state: Path, wait_ready: Callable[[], None]
    ) -> None:
        self._rack = rack
        self._control = control
        self._bus = bus
        self._state = state
        self.console = ConsoleDesk(control, bus, state / "consoles")
        self.firmware = FirmwareDesk(rack, bus, state / "firmware", wait_ready)

    @cached_property
    def good(self) -> "GoodRecords":
        """Records of good units."""
        from edge_agent.by_hand.good_records import GoodRecords

        return GoodRecords(self._state / "golden")

    @cached_property
    def scope(self) -> "ScopeDesk":
        """Oscilloscopes."""
        from edge_agent.by_hand.scope import ScopeDesk

        return ScopeDesk(self._control, self._bus, self.good)

    @cached_property
    def thermal(self) -> "ThermalDesk":
        """Thermal cameras."""
        from edge_agent.by_hand.thermal import ThermalDesk

        return ThermalDesk(self._control, self._bus, self.good)

    def handlers(self) -> dict[type[requests.Request[Any]], Callable[[Any], Any]]:
        """Return what fulfils each type of request."""
        return {
            requests.StopMonitor: _act(lambda r: self._control.stop(r.token)),
            requests.CaptureScope: lambda r: self.scope.capture(r.token, r.setup, r.view, r.timeout_s),
            requests.RunScope: _act(
                lambda r: self.scope.stream(
                    r.token, r.setup, r.view, seconds=r.seconds, interval_s=r.interval_s, timeout_s=r.timeout_s
                )
            ),
            requests.LookAtScope: lambda r: self.scope.look(r.role, r.view),
            requests.RunThermal: _act(
                lambda r: self.thermal.stream(
                    r.token,
                    r.view,
                    emissivity=r.emissivity,
                    frames=r.frames,
                    seconds=r.seconds,
                    interval_s=r.interval_s,
                )
            ),
            requests.LookAtThermal: lambda r: self.thermal.look(r.role, r.view),
            requests.KeepGolden: self._keep,
            requests.SaveRecord: self._save,
            requests.ListenConsole: _act(lambda r: self.console.listen(r.token, seconds=r.seconds)),
            requests.SendConsole: _act(lambda r: self.console.send(r.token, r.text, r.ending)),
            requests.GetConsoleTail: lambda r: self.console.tail(r.role),
            requests.GetFirmware: lambda _: self.firmware.profiles(),
            requests.StartFirmware: lambda r: self.firmware.start(r.role, r.holder, r.act, r.profile, r.version),
            requests.CancelFirmware: _act(lambda r: self.firmware.cancel(r.role)),
            requests.GetFirmwareJob: lambda r: self.firmware.job(r.role),
        }

    def _keep(self, request: requests.KeepGolden) -> views.Kept:
        if request.forget:
            self.good.forget(request.role)
            return views.Kept(0)
        desk = self.thermal if self._is_camera(request.role) else self.scope
        return views.Kept(desk.keep_golden(request.role))

    def _save(self, request: requests.SaveRecord) -> Saved:
        from edge_agent.by_hand.files import save, scope_file, thermal_file

        if self._is_camera(request.role):
            if request.kind == "sr":
                raise ValueError("a sigrok session cannot hold a thermal picture: save it as png, csv or npz")
            content = thermal_file(self.thermal.picture(request.role).image, request.kind)
        else:
            content = scope_file(self.scope.record(request.role), request.kind)
        return save(self._state / "saved", request.role, request.kind, content)

    def _is_camera(self, role: str) -> bool:
        from drivers.registry import find_profile

        profile = next((one.profile for one in self._rack.status() if one.role == role), None)
        return profile is not None and find_profile(profile).capability == "thermal_camera"


def _act(act: Callable[[Any], None]) -> Callable[[Any], views.Done]:
    def handle(request: Any) -> views.Done:
        act(request)
        return views.Done()

    return handle

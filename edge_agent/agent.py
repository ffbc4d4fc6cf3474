"""The agent of one bench: rack, runs, spool, uplink and local API in one process."""

import logging
import secrets
import signal
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from drivers.errors import InstrumentError
from edge_agent.bench_config import BenchConfig
from edge_agent.bus import EventBus
from edge_agent.by_hand.desk import ByHandDesk
from edge_agent.captures import BenchCaptures
from edge_agent.clock import BenchClock
from edge_agent.desk import AgentDesk, Parts, agent_version, explain
from edge_agent.discovery import Discoveries, bench_file
from edge_agent.live_bridge import LiveBridge
from edge_agent.local_api import events
from edge_agent.local_api.server import LocalApiServer
from edge_agent.manual_control import ManualControl
from edge_agent.rack import Opener, Rack, RackError
from edge_agent.run_history import RunHistory
from edge_agent.runs import Runs
from edge_agent.spool import DEFAULT_MAX_BYTES, Spool, SpoolError
from edge_agent.uplink.live import LiveFeed
from edge_agent.uplink.settings import UplinkSettings, uplink_settings
from edge_agent.uplink.uplink import Uplink
from edge_agent.uplink.upload import CaptureUploader
from edge_agent.worklist import Worklist
from protocols.messages.control import Desired
from protocols.messages.records import InventoryChanged

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """Where the agent keeps its state and how it behaves; ``socket`` is ``agent.sock`` in ``state`` by default."""

    state: Path
    socket: Path | None = None
    socket_group: str | None = None
    plan_folders: tuple[Path, ...] = ()
    resume: bool = False
    """Go on with interrupted runs at start by itself, instead of waiting for the operator to say so."""
    max_spool_bytes: int = DEFAULT_MAX_BYTES
    bench_file: Path | None = None
    """The ``bench.toml`` that adopted instruments are written to."""


class Agent:
    """Composes the parts; ``start`` and ``stop`` are called once each.

    ``config_folder`` is where relative file names in ``bench.toml`` count from. Raises ``SpoolError``, ``UplinkError``,
    ``CaptureStoreError``, ``WorklistError`` or ``LocalApiError`` when the bench cannot be set up.
    """

    def __init__(
        self,
        config: BenchConfig,
        options: AgentOptions,
        *,
        config_folder: Path = Path(),
        opener: Opener | None = None,
        uplink: UplinkSettings | None = None,
    ) -> None:
        self._config = config
        self._options = options
        if uplink is None and config.hub is not None:
            uplink = uplink_settings(config.hub, config_folder)
        state = options.state
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        boot = secrets.token_hex(8)
        self.bus = EventBus()
        clock = BenchClock()
        self.spool = Spool(state / "spool.db", max_bytes=options.max_spool_bytes, clock_offset=clock.offset_s)
        with ExitStack() as opened:  # where one of them cannot be opened, those before it are closed
            opened.callback(self.spool.close)
            self.worklist = Worklist(state / "worklist.db", self.spool)
            opened.callback(self.worklist.close)
            self.captures = BenchCaptures(state / "captures")
            self._history = RunHistory(state / "runs.db")
            opened.pop_all()
        self.rack = Rack(config.rack(), opener=opener)
        self.runs = Runs(
            config.name,
            self.spool,
            self.rack,
            captures=self.captures,
            worklist=self.worklist,
            bus=self.bus,
            plan_folders=options.plan_folders,
            history=self._history,
            memory=state / "memory",
        )
        self.manual = ManualControl(self.rack, self.bus, self.runs.wait_ready)
        self.discoveries = Discoveries(config.name, self.rack, self.bus, bench_file(options.bench_file))
        by_hand = ByHandDesk(self.rack, self.manual, self.bus, state, self.runs.wait_ready)
        live = LiveFeed(config.name)
        LiveBridge(self.bus, live)
        self.uplink: Uplink | None = None
        self.uploader: CaptureUploader | None = None
        self.desk = AgentDesk(
            Parts(
                bench=config.name,
                boot=boot,
                spool=self.spool,
                worklist=self.worklist,
                captures=self.captures,
                clock=clock,
                rack=self.rack,
                runs=self.runs,
                manual=self.manual,
                discoveries=self.discoveries,
                by_hand=by_hand,
                live=live,
                bus=self.bus,
                link=lambda: None if self.uplink is None else self.uplink.state,
                upload_fault=lambda: None if self.uploader is None else self.uploader.fault,
            )
        )
        if uplink is not None:
            self.uplink = Uplink(
                config.name,
                uplink,
                self.spool,
                worklist=self.worklist,
                desk=self.desk,
                live=live,
                boot=boot,
                version=agent_version(),
                instruments=self.rack.status,
                on_link=lambda _state: self.bus.publish(events.LinkChanged(self.desk.link()), key="link"),
                on_desired=self._on_desired,
            )
            if uplink.http_url is not None:
                self.uploader = CaptureUploader(uplink, self.captures, clock)
        socket = options.socket or state / "agent.sock"
        self.server = LocalApiServer(socket, self.desk.handlers(), self.bus, explain, group=options.socket_group)

    def start(self) -> None:
        """Open the local API and begin everything else in the background; returns when clients can connect."""
        self.rack.subscribe(self._on_inventory)
        self.spool.add_listener(self._on_spool)
        self.captures.add_listener(self._on_spool)
        with ExitStack() as begun:
            begun.callback(self.stop)
            self.server.start()
            begun.pop_all()
        if self.uplink is not None:
            self.uplink.start()
        if self.uploader is not None:
            self.uploader.start()
        threading.Thread(target=self._prepare, name="agent-start", daemon=True).start()
        log.info("bench %s serves its local API at %s", self._config.name, self.server.path)

    def stop(self) -> None:
        """Suspend a run so that it can be resumed, with its outputs in a safe state; then close everything."""
        self.runs.suspend()
        self.discoveries.close()
        self.manual.close()
        self.server.stop()
        self.rack.close()
        if self.uploader is not None:
            self.uploader.stop()
        if self.uplink is not None:
            self.uplink.stop()
        self._history.close()
        self.worklist.close()
        self.spool.close()
        log.info("bench %s has stopped", self._config.name)

    def _prepare(self) -> None:
        try:
            self.runs.prepare(resume=self._options.resume)
        except (RackError, InstrumentError, SpoolError) as error:
            log.error("the bench did not start properly: %s", error)

    def _on_inventory(self, changed: InventoryChanged) -> None:
        try:
            self.spool.append(changed)
        except SpoolError as error:
            log.error("a change of the instruments could not be recorded: %s", error)
        if self.uplink is not None:
            self.uplink.refresh_presence()
        self.bus.publish(events.InstrumentsChanged(self.desk.instruments()), key="instruments")

    def _on_spool(self) -> None:
        self.bus.publish(events.SpoolChanged(self.desk.depth()), key="spool")

    def _on_desired(self, desired: Desired) -> None:
        self.bus.publish(events.WorklistChanged(desired.revision), key="worklist")


def run_until_signal(agent: Agent) -> None:
    """Start the agent, wait for SIGTERM or SIGINT, and stop it. Call from the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    agent.start()
    try:
        while not stop.wait(3600):
            pass
    finally:
        agent.stop()

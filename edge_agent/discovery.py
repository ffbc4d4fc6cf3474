"""Finding the instruments of this bench, and taking them into its rack and its ``bench.toml``."""

import logging
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drivers.discovery.findings import Finding
from drivers.discovery.proposal import bench_toml, instrument_toml, suggested_role
from drivers.discovery.search import Scope, Search
from drivers.errors import InstrumentError
from drivers.profile import Profile
from drivers.registry import find_profile, profiles
from edge_agent.bench_config import InstrumentConfig
from edge_agent.bench_file import BenchFile
from edge_agent.bus import EventBus
from edge_agent.kinds import KINDS
from edge_agent.local_api import events, views
from edge_agent.local_api.requests import Adopt, Discover
from edge_agent.rack import Rack, RackError

log = logging.getLogger(__name__)
_CLOSE_S = 3.0


class DiscoveryError(RackError):
    """A search that cannot begin, or an instrument that cannot be taken into the rack: one sentence."""


class Discoveries:
    """One search at a time, in the background. Thread-safe.

    Addresses that the rack holds are left alone. ``file`` is this bench's ``bench.toml``, ``None`` when it has none.
    """

    def __init__(self, bench: str, rack: Rack, bus: EventBus, file: BenchFile | None) -> None:
        self._bench = bench
        self._rack = rack
        self._bus = bus
        self._file = file
        self._lock = threading.Lock()
        self._search: Search | None = None
        self._thread: threading.Thread | None = None
        self._findings: dict[str, Finding] = {}
        self._state: views.DiscoveryState | None = None

    def start(self, request: Discover) -> views.DiscoveryState:
        """Begin a search; raise ``DiscoveryError`` while another one runs."""
        with self._lock:
            if self._state is not None and self._state.status == "running":
                raise DiscoveryError("a search is in progress; wait for its end, or cancel it")
            scope = Scope(
                usb="usb" in request.where,
                serial="serial" in request.where,
                lan="lan" in request.where,
                ports=request.ports,
                hosts=request.hosts,
                in_use={config.address: role for role, config in self._rack.configuration().items()},
            )
            self._findings = {}
            known = profiles()
            self._search = Search(scope, known, on_finding=self._found, on_progress=self._progressed)
            self._state = views.DiscoveryState(secrets.token_hex(4), "running")
            self._thread = threading.Thread(target=self._run, args=(self._search,), name="discovery", daemon=True)
            self._thread.start()
            return self._state

    def state(self) -> views.DiscoveryState | None:
        """Return the search in progress, else the last one, with what it found so far; ``None`` before the first."""
        with self._lock:
            return self._state

    def cancel(self) -> None:
        """End the search in progress; what it found so far is kept. Without one, nothing happens."""
        search = self._search
        if search is not None:
            search.cancel()

    def adopt(self, request: Adopt) -> views.Adopted:
        """Write an instrument into ``bench.toml`` and take it into the rack, in this order.

        Raises ``DiscoveryError`` or ``RackError`` when the role is taken and ``replace`` is not set, or its instrument
        is in use; ``drivers.errors.Misconfigured`` for a profile or address that does not exist.
        """
        from drivers.addresses import parse_address

        find_profile(request.profile)
        parse_address(request.address)
        config = InstrumentConfig(request.profile, request.address, request.options)
        self._rack.check_replaceable(request.role, replace=request.replace)
        toml = instrument_toml(request.role, request.profile, request.address, request.options)
        saved = None
        if self._file is not None:
            self._file.put_instrument(request.role, toml)
            saved = str(self._file.path)
        self._rack.put(request.role, config, replace=request.replace)
        return views.Adopted(request.role, toml, saved)

    def close(self) -> None:
        """End a search in progress."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)

    # -- the search's threads ----------------------------------------------------------------------------------------

    def _run(self, search: Search) -> None:
        fault = None
        try:
            search.run()
        except InstrumentError as error:
            fault = str(error)
        except Exception as error:
            log.exception("the search for instruments failed")
            fault = f"the search failed ({type(error).__name__}: {error}); see the agent's log"
        status: Any = "failed" if fault else "cancelled" if search.cancelled else "finished"
        with self._lock:
            assert self._state is not None  # noqa: S101 - a search has begun
            found = sorted(self._findings.values(), key=lambda one: one.address)
            self._state = views.DiscoveryState(
                self._state.id,
                status,
                1.0,
                "",
                self._state.findings,
                fault,
                bench_toml(self._bench, found, profiles()),
            )
            state = self._state
        self._bus.publish(events.DiscoveryEnded(state), key="discovery-ended")

    def _found(self, finding: Finding) -> None:
        with self._lock:
            if self._state is None:
                return
            roles = {*self._rack.roles, *(one.role for one in self._state.findings if one.role)}
            view = _view(finding, profiles(), roles)
            self._findings[finding.address] = finding
            others = tuple(one for one in self._state.findings if one.address != view.address)
            self._state = _changed(self._state, findings=(*others, view))
            search = self._state.id
        self._bus.publish(events.InstrumentFound(search, view))

    def _progressed(self, fraction: float, text: str) -> None:
        with self._lock:
            if self._state is None:
                return
            self._state = _changed(self._state, fraction=fraction, text=text)
            search = self._state.id
        self._bus.publish(events.DiscoveryProgressed(search, fraction, text), key="discovery-progress")


def _changed(state: views.DiscoveryState, **changes: Any) -> views.DiscoveryState:
    import msgspec

    return msgspec.structs.replace(state, **changes)


def _view(finding: Finding, known: Mapping[str, Profile], taken: set[str]) -> views.Finding:
    candidates = []
    for one in finding.candidates:
        profile = known[one.profile]
        role = suggested_role(profile, taken)
        candidates.append(
            views.ProfileCandidate(
                one.profile,
                one.address,
                one.confidence,
                {str(tag): text for tag, text in profile.title.items()},
                KINDS.get(profile.capability),
                role,
                instrument_toml(role, one.profile, one.address),
            )
        )
    best = candidates[0] if candidates and finding.in_use is None else None
    return views.Finding(
        finding.address,
        finding.transport,
        finding.place,
        finding.confidence,
        finding.identity,
        tuple(candidates),
        {str(tag): text for tag, text in (finding.note or {}).items()},
        finding.in_use,
        best.role if best else None,
        best.toml if best else None,
    )


def bench_file(path: Path | None) -> BenchFile | None:
    """Return the bench's file, where the agent was started from one."""
    return None if path is None else BenchFile(path)

"""Network diagnosis of the device or of its way to the bench (D4): reachability, latency and loss, throughput."""

import time
from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from edge_agent.analysis.result import NoAnswer
from edge_agent.network.reach import Pinger, Target, Unreachable, connect, resolve, round_trips
from edge_agent.network.throughput import DEFAULT_PORT, LONGEST_S, measure
from edge_agent.plans.actions.base import FLAG, TEXT, Action, Context, Field, Result, Value
from edge_agent.plans.model import Strict
from edge_agent.plans.units import Seconds, default
from protocols.quantity import Quantity

Port = Annotated[int, Meta(ge=1, le=65535)]


class ReachParameters(Strict, frozen=True):
    """``host`` is a name or address of the device."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Port
    wait: Seconds = default(Seconds(3.0))


class Reach(Action[ReachParameters]):
    """Whether a service answers."""

    name = "network.reach"
    kind = None
    parameters = ReachParameters
    summary = "Resolve a host and open a TCP connection; whether its name is known and its service answers."

    def fields(self, parameters: ReachParameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give name resolution, reachability, the address, and the time to connect."""
        return {"resolved": FLAG, "reachable": FLAG, "address": TEXT, "connect_time": Field("s")}

    def run(self, context: Context, parameters: ReachParameters) -> Result:
        """Connect; that nothing answers is an answer, with its reason."""
        try:
            target = resolve(parameters.host)
        except Unreachable as error:
            missing = NoAnswer(str(error))
            unknown: dict[str, Value] = {
                "resolved": False,
                "reachable": False,
                "address": missing,
                "connect_time": missing,
            }
            return Result(unknown, detail=str(error))
        known: dict[str, Value] = {"resolved": True, "address": target.address}
        began = time.perf_counter()
        try:
            connect(target, parameters.port, context.wait, float(parameters.wait)).close()
        except Unreachable as error:
            return Result({**known, "reachable": False, "connect_time": NoAnswer(str(error))}, detail=str(error))
        elapsed = time.perf_counter() - began
        return Result({**known, "reachable": True, "connect_time": Quantity(elapsed, "s", 1e-4)})


class LatencyParameters(Strict, frozen=True):
    """ICMP echo where permitted, otherwise (or with ``method: tcp``) connections to ``port``."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Port | None = None
    method: Literal["auto", "tcp"] = "auto"
    count: Annotated[int, Meta(ge=1, le=1000)] = 20
    interval: Seconds = default(Seconds(0.1))
    wait: Seconds = default(Seconds(1.0))


class Latency(Action[LatencyParameters]):
    """Round trips and loss."""

    name = "network.latency"
    kind = None
    parameters = LatencyParameters
    summary = "Send probes (ICMP echo, or TCP connections); loss, and mean, smallest, largest round trip and jitter."

    def problems(self, parameters: LatencyParameters) -> list[str]:
        """TCP needs a port."""
        return ["method tcp needs a port"] if parameters.method == "tcp" and parameters.port is None else []

    def fields(self, parameters: LatencyParameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give loss, times, and the method used."""
        times = dict.fromkeys(("latency", "minimum", "maximum", "jitter"), Field("s"))
        return {"loss": Field("%"), **times, "method": TEXT}

    def run(self, context: Context, parameters: LatencyParameters) -> Result:
        """Probe."""
        try:
            target = resolve(parameters.host)
            kind = _TcpPinger if parameters.method == "tcp" else Pinger
            pinger = kind(target, parameters.port)
        except Unreachable as error:
            return _nothing(str(error), ("loss", "latency", "minimum", "maximum", "jitter", "method"))
        try:
            found = round_trips(
                pinger,
                parameters.count,
                context.wait,
                lambda sent, heard: context.progress(sent / parameters.count, f"{heard}/{sent}"),
                interval_s=float(parameters.interval),
                timeout_s=float(parameters.wait),
            )
        finally:
            pinger.close()
        loss = Quantity(100 * found.loss, "%", 100 * found.loss_uncertainty)
        values: dict[str, Value] = {"loss": loss, "method": pinger.method}
        if not found.times_s:
            silent = NoAnswer(f"none of {found.sent} probes was answered by {target.host} ({target.address})")
            return Result({**values, **dict.fromkeys(("latency", "minimum", "maximum", "jitter"), silent)})
        spread = found.mean_uncertainty_s
        return Result(
            {
                **values,
                "latency": Quantity(found.mean_s, "s", spread),
                "minimum": Quantity(min(found.times_s), "s", 1e-5),
                "maximum": Quantity(max(found.times_s), "s", 1e-5),
                "jitter": Quantity(found.jitter_s, "s", spread),
            }
        )


class _TcpPinger(Pinger):
    """Probes by TCP also where ICMP is permitted."""

    def __init__(self, target: Target, port: int | None) -> None:
        super().__init__(target, port)
        self.close()
        self._socket = None


class ThroughputParameters(Strict, frozen=True):
    """``host`` runs a throughput target (``benchwright net serve``); ``up`` is from the bench to it."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Port = DEFAULT_PORT
    direction: Literal["up", "down"] = "down"
    seconds: Seconds = default(Seconds(2.0))


class Throughput(Action[ThroughputParameters]):
    """TCP payload rate."""

    name = "network.throughput"
    kind = None
    parameters = ThroughputParameters
    summary = "TCP throughput up or down against a target that runs benchwright net serve."

    def problems(self, parameters: ThroughputParameters) -> list[str]:
        """Check the duration."""
        good = 0.1 <= parameters.seconds <= LONGEST_S
        return [] if good else [f"seconds is {parameters.seconds:g}; it must be 0.1 to {LONGEST_S:g} s"]

    def fields(self, parameters: ThroughputParameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give rate, bytes and (up) retransmitted segments."""
        return {"rate": Field("bit/s"), "bytes": Field("By"), "retransmits": Field("1")}

    def run(self, context: Context, parameters: ThroughputParameters) -> Result:
        """Measure."""
        try:
            found = measure(
                (resolve(parameters.host), parameters.port),
                parameters.direction,
                float(parameters.seconds),
                context.wait,
                lambda share, size: context.progress(share, f"{size / 1e6:.1f} MB"),
            )
        except Unreachable as error:
            return _nothing(str(error), ("rate", "bytes", "retransmits"))
        # A block under way at either end is in doubt.
        doubt = 8 * 65536 / found.seconds
        lost: Value = NoAnswer("only the sending side knows")
        if found.retransmits is not None:
            lost = Quantity(float(found.retransmits), "1", 0.0)
        rate = Quantity(found.bits_per_s, "bit/s", doubt)
        return Result({"rate": rate, "bytes": Quantity(float(found.size), "By", 65536.0), "retransmits": lost})


def _nothing(reason: str, names: tuple[str, ...]) -> Result:
    return Result(dict.fromkeys(names, NoAnswer(reason)), detail=reason)

"""Records of an oscilloscope; what is measured in them is said by analyses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from msgspec import Meta

from drivers.capabilities import ChannelSetup, Coupling, Oscilloscope, RecordLimits, Slope, TriggerSetup
from edge_agent.analysis.result import Accuracy
from edge_agent.plans.actions.base import Action, Captured, Context, Field, Result
from edge_agent.plans.model import Strict
from edge_agent.plans.units import Seconds, Volts, default
from protocols.quantity import Quantity
from protocols.waveform import Waveform


class Channel(Strict, frozen=True):
    """One channel: ``scale`` is volts a division at the probe's tip."""

    channel: Annotated[int, Meta(ge=1, le=16)]
    scale: Volts
    offset: Volts = default(Volts(0.0))
    coupling: Coupling = Coupling.DC
    probe: float = 10.0
    bandwidth_limit: bool = False


class Trigger(Strict, frozen=True):
    """Edge trigger."""

    channel: Annotated[int, Meta(ge=1, le=16)]
    level: Volts
    slope: Slope = Slope.RISING


class CaptureParameters(Strict, frozen=True):
    """Length of the record and its channels; without ``trigger`` it is taken at once."""

    span: Seconds
    channels: Annotated[tuple[Channel, ...], Meta(min_length=1, max_length=16)]
    trigger: Trigger | None = None
    points: int | None = None
    settle: Seconds = default(Seconds(0.0))


class Capture(Action[CaptureParameters]):
    """A single record."""

    name = "oscilloscope.capture"
    kind = "oscilloscope"
    parameters = CaptureParameters
    captures = frozenset({"waveform"})
    summary = "Take a single record of one or several channels (ch1, ch2 …) for analyses."

    def problems(self, parameters: CaptureParameters) -> list[str]:
        """Check that channels are there once and the trigger is one of them."""
        numbers = [channel.channel for channel in parameters.channels]
        found = []
        if len(set(numbers)) < len(numbers):
            found.append("a channel is listed twice; list each once")
        if parameters.trigger is not None and parameters.trigger.channel not in numbers:
            found.append(f"the trigger's channel {parameters.trigger.channel} is not captured; add it to channels")
        return found

    def channels(self, parameters: CaptureParameters) -> tuple[str, ...]:
        """Give ``ch1``, ``ch2`` …"""
        return tuple(f"ch{channel.channel}" for channel in parameters.channels)

    def fields(self, parameters: CaptureParameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give the sample rate."""
        return {"sample_rate": Field("Hz")}

    def run(self, context: Context, parameters: CaptureParameters) -> Result:
        """Set up, trigger, read the memory."""
        context.settle(parameters.settle)
        if parameters.trigger is None:
            context.progress(None, "taking a record and reading it")
        else:
            context.progress(None, "waiting for the trigger, then reading the record")
        setups = [
            ChannelSetup(one.channel, float(one.scale), float(one.offset), one.coupling, one.probe, one.bandwidth_limit)
            for one in parameters.channels
        ]
        trigger = TriggerSetup()
        if parameters.trigger is not None:
            wanted = parameters.trigger
            trigger = TriggerSetup(wanted.channel, float(wanted.level), wanted.slope)
        span_s, points = float(parameters.span), parameters.points

        def take(scope: Oscilloscope) -> tuple[tuple[Waveform, ...], list[RecordLimits | None]]:
            taken = scope.capture(setups, span_s=span_s, trigger=trigger, points=points)
            return taken, [scope.limits_of_error(setup) for setup in setups]

        taken, limits = context.call(take)
        names = self.channels(parameters)
        named = tuple(replace(one, name=name) for one, name in zip(taken, names, strict=True))
        accuracies = {
            name: Accuracy.from_limits(gain=one.gain, offset=one.offset_v, time_base=one.time_base)
            for name, one in zip(names, limits, strict=True)
            if one is not None
        }
        rate = Quantity(named[0].sample_rate_hz, "Hz")
        return Result({"sample_rate": rate}, Captured(waveforms=named, accuracies=accuracies))

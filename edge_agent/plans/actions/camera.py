"""The thermal camera."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from msgspec import Meta

from drivers.capabilities import ThermalCamera
from edge_agent.analysis.result import Accuracy, NoAnswer, from_limit
from edge_agent.plans.actions.base import THERMAL, Action, Captured, Context, Field, Live, Result
from edge_agent.plans.model import Strict
from edge_agent.plans.units import Seconds, default
from protocols.quantity import Quantity
from protocols.waveform import ThermalImage


class CaptureParameters(Strict, frozen=True):
    """``settle`` lets the device warm up first."""

    emissivity: Annotated[float, Meta(gt=0, le=1)] = 0.95
    frames: Annotated[int, Meta(ge=1, le=256)] = 1
    settle: Seconds = default(Seconds(0.0))


class Capture(Action[CaptureParameters]):
    """A heat map."""

    name = "camera.capture"
    kind = "camera"
    parameters = CaptureParameters
    captures = frozenset({"thermal"})
    summary = "Take a heat map (mean of several frames); the extremes, and an image for analyses."

    def fields(self, parameters: CaptureParameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give the extremes."""
        return {"maximum": Field("Cel"), "minimum": Field("Cel")}

    def run(self, context: Context, parameters: CaptureParameters) -> Result:
        """Take it."""

        def look(camera: ThermalCamera) -> Live:
            seen = camera.capture(emissivity=parameters.emissivity).temperatures_c
            seen = seen[np.isfinite(seen)]
            if not seen.size:
                return "", {}
            extremes = {"maximum": Quantity(float(seen.max()), "Cel"), "minimum": Quantity(float(seen.min()), "Cel")}
            return f"{seen.min():.1f} … {seen.max():.1f} °C", extremes

        context.settle(parameters.settle, look)
        context.progress(None, f"taking the heat map, frames: {parameters.frames}")

        def take(camera: ThermalCamera) -> tuple[ThermalImage, list[float], list[float | None]]:
            image = camera.capture(emissivity=parameters.emissivity, frames=parameters.frames)
            seen = image.temperatures_c[np.isfinite(image.temperatures_c)]
            extremes = [float(seen.max()), float(seen.min())] if seen.size else []
            return image, extremes, [camera.limit_of_error_k(one) for one in extremes]

        image, extremes, limits_k = context.call(take)
        known = [one for one in limits_k if one is not None]
        # The widest limit holds for every pixel of the image.
        accuracies = {THERMAL: Accuracy.from_limits(offset=max(known))} if known else {}
        captured = Captured(thermal=image, accuracies=accuracies)
        if not extremes:
            nothing = NoAnswer("no pixel of the image has a temperature; check the camera's view and its calibration")
            return Result({"maximum": nothing, "minimum": nothing}, captured)
        maximum, minimum = (
            Quantity(one, "Cel", None if limit_k is None else from_limit(limit_k))
            for one, limit_k in zip(extremes, limits_k, strict=True)
        )
        return Result({"maximum": maximum, "minimum": minimum}, captured)

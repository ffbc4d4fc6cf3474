"""Radiometry of thermal cameras: sensor counts to the temperature of the object.

The counts follow a shortened Planck law with the camera's own constants; what the object reflects, the air and a window
in between are subtracted as in Minkina and Dudzik, Infrared Thermography: Errors and Uncertainties (Wiley 2009), with
the window in the middle of the path and free of reflection.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

KELVIN = 273.15


@dataclass(frozen=True, slots=True)
class Planck:
    """Constants of one camera: a black body of T kelvin gives R1 / (R2 · (exp(B / T) - F)) - O counts."""

    r1: float
    r2: float
    b: float
    f: float
    o: float

    def counts(self, temperature_k: float) -> float:
        """Return the counts of a black body."""
        return self.r1 / (self.r2 * (math.exp(self.b / temperature_k) - self.f)) - self.o

    def temperature_k(self, counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the temperature of a black body, shape as ``counts``; NaN where the counts are below any."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            temperature = self.b / np.log(self.r1 / (self.r2 * (counts + self.o)) + self.f)
        return np.where(np.isfinite(temperature) & (temperature > 0), temperature, np.nan)


@dataclass(frozen=True, slots=True)
class Air:
    """Constants of the transmission of air, the same in most cameras."""

    alpha1: float
    alpha2: float
    beta1: float
    beta2: float
    x: float

    def transmission(self, distance_m: float, temperature_k: float, relative_humidity: float) -> float:
        """Return the part of the radiation (0 … 1) that comes through ``distance_m`` metres.

        ``relative_humidity`` is 0 … 1.
        """
        celsius = temperature_k - KELVIN
        water = relative_humidity * math.exp(
            1.5587 + 0.06939 * celsius - 0.00027816 * celsius**2 + 0.00000068455 * celsius**3
        )
        path, root = math.sqrt(distance_m), math.sqrt(water)
        near = math.exp(-path * (self.alpha1 + self.beta1 * root))
        far = math.exp(-path * (self.alpha2 + self.beta2 * root))
        return self.x * near + (1 - self.x) * far


@dataclass(frozen=True, slots=True)
class Scene:
    """What lies between object and camera. Temperatures in kelvin."""

    emissivity: float
    reflected_k: float
    distance_m: float
    air_k: float
    relative_humidity: float
    window_k: float
    window_transmission: float


def object_temperature_k(
    counts: npt.NDArray[np.uint16], camera: Planck, air: Air, scene: Scene
) -> npt.NDArray[np.float64]:
    """Return the temperature of the object in kelvin, shape as ``counts``; NaN where no temperature explains them."""
    half = air.transmission(scene.distance_m / 2, scene.air_k, scene.relative_humidity)
    emissivity, window = scene.emissivity, scene.window_transmission
    stray = (
        (1 - emissivity) / emissivity * camera.counts(scene.reflected_k)
        + (1 - half) / (emissivity * half) * camera.counts(scene.air_k)
        + (1 - window) / (emissivity * half * window) * camera.counts(scene.window_k)
        + (1 - half) / (emissivity * half * window * half) * camera.counts(scene.air_k)
    )
    return camera.temperature_k(counts.astype(np.float64) / (emissivity * half * window * half) - stray)

"""Thermal images: hot spots, regions of interest, difference from a golden image.

Temperatures are in Cel, differences in K. Pixels without a value (NaN) take no part.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import IDEAL, Accuracy, Answer, NoAnswer, combined
from protocols.quantity import Quantity
from protocols.waveform import ThermalImage

Floats = npt.NDArray[Any]
_MOST_FOR_MEDIAN = 32_768
"""A quarter of more pixels tells the median to a hundredth of the noise."""
_RING = 6
"""A hot spot is compared with the mean of a ring of pixels this far from it (in pixels, half the frame's side)."""


@dataclass(frozen=True, slots=True)
class HotSpot:
    """One connected warm area: its hottest pixel, how far that stands out, and its area in pixels."""

    row: int
    column: int
    peak: Quantity
    rise: Quantity
    area: int


@dataclass(frozen=True, slots=True)
class HotSpots:
    """All spots, the one that stands out most first; the fields describe that one."""

    count: Quantity
    rise: Answer
    peak: Answer
    row: Answer
    column: Answer
    maximum: Quantity
    ambient: Quantity
    spots: tuple[HotSpot, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """Statistics of a rectangle; ``spread`` is the standard deviation."""

    mean: Quantity
    minimum: Quantity
    maximum: Quantity
    spread: Quantity


def hot_spots(
    image: ThermalImage,
    *,
    threshold_k: float = 10.0,
    against: str = "ambient",
    smallest_px: int = 2,
    accuracy: Accuracy = IDEAL,
) -> HotSpots | NoAnswer:
    """Return the areas of ``image`` that are more than ``threshold_k`` warmer than what surrounds them.

    ``against`` is ``ambient`` (the median of the image) or ``neighbourhood`` (the mean of a ring around each pixel, for
    boards that are warm everywhere). Areas smaller than ``smallest_px`` pixels are left out: one alone is a bad pixel.

    Source: isolated areas over a threshold, 8 neighbours; ISO 18434-1 for what a temperature means. Units: Cel, K,
    pixels. Accuracy: the pixel's noise (``pixel_noise``); the camera's accuracy comes on top. Limits: 5×5 pixels;
    emissivity is that of the image.
    """
    field = field_of(image)
    if isinstance(field, NoAnswer):
        return field
    ambient = _median(field)
    if against not in ("ambient", "neighbourhood"):
        return NoAnswer(f"hot spots stand out against 'ambient' or 'neighbourhood', not {against!r}")
    background = np.full(field.shape, ambient) if against == "ambient" else _ring_mean(field)
    return _spots(field, field - background, threshold_k, smallest_px, accuracy, images=1)


def hot_spots_against(
    image: ThermalImage,
    *,
    reference: ThermalImage,
    threshold_k: float = 5.0,
    smallest_px: int = 2,
    same_ambient: bool = True,
    align: bool = False,
    accuracy: Accuracy = IDEAL,
) -> HotSpots | NoAnswer:
    """Return the areas of ``image`` that are more than ``threshold_k`` warmer than in the golden ``reference``.

    The images must show the same scene at the same place, or ``align`` moves ``image`` there first (``registration``);
    rows and columns are then those of the reference. With ``same_ambient`` the median difference, which is that of
    the rooms, is taken off.

    Source: difference to a reference (ISO 18434-1, comparative thermography). Units: Cel, K, pixels. Accuracy: 0.1
    K for a part 6 K too warm at 50 mK noise, whatever the room's temperature. Limits: images of one size; a scene
    that is turned or nearer is not put right by ``align``.
    """
    if align:
        from edge_agent.analysis.registration import aligned

        moved = aligned(image, reference)
        if isinstance(moved, NoAnswer):
            return moved
        image = moved
    difference = difference_from(image, reference, same_ambient=same_ambient)
    if isinstance(difference, NoAnswer):
        return difference
    return _spots(image.temperatures_c, difference, threshold_k, smallest_px, accuracy, images=2)


def difference_from(image: ThermalImage, reference: ThermalImage, *, same_ambient: bool = True) -> Floats | NoAnswer:
    """Return ``image`` minus ``reference`` in K, shape (rows, columns)."""
    field, golden = field_of(image), field_of(reference)
    if isinstance(field, NoAnswer):
        return field
    if isinstance(golden, NoAnswer):
        return NoAnswer(f"the reference: {golden.reason}")
    if field.shape != golden.shape:
        sizes = " and ".join(f"{one.shape[1]}×{one.shape[0]}" for one in (field, golden))
        return NoAnswer(f"image and reference have different sizes ({sizes} pixels)")
    difference = field - golden
    if not np.isfinite(difference).any():
        return NoAnswer("image and reference have no pixel in common")
    if same_ambient:
        difference = difference - _median(difference)
    return difference


def region(
    image: ThermalImage,
    *,
    top: int,
    left: int,
    height: int,
    width: int,
    accuracy: Accuracy = IDEAL,
) -> Region | NoAnswer:
    """Return statistics of the rectangle of ``height`` × ``width`` pixels whose first pixel is (``top``, ``left``).

    Source: mean and standard deviation of the pixels (GUM for the mean). Units: Cel, K; rows and columns from 0.
    Accuracy: noise over the root of the number of pixels for the mean, noise for the extremes. Limits: the
    rectangle must lie within the image; pixels without a value are left out.
    """
    field = field_of(image)
    if isinstance(field, NoAnswer):
        return field
    rows, columns = field.shape
    if not (0 <= top < top + height <= rows and 0 <= left < left + width <= columns):
        return NoAnswer(f"the region does not lie within the image of {columns}×{rows} pixels")
    part = field[top : top + height, left : left + width]
    values = part[np.isfinite(part)]
    if values.size == 0:
        return NoAnswer("no pixel of the region has a value")
    noise = pixel_noise(field)
    mean, spread = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    least, greatest = float(values.min()), float(values.max())
    return Region(
        mean=Quantity(mean, "Cel", combined(noise / math.sqrt(values.size), accuracy.of_level(mean))),
        minimum=Quantity(least, "Cel", combined(noise, accuracy.of_level(least))),
        maximum=Quantity(greatest, "Cel", combined(noise, accuracy.of_level(greatest))),
        spread=Quantity(spread, "K", combined(noise / math.sqrt(2.0 * values.size), accuracy.of_difference(spread))),
    )


def pixel_noise(field: Floats) -> float:
    """Return the standard deviation of a pixel's noise in K, from second differences along the rows.

    The median leaves out the scene's own edges (for Gaussian noise it is 0.6745 σ). Some 40 rows tell enough.
    """
    field = field[:: max(1, field.shape[0] // 32)]
    second = np.abs(field[:, :-2] - 2 * field[:, 1:-1] + field[:, 2:])
    if second.size == 0 or not np.isfinite(second).any():
        return 0.0
    return _median(second) / 0.6745 / math.sqrt(6.0)


def field_of(image: ThermalImage) -> Floats | NoAnswer:
    """Return the temperatures of ``image``, shape (rows, columns), or why there is nothing to analyse."""
    field = image.temperatures_c
    if field.ndim != 2 or min(field.shape) < 5:
        return NoAnswer("the thermal image has fewer than 5×5 pixels")
    if not np.isfinite(field).any():
        return NoAnswer("no pixel of the thermal image has a value")
    return field


def _spots(
    field: Floats, rise: Floats, threshold_k: float, smallest_px: int, accuracy: Accuracy, *, images: int
) -> HotSpots | NoAnswer:
    if not threshold_k > 0:
        return NoAnswer(f"the threshold must be above zero, not {threshold_k:g} K")
    noise = pixel_noise(field)
    ambient, maximum = _median(field), float(np.fmax.reduce(field, axis=None))
    found = []
    for place in _areas(rise > threshold_k, rise, smallest_px):
        row, column, area = place
        peak, above = float(field[row, column]), float(rise[row, column])
        found.append(
            HotSpot(
                row,
                column,
                Quantity(peak, "Cel", combined(noise, accuracy.of_level(peak))),
                Quantity(above, "K", combined(noise * math.sqrt(images), accuracy.of_difference(above))),
                area,
            )
        )
    found.sort(key=lambda spot: -spot.rise.value)
    none = NoAnswer(f"no area of {smallest_px} pixels or more stands out by {threshold_k:g} K")
    first = found[0] if found else None
    return HotSpots(
        count=Quantity(float(len(found)), "1", 0.0),
        rise=first.rise if first else none,
        peak=first.peak if first else none,
        row=Quantity(float(first.row), "1", 0.5) if first else none,
        column=Quantity(float(first.column), "1", 0.5) if first else none,
        maximum=Quantity(maximum, "Cel", combined(noise, accuracy.of_level(maximum))),
        ambient=Quantity(ambient, "Cel", combined(noise / math.sqrt(field.size), accuracy.of_level(ambient))),
        spots=tuple(found),
    )


def _areas(warm: npt.NDArray[np.bool_], rise: Floats, smallest_px: int) -> list[tuple[int, int, int]]:
    """Return row and column of the highest ``rise`` and the size of each connected area of ``warm`` (8 neighbours)."""
    rows = np.flatnonzero(warm.any(axis=1))
    if rows.size == 0:
        return []
    from scipy import ndimage

    # Only the part of the image that has warm pixels at all needs a closer look.
    columns = np.flatnonzero(warm[rows[0] : rows[-1] + 1].any(axis=0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    labels, number = ndimage.label(warm[part], structure=np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=number + 1)
    rise = rise[part]
    found = []
    for k, window in enumerate(ndimage.find_objects(labels), start=1):
        if sizes[k] >= smallest_px:
            spot = np.where(labels[window] == k, rise[window], -np.inf)
            row, column = np.unravel_index(int(np.argmax(spot)), spot.shape)
            place = int(row) + window[0].start + int(rows[0]), int(column) + window[1].start + int(columns[0])
            found.append((*place, int(sizes[k])))
    return found


def _ring_mean(field: Floats) -> Floats:
    """Return for each pixel the mean of the ring between the squares of half side ``_RING`` // 2 and ``_RING``."""
    valid = np.isfinite(field)
    values = np.where(valid, field, 0.0)
    outer = [_box_sum(part, _RING) for part in (values, valid.astype(np.float64))]
    inner = [_box_sum(part, _RING // 2) for part in (values, valid.astype(np.float64))]
    count = outer[1] - inner[1]
    mean: Floats = np.where(count > 0, (outer[0] - inner[0]) / np.maximum(count, 1.0), np.nan)
    return mean


def _box_sum(field: Floats, half: int) -> Floats:
    """Return the sum over the square of half side ``half`` around each pixel, cut off at the image's border."""
    table = np.pad(field.cumsum(axis=0, dtype=np.float64).cumsum(axis=1), ((1, 0), (1, 0)))
    rows, columns = (np.arange(size) for size in field.shape)
    top, bottom = np.maximum(rows - half, 0), np.minimum(rows + half + 1, field.shape[0])
    left, right = np.maximum(columns - half, 0), np.minimum(columns + half + 1, field.shape[1])
    upper, lower = table[top], table[bottom]
    box: Floats = lower[:, right] - lower[:, left] - upper[:, right] + upper[:, left]
    return box


def _median(field: Floats) -> float:
    """Return the median of the pixels that have a value; of large images, of every other pixel of every other row."""
    if field.ndim == 2 and field.size > _MOST_FOR_MEDIAN:
        field = field[::2, ::2]
    flat = field.ravel()
    if not np.isfinite(flat.sum()):
        flat = flat[np.isfinite(flat)]
    return float(np.median(flat))

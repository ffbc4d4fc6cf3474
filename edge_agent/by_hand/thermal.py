"""Thermal cameras by hand: pictures are taken under a lease and kept here; clients look at them in frames."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from drivers.capabilities import Instrument, ThermalCamera
from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.thermal import HotSpots, difference_from, hot_spots, hot_spots_against, region
from edge_agent.bus import EventBus
from edge_agent.by_hand.good_records import GoodRecords
from edge_agent.local_api.events import HeatTaken
from edge_agent.local_api.heat import HeatFrame, HeatSpot, HeatView, Region
from edge_agent.local_api.views import Quantity
from edge_agent.manual_control import ManualControl
from edge_agent.rack import WrongCapability
from protocols.waveform import Capture, ThermalImage

MOST_SPOTS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture as the agent keeps it."""

    role: str
    number: int
    taken_at: datetime
    image: ThermalImage


class ThermalDesk:
    """Thread-safe. Raises the rack's and the drivers' errors, and ``ValueError`` where there is no picture."""

    def __init__(self, control: ManualControl, bus: EventBus, good: GoodRecords) -> None:
        self._control = control
        self._bus = bus
        self._good = good
        self._mutex = threading.Lock()
        self._pictures: dict[str, Picture] = {}
        self._views: dict[str, HeatView] = {}

    def stream(
        self, token: str, view: HeatView, *, emissivity: float, frames: int, seconds: float, interval_s: float
    ) -> None:
        """Take pictures again and again and publish each; the view is the one last looked with."""
        role = self._control.role_of(token)
        with self._mutex:
            self._views[role] = view

        def once(fault: str | None, image: ThermalImage | None) -> None:
            frame = None
            if image is not None:
                frame = self._frame(self._keep(role, image), self._views[role])
            self._bus.publish(HeatTaken(role, frame, fault), key=f"heat:{role}")

        taking = _taking(role, emissivity, frames)
        self._control.repeat(token, taking, once, seconds=seconds, interval_s=interval_s, timeout_s=20.0)

    def look(self, role: str, view: HeatView) -> HeatFrame:
        """Return another frame of the newest picture; those that are streamed follow this view."""
        with self._mutex:
            self._views[role] = view
        return self._frame(self.picture(role), view)

    def picture(self, role: str) -> Picture:
        """Return the newest picture; raise ``ValueError`` without one."""
        with self._mutex:
            picture = self._pictures.get(role)
        if picture is None:
            raise ValueError(f"{role} has taken no picture since the agent started: take one first")
        return picture

    def keep_golden(self, role: str) -> int:
        """Keep the newest picture as that of a good unit; return how many there are."""
        return self._good.keep(role, Capture(thermal=self.picture(role).image))

    def _keep(self, role: str, image: ThermalImage) -> Picture:
        with self._mutex:
            last = self._pictures.get(role)
            picture = Picture(role, 1 if last is None else last.number + 1, datetime.now(UTC), image)
            self._pictures[role] = picture
        return picture

    def _frame(self, picture: Picture, view: HeatView) -> HeatFrame:
        golden = None
        if view.against == "golden":
            kept = [one.thermal for one in self._good.of(picture.role) if one.thermal is not None]
            golden = kept[-1] if kept else None
        return heat_frame(picture, view, golden)


def heat_frame(picture: Picture, view: HeatView, golden: ThermalImage | None = None) -> HeatFrame:
    """Return what ``view`` asks for. Pure."""
    image, notes = picture.image, []
    field: npt.NDArray[np.float64] = image.temperatures_c.astype(np.float64)
    spots = hot_spots(image, threshold_k=view.threshold_k)
    is_difference = False
    if view.against == "golden" and golden is None:
        notes.append("no picture of a good board is kept yet: take one and keep it as golden")
    elif golden is not None:
        difference = difference_from(image, golden)
        if isinstance(difference, NoAnswer):
            notes.append(difference.reason)
        else:
            field, is_difference = difference, True
            spots = hot_spots_against(image, reference=golden, threshold_k=view.threshold_k)
    if isinstance(spots, NoAnswer):
        notes.append(spots.reason)
    found, complaint = _region(image, view.region)
    shown, factor = pooled(field, view.rows, view.columns)
    return HeatFrame(
        role=picture.role,
        number=picture.number,
        taken_at=picture.taken_at,
        picture_rows=field.shape[0],
        picture_columns=field.shape[1],
        factor=factor,
        rows=shown.shape[0],
        columns=shown.shape[1],
        values=tuple(None if math.isnan(value) else round(value, 2) for value in shown.ravel().tolist()),
        emissivity=image.emissivity,
        difference=is_difference,
        spots=() if isinstance(spots, NoAnswer) else _told(spots),
        region=found,
        notes=(*notes, *complaint),
    )


def pooled(field: npt.NDArray[np.float64], rows: int, columns: int) -> tuple[npt.NDArray[np.float64], int]:
    """Return ``field`` with the hottest pixel of each square, so that it fits, and the side of the squares."""
    factor = max(1, -(-field.shape[0] // rows), -(-field.shape[1] // columns))
    if factor == 1:
        return field, 1
    height, width = (-(-side // factor) for side in field.shape)
    padded = np.full((height * factor, width * factor), np.nan)
    padded[: field.shape[0], : field.shape[1]] = field
    squares = padded.reshape(height, factor, width, factor)
    warmest = np.fmax.reduce(np.fmax.reduce(squares, axis=3), axis=1)
    return warmest, factor


def _region(image: ThermalImage, wish: Region | None) -> tuple[tuple[Quantity, ...], tuple[str, ...]]:
    if wish is None:
        return (), ()
    found = region(image, top=wish.top, left=wish.left, height=wish.height, width=wish.width)
    if isinstance(found, NoAnswer):
        return (), (found.reason,)
    quantities = tuple(
        Quantity(name, one.value, one.unit, one.standard_uncertainty)
        for name, one in (
            ("minimum", found.minimum),
            ("mean", found.mean),
            ("maximum", found.maximum),
            ("spread", found.spread),
        )
    )
    return quantities, ()


def _told(spots: HotSpots) -> tuple[HeatSpot, ...]:
    return tuple(
        HeatSpot(one.row, one.column, round(one.peak.value, 2), round(one.rise.value, 2), one.area)
        for one in spots.spots[:MOST_SPOTS]
    )


def _taking(role: str, emissivity: float, frames: int) -> Callable[[Instrument], ThermalImage]:
    def take(driver: Instrument) -> ThermalImage:
        if not isinstance(driver, ThermalCamera):
            raise WrongCapability(f"{role} is no thermal camera: choose another instrument")
        return replace(driver.capture(emissivity=emissivity, frames=frames))

    return take

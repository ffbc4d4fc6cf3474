"""Accuracy specifications of data sheets, and the standard uncertainty that follows from them."""

import math

import msgspec

CALIBRATION_BAND_C = (18.0, 28.0)
"""Ambient temperatures, °C, within which makers state their limits (23 °C ± 5 °C) unless a profile says otherwise."""


class Accuracy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A limit of error: percent of reading + percent of range + counts, as makers print it, for one year.

    ``from_value`` … ``to_value`` bound the part of the scale that it holds for: the frequency of the signal, in Hz, in
    AC functions, and the reading itself elsewhere. Temperature coefficients are per °C outside the calibration band:
    of the reading and the range, in the reading's unit, or (as makers of hand-held meters print it) as a share of the
    limit itself. Where none is stated (a stated 0 is one), the limit is not known outside the band.
    """

    percent_of_reading: float = 0.0
    percent_of_range: float = 0.0
    counts: float = 0.0
    resolution: float = 0.0
    offset: float = 0.0
    temperature_percent_of_reading: float | None = None
    temperature_percent_of_range: float | None = None
    temperature_offset: float | None = None
    temperature_share_of_limit: float | None = None
    from_value: float | None = None
    to_value: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.counts and not self.resolution:
            raise ValueError("counts need a resolution (the size of one count)")
        if self.from_value is not None and self.to_value is not None and self.from_value >= self.to_value:
            raise ValueError("from_value must be below to_value")

    def holds_at(self, value: float) -> bool:
        """Whether ``value`` is in the part of the scale that this limit is for."""
        return (self.from_value is None or value >= self.from_value) and (
            self.to_value is None or value <= self.to_value
        )

    def limit(self, reading: float, full_scale: float, ambient_c: float | None = None) -> float | None:
        """Return the limit of error in the reading's unit; ``ambient_c`` ``None`` means within the calibration band.

        ``None`` outside the band where the maker states no temperature coefficient.
        """
        stated = abs(reading) * self.percent_of_reading / 100.0 + abs(full_scale) * self.percent_of_range / 100.0
        stated += self.counts * self.resolution + self.offset
        excess_c = beyond_calibration_c(ambient_c)
        if not excess_c:
            return stated
        coefficients = (
            (self.temperature_percent_of_reading, abs(reading) / 100.0),
            (self.temperature_percent_of_range, abs(full_scale) / 100.0),
            (self.temperature_offset, 1.0),
            (self.temperature_share_of_limit, stated),
        )
        known = [coefficient * of for coefficient, of in coefficients if coefficient is not None]
        return stated + excess_c * sum(known) if known else None

    def standard_uncertainty(self, reading: float, full_scale: float, ambient_c: float | None = None) -> float | None:
        """Return the standard uncertainty (GUM 4.3.7: rectangular within the limit, so limit ÷ √3), if it is known."""
        limit = self.limit(reading, full_scale, ambient_c)
        return None if limit is None else limit / math.sqrt(3.0)


def beyond_calibration_c(ambient_c: float | None) -> float:
    """Return by how many °C a bench is outside the band that limits of error are stated for; 0 within it."""
    low, high = CALIBRATION_BAND_C
    return 0.0 if ambient_c is None else max(0.0, low - ambient_c, ambient_c - high)


def find_accuracy(specification: tuple[Accuracy, ...], value: float) -> Accuracy | None:
    """Return the first limit that holds at ``value`` (Hz or the reading); ``None`` when the maker states none there."""
    return next((one for one in specification if one.holds_at(value)), None)

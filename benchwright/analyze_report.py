"""What one capture file holds, as data for machines and as tables and pictures for people."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from benchwright.errors import UsageError
from benchwright.plots import braille, heat_map
from benchwright.terminal import styled
from edge_agent.analysis.decode import i2c as i2c_bus
from edge_agent.analysis.decode import spi as spi_bus
from edge_agent.analysis.decode import uart as uart_bus
from edge_agent.analysis.decode.edges import Edges, from_logic, from_waveform
from edge_agent.analysis.pulse import pulse_parameters
from edge_agent.analysis.rail import rail
from edge_agent.analysis.result import NoAnswer
from protocols.quantity import Quantity, format_measured, format_value
from protocols.waveform import Capture, ThermalImage, Waveform
from tui.heard import heard
from tui.i18n import N_, _, titled

_PLOT_COLUMNS = 72
_MOST_ROWS = 40
"""Rows of decoded traffic that a screen shows; ``--json`` has them all."""

FIELDS = {
    "low": N_("low level"),
    "high": N_("high level"),
    "amplitude": N_("amplitude"),
    "rise_time": N_("rise time"),
    "fall_time": N_("fall time"),
    "overshoot": N_("overshoot"),
    "undershoot": N_("undershoot"),
    "period": N_("period"),
    "frequency": N_("frequency"),
    "positive_width": N_("positive width"),
    "negative_width": N_("negative width"),
    "duty": N_("duty"),
    "transition_count": N_("transitions"),
    "mean": N_("mean"),
    "minimum": N_("minimum"),
    "maximum": N_("maximum"),
    "ripple_pp": N_("ripple, peak to peak"),
    "ripple_rms": N_("ripple rms"),
    "noise_rms": N_("noise rms"),
    "ripple_frequency": N_("ripple frequency"),
    "bandwidth": N_("bandwidth"),
}
"""Words for what is found in an analogue record."""


@dataclass(frozen=True, slots=True)
class Buses:
    """Which lines to decode, as written on the command line."""

    uart: str | None = None
    i2c: str | None = None
    spi: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The same content twice: JSON-ready ``data`` and a rich ``picture``."""

    data: dict[str, Any]
    picture: RenderableType


def report(capture: Capture, name: str, buses: Buses) -> Report:
    """Analyse everything in a capture; raise ``UsageError`` when a bus names channels that it lacks."""
    data: dict[str, Any] = {"file": name}
    parts: list[RenderableType] = []
    if capture.analog:
        waves = [_wave(wave) for wave in capture.analog]
        data["analog"] = [wave_data for wave_data, _ in waves]
        parts += [picture for _, picture in waves]
    if capture.logic is not None:
        data["logic"], picture = _logic_channels(capture)
        parts.append(picture)
    if capture.thermal is not None:
        data["thermal"], picture = _thermal(capture.thermal)
        parts.append(picture)
    for key, decoded in _decoded(capture, buses):
        data[key] = decoded
        parts.append(_traffic(key, decoded))
    return Report(data, Panel(Group(*parts), title=styled(name), title_align="left", border_style="dim"))


def _answers(result: object) -> dict[str, dict[str, Any]]:
    """Return every quantity (or reason why there is none) of an analysis' result."""
    found: dict[str, dict[str, Any]] = {}
    for field in fields(result) if not isinstance(result, NoAnswer) else ():  # type: ignore[arg-type]
        answer = getattr(result, field.name)
        if isinstance(answer, Quantity):
            found[field.name] = {
                "value": answer.value,
                "unit": answer.unit,
                "standard_uncertainty": answer.standard_uncertainty,
            }
        elif isinstance(answer, NoAnswer):
            found[field.name] = {"value": None, "reason": answer.reason}
    return found


def _shown(answer: dict[str, Any]) -> Text:
    if answer["value"] is None:
        return Text(heard(answer["reason"]), style="dim")
    return styled(format_measured(answer["value"], answer["unit"], 2 * (answer["standard_uncertainty"] or 0.0)))


def _wave(wave: Waveform) -> tuple[dict[str, Any], RenderableType]:
    two_level = pulse_parameters(wave)
    steady = rail(wave, bandwidth_hz=20e6)
    data = {
        "name": wave.name,
        "samples": int(wave.codes.size),
        "sample_rate_hz": wave.sample_rate_hz,
        "pulse": two_level.reason if isinstance(two_level, NoAnswer) else _answers(two_level),
        "rail": steady.reason if isinstance(steady, NoAnswer) else _answers(steady),
    }
    heading = titled(wave.name, _record(wave.codes.size, wave.sample_rate_hz))
    chosen = steady if isinstance(two_level, NoAnswer) and not isinstance(steady, NoAnswer) else two_level
    picture = [styled(heading, style="bold"), Text("\n".join(_trace(wave)), style="green")]
    return data, Group(*picture, *_numbers(chosen))


def _numbers(result: object) -> list[RenderableType]:
    """Return what an analysis found as a table, or why it found nothing."""
    if isinstance(result, NoAnswer):
        return [Text(heard(result.reason), style="dim")]
    table = Table(box=None, padding=(0, 2), show_header=False)
    table.add_column(style="cyan")
    for name, answer in _answers(result).items():
        table.add_row(_(FIELDS.get(name, name.replace("_", " "))), _shown(answer))
    return [Text(_("k = 2 uncertainties of the record"), style="dim italic"), table]


def _trace(wave: Waveform) -> list[str]:
    columns = min(2 * _PLOT_COLUMNS, wave.codes.size)
    if columns < 2:
        return []
    usable = wave.codes[: wave.codes.size // columns * columns].reshape(columns, -1)
    extremes = np.stack([usable.min(axis=1), usable.max(axis=1)]).astype(np.float64) * wave.scale + wave.offset
    return braille(extremes.min(axis=0), extremes.max(axis=0))


def _logic_channels(capture: Capture) -> tuple[list[dict[str, Any]], RenderableType]:
    logic = capture.logic
    if logic is None:
        raise ValueError("this capture has no logic channels")
    rows = []
    table = Table(_("Channel"), _("Edges"), _("Looks like"), box=None, padding=(0, 2))
    for name in (channel for channel in logic.channels if channel):
        edges = from_logic(logic, name)
        guess, text = _guess(edges)
        rows.append({"channel": name, "edges": int(edges.positions.size), "baud": guess, "text": text})
        table.add_row(name, f"{edges.positions.size:,}", "" if guess is None else f"UART {guess} Bd: {text}")
    heading = titled(_("logic"), _record(logic.words.size, logic.sample_rate_hz))
    return rows, Group(Text(heading, style="bold"), table)


def _record(samples: int, rate_hz: float) -> str:
    return _("{count:,} samples at {rate}").format(count=samples, rate=format_value(rate_hz, "Hz"))


def _guess(edges: Edges) -> tuple[int | None, str]:
    """Return baud rate and text when the line reads as an 8N1 UART without errors, in either polarity."""
    baud = uart_bus.estimate_baud(edges)
    rate = uart_bus.nearest_standard_baud(baud.value) if isinstance(baud, Quantity) else None
    if rate is None or edges.sample_rate_hz / rate < 2:
        return None, ""
    for line in (edges, edges.inverted()):
        frames = uart_bus.decode(line, uart_bus.UartFormat(rate))
        if frames.words.size >= 3 and not frames.framing_errors.any() and frames.false_starts.size == 0:
            return rate, repr(frames.data[:40])[2:-1]
    return None, ""


def _thermal(image: ThermalImage) -> tuple[dict[str, Any], RenderableType]:
    celsius = image.temperatures_c
    row, column = (int(place) for place in np.unravel_index(int(np.nanargmax(celsius)), celsius.shape))
    data = {
        "rows": celsius.shape[0],
        "columns": celsius.shape[1],
        "minimum_c": float(np.nanmin(celsius)),
        "maximum_c": float(np.nanmax(celsius)),
        "mean_c": float(np.nanmean(celsius, dtype=np.float64)),
        "hottest": [row, column],
        "emissivity": image.emissivity,
    }
    line = _(
        "{minimum:.2f} … {maximum:.2f} °C, mean {mean:.2f} °C, hottest at row {row}, column {column} "
        "(emissivity {emissivity:g})"
    ).format(
        minimum=data["minimum_c"],
        maximum=data["maximum_c"],
        mean=data["mean_c"],
        row=row,
        column=column,
        emissivity=image.emissivity,
    )
    return data, Group(Text(line, style="bold"), *heat_map(celsius, 64))


def _decoded(capture: Capture, buses: Buses) -> list[tuple[str, list[dict[str, Any]]]]:
    found = []
    if buses.uart:
        found.append(("uart", _uart(capture, buses.uart)))
    if buses.i2c:
        scl, sda = (_line(capture, name) for name in _names(buses.i2c, 2, "--i2c SCL,SDA"))
        found.append(("i2c", [_i2c_row(transfer) for transfer in i2c_bus.decode(_some(scl), _some(sda))]))
    if buses.spi:
        found.append(("spi", _spi(capture, buses.spi)))
    return found


def _uart(capture: Capture, wanted: str) -> list[dict[str, Any]]:
    channel, _, rest = wanted.partition(":")
    rate, _, form = rest.partition(":")
    edges = _some(_line(capture, channel))
    inverted = form.endswith("i")
    form = form.rstrip("i") or "8N1"
    if inverted:
        edges = edges.inverted()
    estimate = uart_bus.estimate_baud(edges)
    parities = {"N": uart_bus.Parity.NONE, "E": uart_bus.Parity.EVEN, "O": uart_bus.Parity.ODD}
    try:
        if not rate and isinstance(estimate, NoAnswer):
            raise UsageError(f"--uart {wanted}: {estimate.reason}, or name the baud rate")
        baud = float(rate) if rate or isinstance(estimate, NoAnswer) else estimate.value
        frames = uart_bus.decode(
            edges, uart_bus.UartFormat(baud, int(form[0]), parities[form[1].upper()], float(form[2:]))
        )
    except (ValueError, KeyError, IndexError) as error:
        raise UsageError(f"--uart {wanted}: write CHANNEL:BAUD:8N1 ({error})") from error
    return [
        {
            "time_s": float(time),
            "value": int(word),
            "framing_error": bool(framing),
            "parity_error": bool(parity),
        }
        for time, word, framing, parity in zip(
            frames.start_times_s, frames.words, frames.framing_errors, frames.parity_errors, strict=True
        )
    ]


def _i2c_row(transfer: i2c_bus.I2cTransfer) -> dict[str, Any]:
    return {
        "sample": transfer.start,
        "address": transfer.address,
        "read": transfer.read,
        "data": transfer.data.hex(" "),
        "acknowledged": list(transfer.acknowledged),
        "stopped": transfer.stopped,
    }


def _spi(capture: Capture, wanted: str) -> list[dict[str, Any]]:
    names = wanted.split(",")
    mode = names.pop() if len(names) == 5 else "0"
    clock, mosi, miso, select = (_line(capture, name) for name in _names(",".join(names), 4, "--spi CLK,MOSI,MISO,CS"))
    try:
        transfers = spi_bus.decode(_some(clock), mosi=mosi, miso=miso, select=select, mode=int(mode))
    except ValueError as error:
        raise UsageError(f"--spi {wanted}: {error}") from error
    return [
        {"sample": t.start, "mosi": t.mosi.hex(" "), "miso": t.miso.hex(" "), "leftover_bits": t.leftover_bits}
        for t in transfers
    ]


def _names(text: str, count: int, form: str) -> list[str]:
    names = text.split(",")
    if len(names) != count:
        raise UsageError(f"{text!r} names {len(names)} lines; write {form}")
    return names


def _some(line: Edges | None) -> Edges:
    if line is None:
        raise UsageError("a clock and a data line are needed; only SPI's data and select lines may be left out with -")
    return line


def _line(capture: Capture, name: str) -> Edges | None:
    """Return a channel's edges, logic first; an analogue one is cut in the middle of its extremes."""
    if name == "-":
        return None
    if capture.logic is not None and name in capture.logic.channels:
        return from_logic(capture.logic, name)
    for wave in capture.analog:
        if wave.name == name:
            low, high = (float(code) * wave.scale + wave.offset for code in (wave.codes.min(), wave.codes.max()))
            return from_waveform(wave, (low + high) / 2, abs(high - low) / 4)
    known = [wave.name for wave in capture.analog] + [c for c in (capture.logic.channels if capture.logic else ()) if c]
    raise UsageError(f"there is no channel {name!r}; the file has {', '.join(known) or 'none'}")


def _traffic(key: str, decoded: list[dict[str, Any]]) -> RenderableType:
    if key == "uart":
        data = bytes(row["value"] & 0xFF for row in decoded)
        errors = sum(row["framing_error"] or row["parity_error"] for row in decoded)
        return Group(
            Text(
                titled("UART", _("{count} words, {errors} with errors").format(count=len(data), errors=errors)),
                style="bold",
            ),
            Text(repr(data[:2000])[2:-1]),
        )
    table = Table(*(decoded[0] if decoded else (_("no transfer"),)), box=None, padding=(0, 2))
    for row in decoded[:_MOST_ROWS]:
        table.add_row(*(str(value) for value in row.values()))
    left = len(decoded) - _MOST_ROWS
    return Group(
        Text(titled(key, _("{count} transfers").format(count=len(decoded))), style="bold"),
        table,
        Text(_("… {count} more (--json prints all)").format(count=left) if left > 0 else "", style="dim"),
    )

"""The power supply of a board: from the bench feed at J1 to the main and logic rails, whose values ``board`` names.

All loads are ohmic when powered, so the direct currents follow from one monotonic equation in the main rail.
"""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.simulated.board import Board

LDO_START_SPAN_V = 0.2
"""A regulator that jumped would leave a supply that limits its current no point to rest at."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What the bench supply offers at J1: ``voltage_v`` up to ``limit_a``."""

    voltage_v: float = 0.0
    limit_a: float = 0.0
    on: bool = False


@dataclass(frozen=True, slots=True)
class Operating:
    """One direct-current solution. ``losses_w`` is the heat of each part by its reference designator."""

    terminal_v: float
    supply_a: float
    limited: bool
    main_v: float
    logic_v: float
    load_a: float
    """Current through the output stage."""
    load_v: float
    """Voltage across its load."""
    ripple_pp_v: float
    """Peak-to-peak ripple of the main rail."""
    losses_w: dict[str, float]


def ldo_output(main_v: float, board: Board) -> float:
    """Return the open-circuit output voltage of U2 at an input of ``main_v``; it starts within ``LDO_START_SPAN_V``."""
    share = min(1.0, max(0.0, (main_v - board.ldo_starts_v) / LDO_START_SPAN_V))
    return share * min(board.regulated_v, max(0.0, main_v - board.dropout_v))


def solve(feed: Feed, board: Board, *, driven: bool) -> Operating:
    """Find the operating point by bisection: the current drawn never falls when the main rail rises."""
    if not feed.on or feed.voltage_v <= 0.0:
        return Operating(0.0, 0.0, False, 0.0, 0.0, 0.0, 0.0, 0.0, {})
    series = board.lead_ohm + board.converter_ohm

    def excess(rail: float) -> float:
        return rail + series * _drawn(rail, board, driven) - feed.voltage_v

    rail = _root(excess, feed.voltage_v)
    limited = _drawn(rail, board, driven) + _idle(feed.voltage_v, board) > feed.limit_a
    if limited:
        rail = _root(lambda v: _drawn(v, board, driven) + _idle(v, board) - feed.limit_a, feed.voltage_v)
    return _describe(feed, board, rail, driven, limited)


def _drawn(rail: float, board: Board, driven: bool) -> float:
    """Return the current out of the main rail."""
    output = ldo_output(rail, board)
    current = output / (board.logic_load_ohm + board.ldo_output_ohm)
    current += board.ldo_ground_a * min(1.0, rail / board.ldo_starts_v)
    if driven:
        current += board.stage.current_a(rail)
    return current + rail * (board.leakage_s + board.short_s)


def _idle(voltage: float, board: Board) -> float:
    """Return the converter's own current, rising smoothly so that the equation stays monotonic."""
    return board.converter_idle_a * min(1.0, max(0.0, voltage / board.converter_starts_v))


def _root(function: Callable[[float], float], upper: float) -> float:
    """Return where the rising ``function`` crosses zero between 0 and ``upper``."""
    low, high = 0.0, upper
    for _ in range(60):
        middle = (low + high) / 2
        if function(middle) > 0:
            high = middle
        else:
            low = middle
    return low


def _describe(feed: Feed, board: Board, rail: float, driven: bool, limited: bool) -> Operating:
    drawn = _drawn(rail, board, driven)
    supply = min(drawn + _idle(rail if limited else feed.voltage_v, board), feed.limit_a)
    terminal = min(feed.voltage_v, rail + (board.lead_ohm + board.converter_ohm) * drawn)
    logic_a = ldo_output(rail, board) / (board.logic_load_ohm + board.ldo_output_ohm)
    logic_v = logic_a * board.logic_load_ohm
    stage = board.stage
    load_a = stage.current_a(rail) if driven else 0.0
    load_v = load_a * stage.load_ohm + (stage.forward_v if load_a > 0.0 else 0.0)
    ripple_a = (0.05 + drawn) * min(1.0, rail / 4.0)
    ripple = 0.0
    if rail > board.converter_starts_v:
        ripple = ripple_a * (board.c5_esr_ohm + 1.0 / (8.0 * board.ripple_hz * board.c5_f))
    ground_a = board.ldo_ground_a * min(1.0, rail / board.ldo_starts_v) + board.leakage_s * rail
    losses = {
        "U1": drawn**2 * board.converter_ohm + _idle(feed.voltage_v, board) * terminal,
        "U2": (rail - logic_v) * logic_a + rail * ground_a,
        "U3": logic_v * logic_a,
        stage.load: load_a * load_v,
        stage.driver: load_a**2 * stage.driver_ohm,
        "C7": rail**2 * board.short_s,
    }
    return Operating(terminal, supply, limited, rail, logic_v, load_a, load_v, ripple, losses)

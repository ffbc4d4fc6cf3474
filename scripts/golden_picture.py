"""Draws what a plan with masks of good units sees: the masks, a good unit and a faulty one, each run for it.

.venv/bin/python -m scripts.golden_picture docs/images/golden.svg
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.features import MaskKind, features
from edge_agent.analysis.mask import Mask, compare
from edge_agent.analysis.result import NoAnswer
from edge_agent.golden_learning import File, Subject, captures_of_good_runs, load_subject, record_of
from edge_agent.plans.golden import GoldenUse
from edge_agent.plans.load import find_plan, load_plan
from edge_agent.plans.reference import reference_mask
from scripts.golden_masks import run_unit

Floats = npt.NDArray[np.float64]
PLAN, GOOD = "cs12-golden", 501
FAULTS = {
    "signature": "dried_capacitor",
    "ripple": "loop_oscillation",
    "soft-start": "worn_switch",
    "heat": "leaky_ldo",
}
WIDTH, HEIGHT, GAP, HEAD = 420, 190, 16, 36
BAND, GOOD_COLOUR, BAD_COLOUR = "#c8e6c9", "#1565c0", "#c62828"


def main() -> None:
    """Run the units and write the picture."""
    path = find_plan(PLAN)
    plan, subject = load_plan(path, learning=True), load_subject(path)
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(5) as pool:

        def run(fault: str) -> Path:
            state = Path(work) / (fault or "good")
            state.mkdir()
            run_unit(plan, GOOD, state, fault)
            return state

        faults = ("", *FAULTS.values())
        states = dict(zip(faults, pool.map(run, faults), strict=True))
        panels = [panel(use, subject, path, states) for use in subject.uses()]
    Path(sys.argv[1]).write_text(whole(panels), encoding="utf-8")


def panel(use: GoldenUse, subject: Subject, path: Path, states: dict[str, Path]) -> str:
    """Draw one mask with both units."""
    mask = reference_mask((path.parent / use.reference).read_bytes(), use.reference)
    good, bad = (saved(use, subject, states[fault]) for fault in ("", FAULTS[use.step.id]))
    found = compare(mask, record_of(use.kind, use.channels, bad))
    said = found.reason if isinstance(found, NoAnswer) else f"worst at {found.place}: {found.worst.value:.0f} spreads"
    title, below = use.step.title.en, f"{FAULTS[use.step.id]}: {said} (limit {mask.limit:.1f})"
    curves = [values(mask, use, one) for one in (good, bad)]
    drawn = heat(mask, curves[1]) if use.kind is MaskKind.HEAT else lines(mask, *curves)
    texts = ((12, "#000", title), (28, BAD_COLOUR, below))
    said_above = (f'<text y="{y}" font-size="12" font-family="sans-serif" fill="{c}">{t}</text>\n' for y, c, t in texts)
    return "".join(said_above) + drawn


def saved(use: GoldenUse, subject: Subject, state: Path) -> File:
    """Return what a step of the one run in a folder saved; a faulty unit's learning run passes or not."""
    (found,) = captures_of_good_runs(state, subject, use.step.id, use.kind, passed=False)
    return found


def values(mask: Mask, use: GoldenUse, file: File) -> Floats:
    """Return a record as the mask sees it."""
    found = features(mask.kind, record_of(use.kind, use.channels, file), np.array(mask.mean))
    if isinstance(found, NoAnswer):
        raise SystemExit(found.reason)
    return found.values


def lines(mask: Mask, good: Floats, bad: Floats) -> str:
    """Draw the mask as a band, and the units as lines."""
    mean, half = np.array(mask.mean), mask.limit * np.array(mask.spread)
    axis = np.log10(mask.axis) if mask.kind is MaskKind.SPECTRUM else np.array(mask.axis)
    low, high = float(min((mean - half).min(), bad.min())), float(max((mean + half).max(), bad.max()))

    def points(y: Floats) -> list[str]:
        chosen = np.unique(np.linspace(0, y.size - 1, 300).astype(int))
        x = (axis[chosen] - axis[0]) / (axis[-1] - axis[0]) * WIDTH
        return [
            f"{a:.1f},{HEAD + HEIGHT * (1 - (b - low) / (high - low)):.1f}" for a, b in zip(x, y[chosen], strict=True)
        ]

    band = " ".join(points(mean + half) + points(mean - half)[::-1])
    drawn = f'<rect y="{HEAD}" width="{WIDTH}" height="{HEIGHT}" fill="#fff" stroke="#ccc"/>\n'
    drawn += f'<polygon points="{band}" fill="{BAND}"/>\n'
    for curve, colour in ((bad, BAD_COLOUR), (good, GOOD_COLOUR)):
        drawn += f'<polyline points="{" ".join(points(curve))}" fill="none" stroke="{colour}"/>\n'
    return drawn


def heat(mask: Mask, bad: Floats) -> str:
    """Draw how far each pixel of the faulty unit is beyond the good ones, white within the limit."""
    off = (np.abs(bad - np.array(mask.mean)) / np.array(mask.spread)).reshape(-1, mask.columns)
    size = HEIGHT / off.shape[0]
    drawn = f'<rect y="{HEAD}" width="{size * mask.columns:.0f}" height="{HEIGHT}" fill="{BAND}" stroke="#ccc"/>\n'
    for row, column in np.argwhere(off > mask.limit):
        share = min(1.0, float(np.log(off[row, column] / mask.limit) / np.log(off.max() / mask.limit)) + 0.15)
        place = f'x="{column * size:.1f}" y="{HEAD + row * size:.1f}" width="{size:.1f}" height="{size:.1f}"'
        drawn += f'<rect {place} fill="{BAD_COLOUR}" fill-opacity="{share:.2f}"/>\n'
    return drawn


def whole(panels: list[str]) -> str:
    """Put the panels into two columns."""
    width, height = 2 * WIDTH + 3 * GAP, (len(panels) + 1) // 2 * (HEIGHT + HEAD + GAP) + GAP
    body = "".join(
        f'<g transform="translate({GAP + n % 2 * (WIDTH + GAP)},{GAP + n // 2 * (HEIGHT + HEAD + GAP)})">\n{one}</g>\n'
        for n, one in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n{body}</svg>\n'
    )


if __name__ == "__main__":
    main()

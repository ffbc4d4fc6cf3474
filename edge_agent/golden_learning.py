"""From capture files of good units to a mask, for one step of a plan."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from edge_agent.analysis.features import INPUTS, MaskKind
from edge_agent.analysis.mask import learn
from edge_agent.analysis.result import NoAnswer
from edge_agent.golden_store import Entry, GoldenError, GoldenStore
from edge_agent.plans.load import LoadedPlan
from protocols.captures import CaptureError, read_capture
from protocols.messages import codec
from protocols.messages.records import CaptureTaken, Outcome, Record, RunFinished, RunStarted
from protocols.waveform import ThermalImage, Waveform

File = tuple[str, bytes]
"""Name and content of a capture."""


def learn_step(
    plan: LoadedPlan,
    step: str,
    kind: MaskKind,
    files: Sequence[File],
    store: GoldenStore,
    *,
    channels: Sequence[str] = (),
    false_reject: float = 0.01,
) -> Entry:
    """Learn from ``files`` (one a good unit) and keep the mask; raise ``GoldenError`` in one sentence.

    ``channels`` names the waveforms in the order that the kind takes them; the first ones of each file if left out.
    """
    if step not in {one.id for _, _, one in plan.plan.steps()}:
        raise GoldenError(f"the plan {plan.plan.plan} has no step {step!r}; see benchwright plan show {plan.plan.plan}")
    mask = learn(kind, [_record(kind, channels, *file) for file in files], false_reject=false_reject)
    if isinstance(mask, NoAnswer):
        raise GoldenError(mask.reason)
    return store.add(
        mask,
        model=plan.plan.model,
        plan=plan.plan.plan,
        plan_version=plan.plan.version,
        step=step,
        channels=tuple(channels),
        captures=tuple(hashlib.sha256(content).hexdigest() for _, content in files),
    )


def captures_of_good_runs(state: Path, plan: LoadedPlan, step: str, kind: MaskKind) -> list[File]:
    """Return the captures that ``step`` saved in the passed runs of this very plan in a ``plan run --state`` folder."""
    from edge_agent.spool import Spool, SpoolError

    journal = state / "journal.sqlite"
    if not journal.is_file():
        raise GoldenError(f"{state} is no folder of runs: it holds no journal.sqlite")
    bodies = []
    try:
        with Spool(journal) as spool:
            bodies = [codec.decode(one.encoded, Record).body for one in spool.pending(1_000_000, 1 << 40)]
    except (SpoolError, msgspec.MsgspecError) as error:
        raise GoldenError(str(error)) from error
    good = {body.run for body in bodies if isinstance(body, RunFinished) and body.outcome is Outcome.PASSED}
    good &= {body.run for body in bodies if isinstance(body, RunStarted) and body.plan.sha256 == plan.sha256}
    wanted = {body.run: body for body in bodies if isinstance(body, CaptureTaken) and _fits(body, good, step, kind)}
    return [(one.name, (state / "captures" / one.sha256).read_bytes()) for one in wanted.values()]


def _fits(body: CaptureTaken, good: set[str], step: str, kind: MaskKind) -> bool:
    thermal = body.name.endswith("-thermal.npz")
    return body.run in good and body.step == step and thermal == (kind is MaskKind.HEAT)


def _record(kind: MaskKind, channels: Sequence[str], name: str, content: bytes) -> tuple[Waveform, ...] | ThermalImage:
    try:
        capture = read_capture(content, name)
    except CaptureError as error:
        raise GoldenError(str(error)) from error
    if kind is MaskKind.HEAT:
        if capture.thermal is None:
            raise GoldenError(f"{name}: holds no thermal image")
        return capture.thermal
    by_name = {wave.name.lower(): wave for wave in capture.analog}
    chosen = list(capture.analog)[: INPUTS[kind]] if not channels else []
    for channel in channels:
        if channel.lower() not in by_name:
            raise GoldenError(f"{name}: holds no channel {channel!r}; it holds {', '.join(by_name) or 'none'}")
        chosen.append(by_name[channel.lower()])
    return tuple(chosen)

"""From captures of good units to masks, for one step of a plan or for all that it compares."""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_agent.analysis.features import INPUTS, MaskKind
from edge_agent.analysis.mask import learn
from edge_agent.analysis.result import NoAnswer
from edge_agent.golden_store import Entry, GoldenError, GoldenStore
from edge_agent.plans.golden import GoldenUse, golden_uses, made_for
from edge_agent.plans.load import PlanError, load_plan, read_plan
from edge_agent.plans.model import Plan, Step
from protocols.captures import CaptureError, read_capture
from protocols.messages import codec
from protocols.messages.records import CaptureTaken, Outcome, Record, RunFinished, RunStarted
from protocols.waveform import ThermalImage, Waveform


@dataclass(frozen=True, slots=True)
class File:
    """A capture of one good unit; ``unit`` is its serial number, or the file's name where that is not known."""

    name: str
    content: bytes
    unit: str

    @property
    def sha256(self) -> str:
        """The address of the content."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Subject:
    """The plan whose masks are learned, as it is written; ``hashes`` are those that its runs can name."""

    plan: Plan
    hashes: frozenset[str]

    def step(self, name: str) -> Step:
        """Return a step by its id; raise ``GoldenError``."""
        for _, _, step in self.plan.steps():
            if step.id == name:
                return step
        raise GoldenError(f"the plan {self.plan.plan} has no step {name!r}; see benchwright plan show {self.plan.plan}")

    def uses(self) -> tuple[GoldenUse, ...]:
        """Return every comparison of the plan; raise ``GoldenError`` when there is none."""
        found = tuple(golden_uses(self.plan))
        if not found:
            raise GoldenError(
                f"the plan {self.plan.plan} compares nothing with good units; "
                "add an analysis golden_mask or golden_heat, or name a step"
            )
        return found


def load_subject(path: Path) -> Subject:
    """Read a plan whose masks may be absent, or be of an older version; raise ``PlanError`` for all else."""
    hashes = {load_plan(path, learning=True).sha256}
    with contextlib.suppress(PlanError):  # its masks are what is to be learned
        hashes.add(load_plan(path).sha256)
    return Subject(read_plan(path), frozenset(hashes))


def learn_step(
    subject: Subject,
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
    plan, of = subject.plan, tuple(channels)
    purpose = made_for(plan, subject.step(step), of)
    known: dict[str, str] = {}
    for file in files:
        if file.sha256 in known:
            raise GoldenError(f"{file.name} and {known[file.sha256]} are the same capture; give one of each good unit")
        known[file.sha256] = file.name
    mask = learn(kind, [record_of(kind, of, file) for file in files], false_reject=false_reject)
    if isinstance(mask, NoAnswer):
        raise GoldenError(f"step {step}: {mask.reason}")
    return store.add(
        msgspec.structs.replace(mask, made_for=purpose),
        model=plan.model,
        plan=plan.plan,
        plan_version=plan.version,
        step=step,
        channels=of,
        captures=tuple(known),
    )


def captures_of_good_runs(
    state: Path, subject: Subject, step: str, kind: MaskKind, *, passed: bool = True
) -> list[File]:
    """Return what ``step`` saved in the (passed) runs of this very plan in a ``plan run --state`` folder.

    Of a unit that was run more than once the newest counts: repeats tell nothing of how units differ.
    """
    from edge_agent.spool import Spool, SpoolError

    journal = state / "journal.sqlite"
    if not journal.is_file():
        raise GoldenError(f"{state} is no folder of runs: it holds no journal.sqlite")
    try:
        with Spool(journal) as spool:
            bodies = [codec.decode(one.encoded, Record).body for one in spool.pending(1_000_000, 1 << 40)]
    except (SpoolError, msgspec.MsgspecError) as error:
        raise GoldenError(str(error)) from error
    good = {body.run for body in bodies if isinstance(body, RunFinished) and body.outcome is Outcome.PASSED}
    begun = (body for body in bodies if isinstance(body, RunStarted))
    started = {body.run: body for body in begun if body.run in good or not passed}
    units = {run: body.device.serial for run, body in started.items() if body.plan.sha256 in subject.hashes}
    if not units:
        raise GoldenError(_no_runs(state, subject.plan, list(started.values())))
    thermal = kind is MaskKind.HEAT
    newest = {
        units[body.run]: body
        for body in bodies
        if isinstance(body, CaptureTaken) and body.run in units and body.step == step
        if body.name.endswith("-thermal.npz") == thermal
    }
    if not newest:
        raise GoldenError(f"no run in {state} saved what the step {step} captured; the step needs save: true")
    return [File(one.name, (state / "captures" / one.sha256).read_bytes(), unit) for unit, one in newest.items()]


def _no_runs(state: Path, plan: Plan, passed: list[RunStarted]) -> str:
    versions = sorted({body.plan.version for body in passed if body.plan.name == plan.plan})
    how = f"run the good units with: benchwright plan run {plan.plan} --learning --state {state}"
    if not versions:
        return f"{state} holds no passed run of the plan {plan.plan}; {how}"
    others = ", ".join(str(version) for version in versions)
    if versions == [plan.version]:
        return f"the runs in {state} are of another text of the plan {plan.plan} (version {others} too); {how}"
    return f"the runs in {state} are of version {others} of the plan {plan.plan}, but this is {plan.version}; {how}"


def record_of(kind: MaskKind, channels: Sequence[str], file: File) -> tuple[Waveform, ...] | ThermalImage:
    """Return what of a capture is compared; raise ``GoldenError``."""
    try:
        capture = read_capture(file.content, file.name)
    except CaptureError as error:
        raise GoldenError(str(error)) from error
    if kind is MaskKind.HEAT:
        if capture.thermal is None:
            raise GoldenError(f"{file.name}: holds no thermal image")
        return capture.thermal
    by_name = {wave.name.lower(): wave for wave in capture.analog}
    chosen = list(capture.analog)[: INPUTS[kind]] if not channels else []
    for channel in channels:
        if channel.lower() not in by_name:
            raise GoldenError(f"{file.name}: holds no channel {channel!r}; it holds {', '.join(by_name) or 'none'}")
        chosen.append(by_name[channel.lower()])
    return tuple(chosen)

"""Plans from files: read, checked without instruments, and known by the hash of everything that belongs to them."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.plans.actions import ACTIONS
from edge_agent.plans.check import check_plan
from edge_agent.plans.diagnosis import FaultDictionary
from edge_agent.plans.model import Plan, Step
from edge_agent.plans.problem import Problem
from edge_agent.plans.source import MAX_BYTES, Source, SourceError, is_bare_name, read_source
from edge_agent.plans.units import decode_hook
from protocols.messages.records import PlanReference
from protocols.mistakes import mistakes

SHIPPED_PLANS = Path(__file__).resolve().parent.parent / "test_plans"
PLAN_SUFFIX = ".plan.yaml"
"""A plan's file has the name of the plan and this: runs, tickets and people call it by one name."""
MAX_FILE_BYTES = 4 << 20


class PlanError(ValueError):
    """A plan that cannot be run. ``problems`` are all that was found, each one sentence with its place."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(problems[0] + more)


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A checked plan with the files beside it; ``sha256`` changes when any byte of them does."""

    plan: Plan
    sha256: str
    files: Mapping[str, bytes]
    faults: FaultDictionary | None = None

    @property
    def reference(self) -> PlanReference:
        """What a run's record says of its plan."""
        return PlanReference(self.plan.plan, self.plan.version, self.sha256)


def find_plan(name: str, folders: tuple[Path, ...] = ()) -> Path:
    """Return the file of the plan called ``name`` (or the path itself); raise ``PlanError`` naming those that exist."""
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    searched = (*folders, SHIPPED_PLANS)
    for folder in searched:
        path = folder / f"{name}{PLAN_SUFFIX}"
        if path.is_file():
            return path
    known = sorted(
        {path.name.removesuffix(PLAN_SUFFIX) for folder in searched for path in folder.glob(f"*{PLAN_SUFFIX}")}
    )
    raise PlanError([f"there is no test plan {name!r}; there are {', '.join(known)}"])


def load_plan(path: Path, *, learning: bool = False) -> LoadedPlan:
    """Read and check a plan; raise ``PlanError`` with one sentence for each problem.

    ``learning``: as good units are run to learn what they look like, without comparisons with masks.
    """
    loaded = parse_plan(_read(path), str(path), lambda name: _read(path.parent / name), learning=learning)
    if path.name.endswith(PLAN_SUFFIX) and path.name != loaded.plan.plan + PLAN_SUFFIX:
        called = loaded.plan.plan
        raise PlanError(
            [f"{path}: the plan in it is called {called!r}; call the file {called}.plan.yaml, or both alike"]
        )
    return loaded


def read_plan(path: Path) -> Plan:
    """Read a plan without checking what its steps do, or the files beside it."""
    source = _source(_read(path), str(path))
    plan: Plan = _convert(source, Plan)
    return plan


def parse_plan(data: bytes, name: str, read_file: Callable[[str], bytes], *, learning: bool = False) -> LoadedPlan:
    """Decode and check the plan ``data`` called ``name``; ``read_file`` gives the files beside it."""
    source = _source(data, name)
    plan: Plan = _convert(source, Plan)
    places = _references(plan)
    if learning:
        from edge_agent.plans.golden import without_comparisons

        plan = without_comparisons(plan)
    files: dict[str, bytes] = {}
    faults = None
    absent: list[str] = []
    for file in _references(plan):
        try:
            files[file] = _beside(file, read_file)
        except PlanError as error:
            absent += [_located(source, Problem(places[file], words)) for words in error.problems]
            continue
        try:
            if file == plan.faults:
                faults = _convert(_source(files[file], file), FaultDictionary)
        except PlanError as error:
            absent += error.problems
    if absent:
        raise PlanError(absent)
    problems = check_plan(plan, faults, files)
    if problems:
        raise PlanError(_told(source, problems))
    return LoadedPlan(plan, _identity(data, files), files, faults)


def _identity(data: bytes, files: Mapping[str, bytes]) -> str:
    """Hash the plan, and each file beside it with name and length."""
    digest = hashlib.sha256(data)
    for name in sorted(files):
        digest.update(f"\n{name} {len(files[name])}\n".encode())
        digest.update(files[name])
    return digest.hexdigest()


def _references(plan: Plan) -> dict[str, tuple[str | int, ...]]:
    """Return the files beside the plan that it names, each with the path in the plan where it does so first.

    Wrong parameters are told by the check of the plan.
    """
    found: dict[str, tuple[str | int, ...]] = {}
    if plan.faults:
        found[plan.faults] = ("faults",)
    for _, path, step in plan.steps():
        for index, use in enumerate(step.analyse):
            if use.reference:
                found.setdefault(use.reference, (*path, "analyse", index, "reference"))
        action = ACTIONS.get(step.action)
        if action is None:
            continue
        with contextlib.suppress(msgspec.ValidationError):
            for file in filter(None, action.files(action.decode(step.parameters))):
                keys = [key for key, value in step.parameters.items() if value == file]
                found.setdefault(file, (*path, "with", *keys[:1]))
    return found


def _beside(file: str, read_file: Callable[[str], bytes]) -> bytes:
    if not is_bare_name(file):
        raise PlanError([f"the file {file!r} must lie beside the plan; give its bare name"])
    return read_file(file)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PlanError([f"{path}: cannot be read ({error.strerror}); give the path of a file that exists"]) from error
    if len(data) > MAX_FILE_BYTES:
        raise PlanError([f"{path}: larger than {MAX_FILE_BYTES} bytes"])
    return data


def _source(data: bytes, name: str) -> Source:
    try:
        return read_source(data[: MAX_BYTES + 1], name)
    except SourceError as error:
        raise PlanError([str(error)]) from error


def _convert(source: Source, wanted: Any) -> Any:
    try:
        return msgspec.convert(source.data, wanted, dec_hook=decode_hook)
    except msgspec.ValidationError as error:
        found = mistakes(source.data, wanted, decode_hook)
        raise PlanError(_told(source, [Problem(one.path, one.named()) for one in found])) from error


def _told(source: Source, problems: Sequence[Problem]) -> list[str]:
    """Say what is wrong in the order of the file's lines."""
    return [_located(source, one) for one in sorted(problems, key=lambda one: source.line(one.path))]


def _located(source: Source, problem: Problem) -> str:
    return f"{source.name}: line {source.line(problem.path)}: {_step_at(source.data, problem.path)}{problem.words}"


def _step_at(data: Any, path: list[str | int] | tuple[str | int, ...]) -> str:
    """Name the innermost step that ``path`` leads into."""
    found = ""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(data, dict) and isinstance(data.get("id"), str) and "action" in data:
            found = f"step {data['id']}: "
    return found


def steps_by_id(plan: Plan) -> dict[str, Step]:
    """Return every step of the plan by its id, branches included."""
    return {step.id: step for _, _, step in plan.steps()}

"""What a test plan is: groups of steps, each an action on an instrument with its measurements and limits.

The vocabulary is that of openhtf and labgrid: setup, main and teardown groups, measurements with validators, roles,
diagnoses that can drive branches.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from edge_agent.plans.units import Amount, Seconds, default
from protocols.messages.records import DecisionRule, Identifier

GROUPS = ("setup", "main", "soak", "teardown")
Line = Annotated[str, Meta(min_length=1, max_length=1000)]


class Strict(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Immutable; an unknown key is an error, so that a misspelt one is never ignored."""


class Words(Strict, frozen=True):
    """Text for people, in every language of the product."""

    en: Line
    zh_cn: Line = field(name="zh-CN")

    def as_dict(self) -> dict[str, str]:
        """Return language tag to text, as records carry it."""
        return {"en": self.en, "zh-CN": self.zh_cn}


CalibrationRule = Literal["flag", "undecided", "block"]
"""What a calibration that is overdue does: it is told with each value, takes verdicts back, or stops the run."""


class RoleNeed(Strict, frozen=True):
    """An instrument that the plan needs, in the role under which ``bench.toml`` lists it."""

    kind: Literal["multimeter", "oscilloscope", "generator", "supply", "camera", "programmer", "console", "scanner"]
    title: Words


class AnalysisUse(Strict, frozen=True):
    """An analysis of what the step captured; its fields are measured as ``<name>.<field>``."""

    analysis: Identifier
    name: Identifier | None = None
    """Defaults to the name of the analysis."""
    of: Annotated[tuple[str, ...], Meta(max_length=8)] = ()
    """Captured channels to take (``ch1``), in the order that the analysis wants; the first one if left out."""
    parameters: dict[str, Any] = field(default={}, name="with")
    reference: str | None = None
    """File beside the plan with the golden record to compare with."""

    @property
    def label(self) -> str:
        """What the fields are addressed by."""
        return self.name or self.analysis


class MeasureSpec(Strict, frozen=True):
    """A value of the step that is recorded, and judged when it has limits or an expected value."""

    name: Identifier
    field: Annotated[str, Meta(min_length=1, max_length=128)]
    low: Amount | None = None
    high: Amount | None = None
    expected: str | bool | None = None
    rule: DecisionRule = DecisionRule.SIMPLE
    unit: str | None = None
    """Only to be explicit; must be the unit of the field."""

    @property
    def judged(self) -> bool:
        """Whether the value decides about the step."""
        return self.low is not None or self.high is not None or self.expected is not None


class Meanwhile(Strict, frozen=True):
    """A second action that runs beside the step's own (a stimulus, power on …).

    It begins ``after`` the step's instrument has begun its work.
    """

    action: Identifier
    role: Identifier | None = None
    parameters: dict[str, Any] = field(default={}, name="with")
    after: Seconds = default(Seconds(0.0))


class Condition(Strict, frozen=True):
    """When a step is worth doing: the likeliest suspect so far, or a measurement that failed."""

    suspect: Identifier | None = None
    failed: Identifier | None = None


class Step(Strict, frozen=True):
    """One action with its measurements."""

    id: Identifier
    title: Words
    action: Identifier
    role: Identifier | None = None
    parameters: dict[str, Any] = field(default={}, name="with")
    instruction: Words | None = None
    """Asked of the operator, and to be confirmed, before the action."""
    connect: dict[Identifier, Identifier] = {}
    """Role (of several probes ``scope.2`` names the second) to test point: asked of the operator unless it is so."""
    meanwhile: Meanwhile | None = None
    analyse: Annotated[tuple[AnalysisUse, ...], Meta(max_length=16)] = ()
    measure: Annotated[tuple[MeasureSpec, ...], Meta(max_length=32)] = ()
    timeout: Seconds = default(Seconds(10.0))
    retries: Annotated[int, Meta(ge=0, le=10)] = 0
    on_fail: "Literal['continue', 'stop'] | Branch" = "continue"
    only_if: Condition | None = None
    skippable: bool = False
    """The operator may skip it, with a reason."""
    redo_on_resume: bool = False
    """It brings about a state that later steps rely on: done again when a run resumes after it."""
    save: bool = False
    """Keep what was captured as a file."""
    cost: Seconds | None = None
    """What the step takes a person and the bench, for elimination; estimated where it is left out."""

    def branch(self) -> "tuple[Step, ...]":
        """Return the steps that are done when this one fails."""
        return self.on_fail.steps if isinstance(self.on_fail, Branch) else ()

    @property
    def stops(self) -> bool:
        """Whether a failure (after its branch, if any) ends the main group."""
        return self.on_fail == "stop" or (isinstance(self.on_fail, Branch) and self.on_fail.then == "stop")


class Branch(Strict, frozen=True):
    """What is done when a step fails, and how it goes on after that."""

    steps: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=50)]
    then: Literal["continue", "stop"] = "continue"


class Watch(Strict, frozen=True):
    """A measurement whose change over the whole soak must stay within ``drift``, up or down."""

    measurement: Identifier
    drift: Amount


class Soak(Strict, frozen=True):
    """Stability monitoring after ``main`` has passed: ``steps`` are done ``every`` so often for ``duration``.

    Time counts while the device is watched; what interrupts it is told and does not count. Probes stay where they are.
    """

    duration: Seconds
    every: Seconds
    steps: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=20)]
    watch: Annotated[tuple[Watch, ...], Meta(max_length=32)] = ()
    dropouts: Annotated[int, Meta(ge=0)] = 0
    """How many times a value or an instrument may drop out."""
    longest_gap: Seconds = default(Seconds(600.0))
    """An interruption of the monitoring that is longer leaves the soak undecided."""
    on_alarm: Literal["continue", "stop"] = "continue"
    resume: Literal["by_itself", "ask"] = "by_itself"
    """Whether the bench goes on by itself when it starts after a power cut: outputs are then switched on unattended."""


class Elimination(Strict, frozen=True):
    """After the first failure ``main`` goes on with what tells the suspects apart best for its cost.

    It ends when one cause is at least ``settled_at`` likely among those known.
    """

    settled_at: Annotated[float, Meta(gt=0.5, lt=1)] = 0.97


class Plan(Strict, frozen=True):
    """A test plan for one product model.

    ``setup`` is done before ``main`` (and again when a run resumes), then the ``soak``; ``teardown`` always.
    """

    plan: Identifier
    version: Annotated[int, Meta(ge=1)]
    model: Annotated[str, Meta(min_length=1, max_length=64)]
    title: Words
    main: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=500)]
    roles: dict[Identifier, RoleNeed] = {}
    points: dict[Identifier, Words] = {}
    """Test points of the product, as the operator finds them."""
    faults: str | None = None
    """File beside the plan with the fault dictionary of the product."""
    description: Words | None = None
    calibration: CalibrationRule = "flag"
    """With ``undecided`` and ``block``, an instrument without a recorded calibration counts as overdue."""
    setup: Annotated[tuple[Step, ...], Meta(max_length=100)] = ()
    soak: Soak | None = None
    elimination: Elimination | None = None
    """Not for a functional test, which has to do every step."""
    teardown: Annotated[tuple[Step, ...], Meta(max_length=100)] = ()

    def group(self, name: str) -> tuple[Step, ...]:
        """Return the steps of ``setup``, ``main``, ``soak`` or ``teardown``."""
        if name == "soak":
            return () if self.soak is None else self.soak.steps
        steps: tuple[Step, ...] = getattr(self, name)
        return steps

    def steps(self) -> "Iterator[tuple[str, tuple[str | int, ...], Step]]":
        """Yield group, path in the file and step, branches included, in order."""
        for group in GROUPS:
            place = ("soak", "steps") if group == "soak" else (group,)
            yield from _walk(group, place, self.group(group))


def _walk(
    group: str, path: tuple[str | int, ...], steps: tuple[Step, ...]
) -> Iterator[tuple[str, tuple[str | int, ...], Step]]:
    for index, step in enumerate(steps):
        place = (*path, index)
        yield group, place, step
        yield from _walk(group, (*place, "on_fail", "steps"), step.branch())

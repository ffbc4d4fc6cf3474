"""What names in messages are called for people: message ids, to be given to ``_`` where they are drawn."""

from collections.abc import Mapping

from protocols.messages.records import Outcome, Verdict
from tui.i18n import N_, _

STATES: Mapping[str, str] = {
    "new": N_("new"),
    "assigned": N_("assigned"),
    "in_progress": N_("in progress"),
    "waiting": N_("waiting"),
    "awaiting_approval": N_("awaiting approval"),
    "declined": N_("declined"),
    "repaired": N_("repaired"),
    "upgraded": N_("upgraded"),
    "inspected": N_("inspected"),
    "handed_over": N_("handed over"),
    "closed": N_("closed"),
    "cancelled": N_("cancelled"),
}
ACTIONS: Mapping[str, str] = {
    "taken": N_("taken"),
    "wait": N_("put on hold"),
    "resume": N_("taken up again"),
    "propose_plan": N_("plan proposed"),
    "name_cause": N_("root cause"),
    "give_back": N_("given back unrepaired"),
    "finding": N_("finding"),
    "repaired": N_("repaired"),
    "upgraded": N_("upgraded"),
    "inspected": N_("inspected"),
    "recheck": N_("recheck"),
    "rework": N_("rework"),
    "handed_over": N_("handed over"),
    "note": N_("note"),
}
ENTRIES: Mapping[str, str] = {
    "taken": N_("Take"),
    "wait": N_("Hold"),
    "resume": N_("Take up"),
    "finding": N_("Finding"),
    "propose_plan": N_("Plan"),
    "repaired": N_("Repaired"),
    "upgraded": N_("Upgraded"),
    "inspected": N_("Inspected"),
    "recheck": N_("Recheck"),
    "rework": N_("Rework"),
    "handed_over": N_("Hand over"),
    "give_back": N_("Give back unrepaired"),
    "name_cause": N_("Root cause"),
    "note": N_("Note"),
}
"""What can be done on a ticket, as the keys call it."""
APPROVALS: Mapping[str, str] = {
    "proposed": N_("the customer has the plan"),
    "in_advance": N_("agreed in advance"),
    "approved": N_("agreed to the plan"),
    "declined": N_("declined by the customer"),
}
URGENCIES: Mapping[str, str] = {
    "critical": N_("critical"),
    "high": N_("high"),
    "normal": N_("normal"),
    "low": N_("low"),
}
PLAN_STATES: Mapping[str, str] = {
    "proposed": N_("waits for the customer"),
    "approved": N_("approved"),
    "declined": N_("declined"),
    "superseded": N_("superseded"),
}
CLOCKS: Mapping[str, str] = {
    "first_response": N_("first response"),
    "answer": N_("answer"),
    "resolution": N_("resolution"),
    "team": N_("team"),
    "update": N_("report"),
}
WAITING_FOR: Mapping[str, str] = {
    "part": N_("a part"),
    "customer": N_("the customer"),
    "third_party": N_("somebody else"),
}
INSPECTED: Mapping[str, str] = {
    "in_order": N_("in order"),
    "defect": N_("defect"),
}
EVENT_STATES: Mapping[str, str] = {
    "waiting": N_("waiting to be sent"),
    "received": N_("received by the hub"),
    "refused": N_("refused by the hub"),
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.PASSED: N_("passed"),
    Outcome.FAILED: N_("failed"),
    Outcome.UNDECIDED: N_("undecided"),
    Outcome.ERROR: N_("error"),
    Outcome.TIMEOUT: N_("timed out"),
    Outcome.SKIPPED: N_("skipped"),
    Outcome.ABORTED: N_("aborted"),
}
VERDICTS: Mapping[Verdict, str] = {
    Verdict.PASS: N_("pass"),
    Verdict.FAIL: N_("fail"),
    Verdict.UNDECIDED: N_("undecided"),
    Verdict.NONE: "",
}
GROUPS: Mapping[str, str] = {
    "setup": N_("Setup"),
    "main": N_("Test"),
    "soak": N_("Monitoring"),
    "teardown": N_("Teardown"),
}
METER_FUNCTIONS: Mapping[str, str] = {
    "dc_voltage": N_("DC voltage"),
    "ac_voltage": N_("AC voltage"),
    "dc_current": N_("DC current"),
    "ac_current": N_("AC current"),
    "resistance": N_("resistance"),
    "resistance_4w": N_("resistance, 4 wires"),
    "diode": N_("diode"),
    "continuity": N_("continuity"),
    "frequency": N_("frequency"),
    "period": N_("period"),
    "capacitance": N_("capacitance"),
    "temperature": N_("temperature"),
}
WAVES: Mapping[str, str] = {
    "sine": N_("sine"),
    "square": N_("square"),
    "ramp": N_("ramp"),
    "pulse": N_("pulse"),
    "noise": N_("noise"),
    "dc": N_("DC"),
}
FIRMWARE_ACTS: Mapping[str, str] = {
    "identify": N_("Identify"),
    "backup": N_("Back up"),
    "flash": N_("Flash"),
    "verify": N_("Verify"),
    "restore": N_("Restore"),
}
FIRMWARE_STATES: Mapping[str, str] = {
    "running": N_("in progress"),
    "cancelling": N_("being cancelled"),
    "done": N_("done"),
    "failed": N_("did not succeed"),
    "cancelled": N_("cancelled"),
    "interrupted": N_("interrupted"),
}
FIRMWARE_PHASES: Mapping[str, str] = {
    "identify": N_("Asking the chip …"),
    "backup": N_("Reading the memory into a file …"),
    "write": N_("Erasing, writing and verifying: keep the device powered …"),
    "verify": N_("Comparing …"),
}
FIRMWARE_MEMORY: Mapping[str, str] = {
    "unchanged": N_("as it was: nothing was written"),
    "released": N_("the released firmware, verified"),
    "restored": N_("the backup, verified"),
    "incomplete": N_("incomplete firmware: it has to be written again"),
}
MEASURES: Mapping[str, str] = {
    "minimum": N_("min"),
    "maximum": N_("max"),
    "mean": N_("mean"),
    "spread": "σ",
    "peak_to_peak": N_("p-p"),
    "rms": N_("rms"),
    "frequency": "f",
    "period": "T",
    "duty": N_("duty"),
    "positive_width": N_("width"),
    "rise_time": N_("rise"),
    "fall_time": N_("fall"),
    "overshoot": N_("overshoot"),
    "at_a": "A",
    "at_b": "B",
    "difference": "Δ",
    "rising_edges": "↑",
    "falling_edges": "↓",
    "shortest_period": N_("T min"),
    "longest_period": N_("T max"),
    "outside_mask": N_("samples outside the mask"),
    "matches": N_("like the golden ones"),
    "worst": N_("worst deviation / σ"),
    "limit": N_("limit"),
    "worst_at": N_("at"),
}
"""Short names of what is measured in records and pictures."""
KINDS: Mapping[str, str] = {
    "multimeter": N_("multimeter"),
    "oscilloscope": N_("oscilloscope"),
    "generator": N_("generator"),
    "supply": N_("supply"),
    "camera": N_("thermal camera"),
    "programmer": N_("programmer"),
    "scanner": N_("scanner"),
    "console": N_("serial console"),
}
OUTCOME_MARKS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.PASSED: ("✓", "$text-success"),
    Outcome.FAILED: ("✗", "$text-error"),
    Outcome.UNDECIDED: ("?", "$text-warning"),
    Outcome.ERROR: ("!", "$text-error"),
    Outcome.TIMEOUT: ("!", "$text-error"),
    Outcome.SKIPPED: ("–", "$text-muted"),
    Outcome.ABORTED: ("■", "$text-warning"),
}
"""Mark (so that colour is never alone in saying it) and style of each outcome."""
EVENT_MARKS: Mapping[str, tuple[str, str]] = {
    "waiting": ("↑", "$text-warning"),
    "received": ("✓", "$text-success"),
    "refused": ("✗", "$text-error"),
}


def called(names: Mapping[str, str], name: str) -> str:
    """Return what ``name`` is called; a name that this version does not know is shown as it came."""
    return _(names[name]) if name in names else name.replace("_", " ")

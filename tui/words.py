"""What names in messages are called for people: message ids, to be given to ``_`` where they are drawn."""

from collections.abc import Mapping

from protocols.messages.records import Outcome, Verdict
from tui.i18n import N_, _

STATES: Mapping[str, str] = {
    "new": N_("new"),
    "assigned": N_("assigned"),
    "in_progress": N_("in progress"),
    "on_hold": N_("on hold"),
    "waiting_part": N_("waiting for a part"),
    "waiting_customer": N_("waiting for the customer"),
    "repaired": N_("repaired"),
    "handed_over": N_("handed over"),
    "closed": N_("closed"),
    "cancelled": N_("cancelled"),
}
ACTIONS: Mapping[str, str] = {
    "taken": N_("taken"),
    "held": N_("put on hold"),
    "resumed": N_("taken up again"),
    "finding": N_("finding"),
    "repaired": N_("repaired"),
    "rework": N_("rework"),
    "handed_over": N_("handed over"),
    "note": N_("note"),
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

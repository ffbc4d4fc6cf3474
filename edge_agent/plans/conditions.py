"""Whether a step that is done on a condition is needed, by what was measured so far."""

from collections.abc import Callable, Iterable, Sequence

from edge_agent.plans.diagnosis import FaultDictionary
from edge_agent.plans.model import Condition
from protocols.messages.reasons import reason_of
from protocols.messages.records import MAX_TEXT, Measurement, Suspect, Verdict


def not_needed(
    condition: Condition,
    faults: FaultDictionary | None,
    measured: Iterable[Measurement],
    suspects: Callable[[], Sequence[Suspect]],
) -> str | None:
    """Return why a step on ``condition`` is not needed, ``None`` where it is; suspects are dear and asked for last."""
    if condition.failed is not None:
        failing = {one.name for one in measured if one.verdict in {Verdict.FAIL, Verdict.UNDECIDED}}
        detail = f"not needed: {condition.failed} did not fail"
        return None if condition.failed in failing else detail
    first = next(iter(suspects()), None)
    if first is not None and first.cause == condition.suspect:
        return None
    causes = () if faults is None else faults.causes
    title = next(one.title for one in causes if one.cause == condition.suspect)  # the plan was checked for it
    words = {
        "en": f"only needed when this is suspected first: {title.en}",
        "zh-CN": f"仅在首先怀疑以下原因时需要：{title.zh_cn}",
    }
    return reason_of(words, MAX_TEXT)

"""The serial console of the device: listen to its log, send to it."""

import re
import time
from collections.abc import Mapping

from edge_agent.plans.actions.base import FLAG, Action, Captured, Context, Field, Result
from edge_agent.plans.model import Strict
from edge_agent.plans.units import Seconds
from protocols.quantity import Quantity

TELL_EVERY_S = 0.2
"""A device that talks a lot is shown so often."""


class ListenParameters(Strict, frozen=True):
    """``until`` (a regular expression) ends the listening early, at the first line that matches.

    ``fresh`` leaves out what had arrived before: for a log that the step itself brings about (``meanwhile``), which the
    device's last words of an earlier run would otherwise begin.
    """

    seconds: Seconds
    until: str | None = None
    fresh: bool = False


class Listen(Action[ListenParameters]):
    """Collect the log."""

    name = "console.listen"
    kind = "console"
    parameters = ListenParameters
    captures = frozenset({"text"})
    summary = "Listen to the serial log for a time, or until a line matches; the text is for analyses (serial_log)."

    def problems(self, parameters: ListenParameters) -> list[str]:
        """Check the pattern."""
        if parameters.until is not None:
            try:
                re.compile(parameters.until)
            except re.error as error:
                return [f"until is no regular expression ({error})"]
        return []

    def fields(self, parameters: ListenParameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give the number of bytes and whether the awaited line came."""
        return {"bytes": Field("1"), "matched": FLAG}

    def run(self, context: Context, parameters: ListenParameters) -> Result:
        """Listen."""
        told_at = 0.0

        def tell(fraction: float, line: str) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= TELL_EVERY_S:
                told_at = time.monotonic()
                context.progress(fraction, line)

        context.progress(0.0, "listening to the device")
        seconds, until, fresh = float(parameters.seconds), parameters.until, parameters.fresh
        log = context.call(lambda console: console.listen(seconds, until=until, progress=tell, fresh=fresh))
        matched = False
        if parameters.until is not None:
            pattern = re.compile(parameters.until)
            matched = any(pattern.search(line) for line in log.text.splitlines())
        return Result({"bytes": Quantity(float(len(log.data)), "1", 0.0), "matched": matched}, Captured(text=log.text))


class SendParameters(Strict, frozen=True):
    """``text`` is sent as UTF-8, with a line end unless ``line`` is false."""

    text: str
    line: bool = True


class Send(Action[SendParameters]):
    """Write to the device."""

    name = "console.send"
    kind = "console"
    parameters = SendParameters
    summary = "Send text to the device."

    def run(self, context: Context, parameters: SendParameters) -> Result:
        """Send it."""
        data = parameters.text.encode() + (b"\r\n" if parameters.line else b"")
        context.call(lambda console: console.send(data))
        return Result()

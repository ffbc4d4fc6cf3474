"""The upper edge: which bench, where we are, whether the hub hears us, and what waits for it."""

from collections.abc import Callable
from datetime import datetime

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from tui.bench_state import BenchState, Topic
from tui.formatting import duration, one_line, since, span_words
from tui.i18n import _, ngettext

STATUS_TOPICS: frozenset[Topic] = frozenset({"connection", "link", "spool", "run"})
CLOCK_TOLERANCE_S = 2.0
"""A clock further from UTC than this makes records hard to compare with those of other benches."""


SILENT_S = 30.0
"""A hub that has given no receipt for what waits for so long does not work, be the broker there or not."""


class StatusBar(Widget):
    """One line. Colour never says anything that a word or a mark beside it does not say too."""

    DEFAULT_CSS = "StatusBar { height: 1; background: $panel; padding: 0 1; }"

    def __init__(self, bench: BenchState, title: str, now: Callable[[], datetime]) -> None:
        """``title`` is the message id of the screen's name; ``now`` tells the time in UTC."""
        super().__init__(id="status")
        self._bench = bench
        self._title = title
        self._now = now
        self._drawn: Content | None = None

    def localise(self) -> None:
        """Draw in the language of the moment."""
        self.look()

    def look(self) -> None:
        """Draw again if there is anything new."""
        if self._drawn is None or not self._facts().is_same(self._drawn):
            self.refresh()

    def render(self) -> RenderResult:
        """Draw."""
        self._drawn = self._facts()
        return self._drawn

    def _facts(self) -> Content:
        """Return the facts that fit, the most important ones first."""
        width = self.size.width
        about = self._bench.about
        left = Content.assemble(
            (one_line(about.bench) if about else "benchwright", "bold $primary"), ("  ", ""), (_(self._title), "bold")
        )
        parts = [part for part in (self._link(), self._waiting(), self._run(), self._clock()) if part is not None]
        right = Content("")
        for part in parts:
            candidate = right + Content("  ") + part if right else part
            if left.cell_length + 2 + candidate.cell_length > width:
                break
            right = candidate
        gap = width - left.cell_length - right.cell_length
        return left + Content(" " * max(gap, 1)) + right

    def _link(self) -> Content:
        bench = self._bench
        if not bench.connected:
            return Content.styled("▲ " + _("no agent"), "bold $text-error")
        link = bench.link
        if link is None or not link.configured:
            return Content.styled("○ " + _("no hub"), "$text-muted")
        if link.online and bench.unanswered_s > SILENT_S:
            words = _("hub silent {time}").format(time=span_words(bench.unanswered_s))
            return Content.styled("◐ " + words, "bold $text-warning")
        if link.online:
            return Content.styled("● " + _("online"), "$text-success")
        away = "" if link.since is None else " " + since(link.since, self._now())
        return Content.styled("○ " + _("offline") + away, "bold $text-warning")

    def _waiting(self) -> Content | None:
        spool = self._bench.spool
        if spool is None:
            return None
        refused = spool.refused + spool.captures_refused
        if refused:
            return Content.styled("✗ " + _("{count} refused").format(count=refused), "bold $text-error")
        waiting = spool.waiting + spool.captures_waiting
        if not waiting:
            return Content.styled(_("nothing waits"), "$text-muted")
        words = ngettext("{count} waits", "{count} wait", waiting).format(count=waiting)
        return Content.styled("↑ " + words, "$text-warning")

    def _run(self) -> Content | None:
        run = self._bench.run
        if run is None or run.status not in {"running", "asking"}:
            return None
        words = _("question") if run.status == "asking" else _("test in progress")
        return Content.styled("▶ " + words, "bold $accent")

    def _clock(self) -> Content | None:
        about = self._bench.about
        if about is None or about.clock_offset_s is None:
            return None
        offset = about.clock_offset_s
        far = abs(offset) > CLOCK_TOLERANCE_S
        text = f"{offset:+.1f} s" if abs(offset) < 60 else ("+" if offset > 0 else "-") + duration(abs(offset))
        return Content.styled(_("clock {offset}").format(offset=text), "bold $text-error" if far else "$text-muted")

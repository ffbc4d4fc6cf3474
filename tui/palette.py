"""The command palette: every key of the present screen by its name, colours and languages."""

from collections.abc import Callable, Iterator

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.i18n import LANGUAGES, _, titled
from tui.keys import GLOBAL_KEYS, Key
from tui.screens.base import BenchScreen
from tui.themes import TITLES


class BenchCommands(Provider):
    """Searches what the key bar, the help and the settings offer."""

    async def discover(self) -> Hits:
        """Offer everything."""
        for name, help_text, command in self._commands():
            yield DiscoveryHit(name, command, help=help_text)

    async def search(self, query: str) -> Hits:
        """Offer what matches."""
        matcher, found = self.matcher(query), False
        for name, help_text, command in self._commands():
            if (score := matcher.match(name)) > 0:
                found = True
                yield Hit(score, matcher.highlight(name), command, help=help_text)
        if not found:  # else Textual would say so, in English
            yield Hit(1.0, _("No command has these words."), lambda: None)

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        screen = self.screen
        keys: tuple[Key, ...] = tuple(screen.KEYS) if isinstance(screen, BenchScreen) else ()
        for key in (*keys, *GLOBAL_KEYS):
            if not key.action.startswith("move"):
                yield f"{_(key.label)}  {key.cap}", _(key.help), self._runner(key.action)
        for name, title in TITLES.items():
            yield _("Colours: {name}").format(name=_(title)), "", self._runner(f"app.choose_theme('{name}')")
        for tag, title in LANGUAGES.items():
            yield titled(_("Language"), title), "", self._runner(f"app.choose_language('{tag}')")

    def _runner(self, action: str) -> Callable[[], object]:
        app, screen = self.app, self.screen
        return lambda: app.run_worker(app.run_action(action, screen))

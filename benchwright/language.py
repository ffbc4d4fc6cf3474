"""The language of what the command line prints for people, its help and its errors."""

import gettext
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any

import typer

from benchwright.errors import UsageError
from tui import i18n


def _speak(context: typer.Context, wanted: str) -> str:
    """Speak ``wanted`` from now on, or go on with what is spoken; return the language."""
    if wanted:
        if wanted not in i18n.LANGUAGES:
            raise UsageError(f"there is no language {wanted!r}; there are {', '.join(i18n.LANGUAGES)}")
        i18n.use(wanted)  # type: ignore[arg-type]  # it was just looked up
        translate(context.command)
        _translate_headings()
    return i18n.language()


Language = Annotated[
    str,
    typer.Option(
        "--language",
        "-l",
        callback=_speak,
        is_eager=True,
        metavar="LANGUAGE",
        show_default=False,
        help="Language of what is printed, en or zh-CN; that of the terminal if left out.",
    ),
]
"""Its default is an empty text. Eager, as ``--help`` is: a help that is asked for after it is in its language."""


def speak_for_help(words: Sequence[str]) -> None:
    """Speak the language that is asked for behind ``--help``, which is shown before what follows it is looked at."""
    if "--help" not in words:
        return
    for word, following in pairwise((*words, "")):
        name, equals, value = word.partition("=")
        wanted = value if equals else following
        if name in ("--language", "-l") and wanted in i18n.LANGUAGES:
            i18n.use(wanted)  # type: ignore[arg-type]  # it was just looked up
            _translate_headings()


_HEADINGS = {
    "ARGUMENTS_PANEL_TITLE": "Arguments",
    "COMMANDS_PANEL_TITLE": "Commands",
    "ERRORS_PANEL_TITLE": "Error",
    "OPTIONS_PANEL_TITLE": "Options",
    "DEFAULT_STRING": "[default: {}]",
    "ENVVAR_STRING": "[env var: {}]",
    "REQUIRED_LONG_STRING": "[required]",
}
"""What typer says in its help, by the names of its settings."""
TYPER_WORDS = (*_HEADINGS.values(), "Show this message and exit.")
"""What typer says in its help; it looks these up in our catalogue."""
TYPER_SENTENCES = (
    "Got unexpected extra argument(s) ({0})",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be greater than or equal to {0}",
    "Input should be less than or equal to {0}",
    "Invalid value for {0}: {1}",
    "Missing argument {0}.",
    "Missing command.",
    "Missing option {0}.",
    "No such command {0}.",
    "No such command {0}. There are {1}.",
    "No such command {0}. Did you mean {1}?",
    "No such option: {0}",
    "No such option: {0} (Possible options: {1})",
    "Option {0} does not take a value.",
    "Option {0} requires an argument.",
    "{0} is not one of {1}",
    "{0} is not one of {1}.",
)
"""What typer says is wrong, as the catalogue of the agent's sentences writes it."""


def speak_of_environment() -> None:
    """Speak the language of the terminal, and let typer do so too."""
    i18n.use(i18n.of_environment())
    gettext.bindtextdomain(i18n.DOMAIN, i18n.LOCALE_FOLDER)
    gettext.textdomain(i18n.DOMAIN)


def with_language(command: Any) -> Any:
    """Return a command that takes ``--language``, as do all below it; their functions need not know."""
    ask = typer.Typer(add_completion=False)

    @ask.command()
    def only(language: Language = "") -> None:
        """Serve for its one option."""

    (option,) = typer.main.get_command(ask).params
    option.expose_value = False
    for one in _all(command):
        one.params.append(option)
    return command


def _all(command: Any) -> Iterator[Any]:
    yield command
    for one in getattr(command, "commands", {}).values():
        yield from _all(one)


def translate(command: Any) -> None:
    """Put the help of a command, its parameters and its subcommands into the language in use, from whichever other."""
    for name in ("help", "short_help", "epilog"):
        _translate(command, name)
    for parameter in (*command.params, command.get_help_option(typer.Context(command))):
        _translate(parameter, "help")
    for one in getattr(command, "commands", {}).values():
        translate(one)


def _translate_headings() -> None:
    """Translate what typer looks up once, in the language of the terminal, when its help is imported."""
    from typer import rich_utils

    for name, words in _HEADINGS.items():
        setattr(rich_utils, name, i18n._(words))


def _translate(place: Any, name: str) -> None:
    """Translate one text; its English is kept beside it, because there is no way back from a translation."""
    english = place.__dict__.setdefault("in_english", {})
    if words := english.setdefault(name, getattr(place, name, None)):
        setattr(place, name, i18n._(words))

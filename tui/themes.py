"""Colours: dark, light and two of high contrast (WCAG AAA: at least 7 to 1 against the background)."""

from textual.theme import Theme

from tui.i18n import N_

THEMES = (
    Theme(
        name="dark",
        primary="#4aa3df",
        secondary="#7fb3d5",
        accent="#f0b429",
        success="#4cc38a",
        warning="#f0b429",
        error="#ff6b6b",
        foreground="#e6e9ee",
        background="#14181f",
        surface="#1a202a",
        panel="#232b38",
    ),
    Theme(
        name="light",
        primary="#0b5fa5",
        secondary="#33658a",
        accent="#8a5a00",
        success="#0f6b3c",
        warning="#8a5a00",
        error="#b3261e",
        foreground="#14181f",
        background="#fafafa",
        surface="#ffffff",
        panel="#e4e8ee",
        dark=False,
    ),
    Theme(
        name="high-contrast",
        primary="#00ffff",
        secondary="#ffffff",
        accent="#ffff00",
        success="#00ff66",
        warning="#ffff00",
        error="#ff8080",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#303030",
        text_alpha=1.0,
        variables={"text-muted": "#ffffff"},
    ),
    Theme(
        name="high-contrast-light",
        primary="#00008b",
        secondary="#000000",
        accent="#5c0066",
        success="#00471b",
        warning="#5a3600",
        error="#8b0000",
        foreground="#000000",
        background="#ffffff",
        surface="#ffffff",
        panel="#d0d0d0",
        dark=False,
        text_alpha=1.0,
        variables={"text-muted": "#000000"},
    ),
)
TITLES = {
    "dark": N_("Dark"),
    "light": N_("Light"),
    "high-contrast": N_("High contrast"),
    "high-contrast-light": N_("High contrast, light"),
}

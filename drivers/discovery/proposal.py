"""Findings as a ``bench.toml`` that a person can look over and keep."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from drivers.discovery.findings import Finding
from drivers.profile import Profile

ROLES: Mapping[str, str] = {
    "multimeter": "meter",
    "oscilloscope": "scope",
    "signal_generator": "generator",
    "power_supply": "supply",
    "electronic_load": "load",
    "scanner": "scanner",
    "thermal_camera": "camera",
    "firmware_programmer": "programmer",
    "serial_console": "console",
}
"""The role that plans expect of each capability."""


def suggested_role(profile: Profile, taken: Collection[str]) -> str:
    """Return the usual role of a profile's capability, numbered when it is taken."""
    base = ROLES.get(profile.capability, profile.capability)
    number = 1
    role = base
    while role in taken:
        number += 1
        role = f"{base}{number}"
    return role


def instrument_toml(role: str, profile: str, address: str, options: Mapping[str, Any] | None = None) -> str:
    """Return the table ``[instruments.<role>]``."""
    lines = [f"[instruments.{role}]", f"profile = {_quoted(profile)}", f"address = {_quoted(address)}"]
    if options:
        lines.append("options = {" + ", ".join(f"{key} = {_value(value)}" for key, value in options.items()) + "}")
    return "\n".join(lines) + "\n"


def roles_of(
    findings: Iterable[Finding], profiles: Mapping[str, Profile], taken: Collection[str] = ()
) -> dict[str, str]:
    """Return a role for each address whose finding has a candidate and is not in use."""
    roles: dict[str, str] = {}
    used = set(taken)
    for one in findings:
        if one.candidates and one.in_use is None:
            role = suggested_role(profiles[one.candidates[0].profile], used)
            used.add(role)
            roles[one.address] = role
    return roles


def bench_toml(name: str, findings: Iterable[Finding], profiles: Mapping[str, Profile]) -> str:
    """Return a whole ``bench.toml``: what is likely enough as tables, doubts and other finds as comments."""
    found = list(findings)
    roles = roles_of(found, profiles)
    parts = [f"[bench]\nname = {_quoted(name)}\n"]
    for one in found:
        said = one.identity or "it said nothing"
        if one.address not in roles:
            parts.append(f"# {_comment(one.place)}: {_comment(one.note['en'] if one.note else said)}\n")
            continue
        best, *others = one.candidates
        comment = f"# {_comment(one.place)}: {_comment(said)} (confidence {best.confidence:g})\n"
        if others:
            comment += "# or: " + ", ".join(f"{other.profile} at {other.address}" for other in others) + "\n"
        parts.append(comment + instrument_toml(roles[one.address], best.profile, best.address))
    return "\n".join(parts)


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else _quoted(str(value))

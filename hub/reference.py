"""The tables that documentation shows: derived from the code, so that they cannot disagree with it."""

import re
from enum import StrEnum
from typing import TypeVar

from hub.core.settings import ENVIRONMENT_PREFIX, Settings
from hub.core.states import TransitionTable
from hub.identity.permissions import ROLE_PERMISSIONS, Permission, Role
from hub.knowledge.states import EDITIONS
from hub.tickets.states import TABLES

DOCUMENTS = ("docs/hub.md", "docs/knowledge.md")
"""The documents that show the blocks, each block in one of them."""
_BLOCK = re.compile(r"<!-- generated:([a-z_:]+) -->\n.*?<!-- end -->", re.DOTALL)
S = TypeVar("S", bound=StrEnum)
F = TypeVar("F")


def blocks() -> dict[str, str]:
    """Return each generated block of the documentation by its name."""
    diagrams = {f"states:{kind}": state_diagram(table) for kind, table in TABLES.items()}
    tables = {f"actions:{kind}": action_table(table) for kind, table in TABLES.items()}
    diagrams["states:edition"], tables["actions:edition"] = state_diagram(EDITIONS), action_table(EDITIONS)
    return {"permissions": permission_matrix(), "settings": settings_table(), **diagrams, **tables}


def permission_matrix() -> str:
    """Return who may do what, as a Markdown table."""
    lines = [f"| permission | {' | '.join(Role)} |", "|---|" + "---|" * len(Role)]
    for permission in Permission:
        marks = ["✓" if permission in ROLE_PERMISSIONS[role] else "" for role in Role]
        lines.append(f"| `{permission}` | {' | '.join(marks)} |")
    return "\n".join(lines)


def state_diagram(table: TransitionTable[S, F]) -> str:
    """Return a state machine as a Mermaid diagram; actions that leave the state as it is are in the action table."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {table.initial}"]
    lines += [
        f"    {source} --> {row.target}: {row.action}"
        for row in table.transitions
        for source in sorted(row.sources)
        if row.target not in {None, source}
    ]
    return "\n".join([*lines, "```"])


def action_table(table: TransitionTable[S, F]) -> str:
    """Return the transitions as a Markdown table."""
    lines = ["| action | 中文 | from | to | permission | only if |", "|---|---|---|---|---|---|"]
    for row in table.transitions:
        guards = ", ".join(guard.__name__.replace("_", " ") for guard in row.guards)
        cells = [
            f"`{row.action}`",
            row.title["zh-CN"],
            ", ".join(sorted(row.sources)),
            row.target or "(stays)",
            f"`{row.permission}`",
            guards,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def settings_table() -> str:
    """Return the settings as a Markdown table."""
    lines = ["| setting | environment | default |", "|---|---|---|"]
    for name, info in Settings.model_fields.items():
        default = "" if info.default is None else f"`{info.default}`"
        lines.append(f"| `{name}` | `{ENVIRONMENT_PREFIX}{name.upper()}` | {default} |")
    return "\n".join(lines)


def fill(text: str) -> str:
    """Return a document with each ``<!-- generated:name -->`` … ``<!-- end -->`` block written anew."""
    known = blocks()

    def block(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise ValueError(f"there is no block {match[1]}")
        return f"<!-- generated:{match[1]} -->\n{known[match[1]]}\n<!-- end -->"

    return _BLOCK.sub(block, text)

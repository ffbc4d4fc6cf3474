"""The parts of the documentation that tell what is where: from the packages' docstrings and the decision records."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("benchwright", "tui", "hub", "edge_agent", "drivers", "protocols")
"""From the top floor down."""
_BLOCK = re.compile(r"(?<=<!-- generated:rooms -->\n).*?(?=<!-- end -->)", re.DOTALL)


def architecture_page() -> str:
    """Return docs/architecture.md with what each package and module of a room is for."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    blocks = "\n".join(_room(ROOT / name) for name in ROOMS)
    return _BLOCK.sub(lambda _match: blocks, text)


def decisions_page() -> str:
    """Return the index of the decision records."""
    lines = [
        "# Decision records",
        "",
        "Why things are as they are. One short page each: context, decision, consequences. A record is never",
        "rewritten; a later one replaces it and says so.",
        "",
    ]
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        words = re.sub(r"^\d+[.:]?\s*", "", title)
        lines.append(f"- [{path.name[:4]}]({path.name}) {words}")
    return "\n".join(lines) + "\n"


def _room(folder: Path) -> str:
    """Return one room as a table: its packages first, then the modules that stand beside them."""
    packages = [path / "__init__.py" for path in sorted(folder.iterdir()) if (path / "__init__.py").exists()]
    modules = [path for path in sorted(folder.glob("*.py")) if not path.name.startswith("__")]
    lines = [f"### `{folder.name}/`", "", "| | |", "|---|---|"]
    for path in packages + modules:
        name = f"{path.parent.name}/" if path.name == "__init__.py" else path.name
        lines.append(f"| `{name}` | {_first_sentence(path)} |")
    return "\n".join(lines) + "\n"


def _first_sentence(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return said.split("\n\n")[0].replace("\n", " ").replace("``", "`").replace("|", r"\|")

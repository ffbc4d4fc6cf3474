"""Write the documents that derive from code (``make docs``); a test fails when a checked-in copy is out of date."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchwright
from benchwright.verification import report
from drivers.profile import json_schema
from drivers.reference_page import instruments_page
from edge_agent.plans.schema import as_text, faults_schema, plan_schema
from hub import reference
from hub.app import create_app
from hub.core.settings import Settings
from protocols.messages import asyncapi
from scripts import gallery, house, requirements_page

ROOT = Path(__file__).parent.parent


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _asyncapi() -> str:
    return _json(asyncapi.document(benchwright.__version__))


def _openapi() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return _json(create_app(Settings(data_dir=Path(folder))).openapi())


def _drawn(path: str) -> Callable[[], str]:
    return lambda: gallery.files()[path]


def _filled(path: str) -> Callable[[], str]:
    return lambda: reference.fill((ROOT / path).read_text(encoding="utf-8"))


GENERATED: dict[str, Callable[[], str]] = {
    "docs/architecture.md": house.architecture_page,
    "docs/decisions/README.md": house.decisions_page,
    "docs/verification.md": report.page,
    **{path: _drawn(path) for path in gallery.paths()},
    "docs/api/openapi.json": _openapi,
    **{path: _filled(path) for path in reference.DOCUMENTS},
    "docs/instruments.md": instruments_page,
    "docs/requirements.md": requirements_page.page,
    "drivers/profiles/profile.schema.json": lambda: _json(json_schema()),
    "docs/contract/asyncapi.json": _asyncapi,
    "docs/schema/test-plan.schema.json": lambda: as_text(plan_schema()),
    "docs/schema/fault-dictionary.schema.json": lambda: as_text(faults_schema()),
}
"""Path in the repository to the function that makes the text."""


def main() -> None:
    """Write every generated document that differs."""
    for path, make in GENERATED.items():
        target = ROOT / path
        text = make()
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            print(f"wrote {path}")


if __name__ == "__main__":
    main()

"""The gallery shows every analysis with an answer, small and well-formed pictures, and both languages."""

import xml.etree.ElementTree as ElementTree

from edge_agent.analysis.registry import analyses
from scripts import gallery


def test_every_analysis_has_an_example_that_it_answers() -> None:
    assert set(gallery.EXAMPLES) == set(analyses())
    page = gallery.files()["docs/analysis/README.md"]
    for name, spec in analyses().items():
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert spec.summary["zh-CN"] in section
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert len(rows) == len(spec.fields)
        answered = [row for row in rows if "| none: " not in row]
        assert answered, f"{name}: the example gives no answer"


def test_the_pictures_are_small_and_well_formed() -> None:
    files = gallery.files()
    assert set(files) == set(gallery.paths())
    for path, text in files.items():
        if path.endswith(".svg"):
            assert len(text) < 20_000, path
            assert ElementTree.fromstring(text).tag.endswith("svg")

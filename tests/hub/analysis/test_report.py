"""S4: the report shows the figures of the analysis as charts and tables, in both languages, to whom may read them."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree

import httpx
import pytest
from hub_running import MakeKey, RunningHub

from hub.analysis import charts
from hub.core.database import Database
from hub.tickets.models import Ticket

REPORT = "/api/v1/analysis/report"
HOSTILE = "<script>alert(1)</script>"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
RANGE = {"since": SINCE.isoformat(), "until": (SINCE + timedelta(days=365)).isoformat()}


class Tables(HTMLParser):
    """What stands in the cells of the page's tables, and which tags there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.tables: list[list[list[str]]] = []
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.tables[-1][-1][-1] += data


@pytest.fixture
def made(database: Database) -> None:
    """A year of tickets in two stores, of twelve models, one with a name that is no name."""
    with database.write() as session:
        for number in range(48):
            at = SINCE + timedelta(days=7 * number, hours=3)
            model = f"M-{number % 12}" if number % 12 else HOSTILE
            session.add(
                Ticket(
                    kind="repair" if number % 3 else "complaint", state="closed", priority=5, model=model, serial="",
                    symptom="s", store="north" if number % 4 else "south", channel="phone", fault="no_power",
                    created_at=at, updated_at=at, closed_at=at + timedelta(hours=number + 1),
                )
            )  # fmt: skip


@pytest.mark.usefixtures("made")
def test_the_report_says_what_the_analysis_counts(admin: httpx.Client) -> None:
    answer = admin.get(REPORT, params={**RANGE, "language": "zh-CN"}).raise_for_status()
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    page = Tables(answer.text)
    assert page.tags.count("svg") == page.tags.count("title") - 1 == len(page.tables) + 1 == 8
    assert not {"script", "link", "img", "a"} & set(page.tags), "it stands alone, and a name stays a name"
    assert "&lt;script&gt;" in answer.text
    months, kinds, stores, _, models, faults, _ = page.tables
    counted = admin.get("/api/v1/analysis/tickets", params={**RANGE, "by": "month"}).json()["rows"]
    came = {one["key"]["month"]: one["created"] for one in counted}
    assert {row[0]: int(row[1]) for row in months[1:]} == {"2026-12": 0, "2027-01": 0, **came}, "no month is left out"
    assert [row[:2] for row in kinds[1:]] == [["维修", "32"], ["投诉", "16"]]
    assert [row[:2] for row in stores[1:]] == [["north", "36"], ["south", "12"]]
    assert faults[1][0] == "无法开机" and len(models) == 1 + 10, "the ten most frequent"
    english = Tables(admin.get(REPORT, params={**RANGE, "store": "south"}).text)
    assert [row[:2] for row in english.tables[1][1:]] == [["complaint", "4"], ["repair", "8"]][::-1]


def test_who_reads_no_figures_gets_no_report_and_an_empty_year_says_so(
    hub: RunningHub, admin: httpx.Client, make_key: MakeKey
) -> None:
    with hub.client(make_key("counter")) as counter:
        assert counter.get(REPORT).status_code == 403
    assert "Nothing came in this time." in admin.get(REPORT).text
    assert admin.get(REPORT, params={"since": RANGE["until"], "until": RANGE["since"]}).status_code == 422


@pytest.mark.parametrize("draw", [charts.standing, charts.lying])
@pytest.mark.parametrize("values", [[], [0.0], [None, 3.0], [float(n) for n in range(60)]])
def test_charts_are_pictures_whatever_there_is_to_show(draw: object, values: list[float | None]) -> None:
    """Every bar lies within the picture, and says what it is."""
    bars = [charts.Bar(f"<{n}> & so on, with a very long name", value, "–") for n, value in enumerate(values)]
    root = ElementTree.fromstring(draw("A & B", bars))  # type: ignore[operator]
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    found = root.findall("{http://www.w3.org/2000/svg}rect")
    assert len(found) == len(values) and root[0].text == "A & B"
    for one in found:
        x, y, wide, high = (float(one.attrib[name]) for name in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + wide <= width and y + high <= height

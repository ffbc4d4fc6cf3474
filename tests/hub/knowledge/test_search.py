"""Retrieval: measured on labelled questions, and each of its rules alone."""

from collections.abc import Iterator

import labelled
import pytest
from databases import NewDatabase
from sqlalchemy import event

from hub.core.database import Database
from hub.core.i18n import Language
from hub.knowledge import service, versions
from hub.knowledge.index import Query
from hub.knowledge.queries import Among
from hub.knowledge.schemas import Describes, EditionIn, NewArticle, TextIn
from hub.knowledge.search import Hit, search


@pytest.fixture(scope="module")
def library(
    new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, dict[str, str]]]:
    with new_database(tmp_path_factory.mktemp("library")) as url:
        database = Database(url)
        with database.write() as session:
            numbers = labelled.write_all(session)
        yield database, numbers
        database.close()


Library = tuple[Database, dict[str, str]]


def found(library: Library, query: Query, among: Among = Among(), language: Language = "zh-CN") -> list[Hit]:  # noqa: B008
    database, _ = library
    with database.read() as session:
        return search(session, query, among, language, 10)


def test_quality_on_labelled_questions(library: Library) -> None:
    """K1: 54 questions, most in Chinese. Trigrams alone put half of the answers first."""
    database, numbers = library
    with database.read() as session:
        quality = labelled.measured(session, numbers)
    assert quality.first >= 0.92, quality.missed
    assert quality.in_three >= 0.96, quality.missed
    assert quality.mean_reciprocal_rank >= 0.95, quality.missed


@pytest.mark.parametrize(("text", "wants"), [("卡", "camera_card"), ("指纹", "lock_finger"), ("夜视", "camera_night")])
def test_one_or_two_characters_find(library: Library, text: str, wants: str) -> None:
    hit = found(library, Query(text))[0]
    assert hit.article.public_id == library[1][wants]
    assert [(match.what, match.text) for match in hit.because] == [("words", text)]


def test_a_failing_measurement_finds_and_is_told(library: Library) -> None:
    """K1."""
    hit = found(library, Query("奇怪", ("crystal-hz",)))[0]
    assert (hit.article.public_id, hit.because[0].what) == (library[1]["plug_crystal"], "measurement")


def test_nothing_is_found_for_nothing(library: Library) -> None:
    for text in ("", "？！", "zzzzqqq", "%_'\""):
        assert found(library, Query(text)) == []


def test_the_text_is_in_the_readers_language_where_there_is_one(library: Library) -> None:
    """K3."""
    query = Query("DL-20 battery")
    assert {language: found(library, query, language=language)[0].text.language for language in ("en", "zh-CN")} == {
        "en": "en",
        "zh-CN": "zh-CN",
    }
    assert found(library, Query("夜视"), language="en")[0].text.language == "zh-CN"


def test_kind_and_line_restrict(library: Library) -> None:
    assert {hit.article.kind for hit in found(library, Query("保修"), Among(kind="faq"))} == {"faq"}
    assert {hit.article.product_line for hit in found(library, Query("屏"), Among(product_line="phone"))} == {"phone"}


def test_editions_hold_for_their_versions(database: Database) -> None:
    """K2: what is about other versions of the firmware stays out."""
    with database.write() as session:
        text = TextIn(title="按键无响应", body="升级固件")
        for first, last in ((None, "1.4"), ("1.5", None)):
            edition = EditionIn(describes=Describes(first=first, last=last), texts={"zh-CN": text})
            article = service.create(session, labelled.AUTHOR, NewArticle(product_line="plug", edition=edition))
            (draft,) = service.queries.editions(session, labelled.AUTHOR, [article.id])
            service.apply(session, article, draft, "submit", labelled.AUTHOR)
            service.apply(session, article, draft, "approve", labelled.APPROVER)

        def numbers(version: str, software: str = "firmware") -> list[int]:
            among = Among(software=software, version_key=versions.first_key(version))
            return [hit.article.id for hit in search(session, Query("按键"), among, "en", 10)]

        assert (numbers("1.4.9"), numbers("1.5.0"), numbers("2")) == ([1], [2], [2])
        assert numbers("9", software="app") == [1, 2], "about another program it says nothing"


def test_five_statements_however_many_are_found(library: Library) -> None:
    database, _ = library
    counts = []
    for text in ("蓝牙", "手机插座门锁摄像头音箱网关温控器"):
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object, seen: list[str] = seen) -> None:
            if not statement.startswith("BEGIN"):
                seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        found(library, Query(text))
        event.remove(database.engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts == [5, 5]

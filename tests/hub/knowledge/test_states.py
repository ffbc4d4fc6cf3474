"""The transition table of editions: well-formed, and the only way in which an edition moves."""

import itertools
from collections.abc import Iterator

import pytest
from databases import NewDatabase
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.core.database import Database
from hub.core.etags import ANY_VERSION
from hub.core.problems import Problem
from hub.events.models import Event
from hub.events.service import verify_chain
from hub.identity.actors import Actor
from hub.identity.permissions import ROLE_PERMISSIONS, Permission, Role
from hub.knowledge import queries, service
from hub.knowledge.models import Article, Edition, Posting
from hub.knowledge.schemas import EditionAction, EditionIn, NewArticle, NewEdition, TextIn
from hub.knowledge.states import EDITIONS, EditionState

TEXT = {"zh-CN": TextIn(title="无法开机", body="更换保险丝")}
AUTHOR = Actor("user", "U-000001", "Author", Role.TECHNICIAN)
READER = Actor("system", "test", "test", Role.ADMIN)


@pytest.fixture(scope="module")
def table_database(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with new_database(tmp_path_factory.mktemp("editions")) as url:
        database = Database(url)
        yield database
        database.close()


def test_every_state_is_reached_and_speaks_both_languages() -> None:
    reached = {EDITIONS.initial}
    for _ in EditionState:
        reached |= {row.target for row in EDITIONS.transitions if row.target and row.sources & reached}
    assert reached == set(EditionState)
    for row in EDITIONS.transitions:
        assert row.title["en"] and row.title["zh-CN"]
        assert any(row.permission in permissions for permissions in ROLE_PERMISSIONS.values())


def _expected(session: Session, edition: Edition, action: str, actor: Actor) -> str | None:
    row = EDITIONS.find(EditionState(edition.state), action)
    if row is None:
        return "edition-action-not-possible"
    if not actor.may(row.permission):
        return "forbidden"
    facts = service.facts_of(session, edition, actor)
    return "edition-action-guarded" if any(guard(facts) for guard in row.guards) else None


@pytest.mark.any_database
@pytest.mark.parametrize("state", list(EditionState))
@pytest.mark.parametrize("with_text", [True, False])
def test_every_state_action_role_and_author(state: EditionState, with_text: bool, table_database: Database) -> None:
    """S1: exhaustive; what table, permissions and guards say is what happens, and a refusal changes nothing."""
    with table_database.write() as session:
        body = EditionIn(texts=TEXT)
        article = service.create(session, AUTHOR, NewArticle(product_line="plug", edition=body))
        (edition,) = queries.editions(session, READER, [article.id])
        if not with_text:
            queries.remove_texts(session, edition.id)
        edition.state = state.value
        session.flush()
        before = session.scalar(select(func.count()).select_from(Event))
        actions = [*sorted(EDITIONS.actions), "explode"]
        for action, role, person in itertools.product(actions, Role, ("U-000001", "U-000002")):
            actor = Actor("user", person, person, role)
            expected = _expected(session, edition, action, actor)
            if expected is not None:
                with pytest.raises(Problem) as refused:
                    service.apply(session, article, edition, action, actor, reason="why")
                assert refused.value.kind.slug == expected, (action, role, person)
                continue
            assert not (action == "approve" and person == "U-000001"), "nobody approves what they wrote"
            with session.begin_nested() as savepoint:
                service.apply(session, article, edition, action, actor, reason="why")
                row = EDITIONS.find(state, action)
                assert row is not None and edition.state == (row.target or state)
                savepoint.rollback()
            session.refresh(edition)
        assert edition.state == state
        assert session.scalar(select(func.count()).select_from(Event)) == before


class ArticleMachine(RuleBasedStateMachine):
    """Random histories of one article: states, index and events always agree, and no author ever approved."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        with self.database.write() as session:
            wanted = NewArticle(product_line="plug", edition=EditionIn(texts=TEXT))
            self.article = service.create(session, AUTHOR, wanted).public_id
        self.states: dict[int, EditionState] = {1: EDITIONS.initial}
        self.writers: dict[int, set[str]] = {1: {AUTHOR.person}}
        self.replaces: dict[int, int | None] = {1: None}

    people = st.builds(
        lambda number, role: Actor("user", f"U-{number:06d}", "n", role),
        st.integers(1, 3),
        st.sampled_from([Role.ADMIN, Role.TECHNICIAN, Role.QUALITY, Role.COUNTER]),
    )

    @rule(data=st.data(), actor=people)
    def act(self, data: st.DataObject, actor: Actor) -> None:
        number = data.draw(st.sampled_from(sorted(self.states)))
        likely = [row.action for row in EDITIONS.offered(self.states[number])]
        action = data.draw(st.sampled_from(likely * 3 + sorted(EDITIONS.actions)))
        row = EDITIONS.find(self.states[number], action)
        try:
            with self.database.write() as session:
                service.act(session, actor, self.article, number, EditionAction(action=action, reason="why"))
        except Problem:
            return
        assert row is not None
        if action == "approve":
            assert actor.person not in self.writers[number]
            replaced = self.replaces[number]
            if replaced is not None and self.states[replaced] is EditionState.PUBLISHED:
                self.states[replaced] = EditionState.RETIRED
        self.states[number] = row.target or self.states[number]

    @rule(data=st.data(), actor=people)
    def write(self, data: st.DataObject, actor: Actor) -> None:
        number = data.draw(st.sampled_from(sorted(self.states)))
        try:
            with self.database.write() as session:
                service.edit(session, actor, (self.article, number), EditionIn(texts=TEXT), ANY_VERSION)
        except Problem:
            return
        assert self.states[number] is EditionState.DRAFT
        self.writers[number].add(actor.person)

    @rule(data=st.data(), actor=people)
    def add(self, data: st.DataObject, actor: Actor) -> None:
        replaces = data.draw(st.sampled_from([None, *sorted(self.states)]))
        try:
            with self.database.write() as session:
                wanted = NewEdition(texts=TEXT, replaces=replaces)
                number = service.add_edition(session, actor, self.article, wanted).number
        except Problem:
            return
        assert actor.may(Permission.KNOWLEDGE_WRITE)
        assert replaces is None or self.states[replaces] is EditionState.PUBLISHED
        self.states[number], self.writers[number], self.replaces[number] = EDITIONS.initial, {actor.person}, replaces

    @invariant()
    def states_index_and_writers_agree(self) -> None:
        with self.database.read() as session:
            article = service.get(session, READER, self.article)
            rows = queries.editions(session, READER, [article.id])
            assert {row.number: row.state for row in rows} == self.states
            assert {row.number: set(row.written_by) for row in rows} == self.writers
            found = set(
                session.scalars(
                    select(Edition.number)
                    .join(Posting, Posting.edition_id == Edition.id)
                    .join(Article, Article.id == Edition.article_id)
                    .where(Article.id == article.id)
                )
            )
            assert found == {number for number, state in self.states.items() if state is EditionState.PUBLISHED}

    def teardown(self) -> None:
        with self.database.read() as session:
            assert verify_chain(session).broken_at is None


def test_random_histories(table_database: Database) -> None:
    machine = type("OneArticle", (ArticleMachine,), {"database": table_database})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )

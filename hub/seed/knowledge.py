"""The knowledge base: what the stores wrote down, who found it helpful, and what still waits for a review."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hub.core.clock import now
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.knowledge import reviews, search, service
from hub.knowledge.queries import Among
from hub.knowledge.schemas import Describes, EditionAction, EditionIn, NewArticle, NewEdition, TextIn, Verdict
from hub.knowledge.states import ArticleKind
from hub.seed.scene import Scene, Shop, in_hours
from hub.seed.timeline import Life
from hub.tickets import service as tickets

SHOWN = 3
"""Articles that somebody at a bench looks at."""


def fill_articles(scene: Scene) -> None:
    """Let the stores write what they know, most of it in the first weeks."""
    for number, told in enumerate(_articles()):
        written_at = scene.begin + timedelta(days=1 + 2 * number)
        if "last_days" in told:
            written_at = scene.end - timedelta(days=told["last_days"])
        scene.timeline.begin(_article(scene, told, number, in_hours(written_at)))


def look(scene: Scene, ticket: str, shop: Shop) -> None:
    """Let a technician look at what is suggested for a ticket; some say whether the best article helped."""
    worker = scene.one(shop, Role.TECHNICIAN, Role.SENIOR_TECHNICIAN)
    row = tickets.get(scene.session, worker, ticket)
    query = search.query_of(row, search.known_of(scene.session, row))
    hits = search.search(scene.session, query, Among(), "zh-CN", SHOWN)
    search.count_shown(scene.session, row, hits)
    if hits and scene.chance(0.4):
        verdict = Verdict(helpful=not scene.chance(0.15), ticket=ticket)
        reviews.judge(scene.session, worker, hits[0].article.public_id, hits[0].edition.number, verdict)


def _article(scene: Scene, told: dict[str, Any], number: int, written_at: datetime) -> Life:
    yield written_at
    shop = scene.shops[number % len(scene.shops)]
    author = scene.one(shop, Role.SENIOR_TECHNICIAN, Role.TECHNICIAN)
    wanted = NewArticle(
        kind=ArticleKind(told.get("kind", "article")),
        product_line=told["line"],
        models=told["models"],
        fault=told.get("fault"),
        training=told.get("training", False),
        edition=EditionIn.model_validate(_edition(told)),
    )
    article = service.create(scene.session, author, wanted).public_id
    yield from _reviewed(scene, article, 1, author)
    if "again" in told:
        yield in_hours(now() + (scene.end - now()) / 2)
        told = {**told, **told["again"], "last": None}
        service.add_edition(scene.session, author, article, NewEdition.model_validate(_edition(told)))
        yield from _reviewed(scene, article, 2, author)


def _reviewed(scene: Scene, article: str, number: int, author: Actor) -> Life:
    """Submit an edition and let somebody else of the stores publish it, some days later."""
    yield scene.after(now(), 1, 8)
    service.act(scene.session, author, article, number, EditionAction(action="submit"))
    yield scene.after(now(), 150, 200)
    approver = scene.one(scene.some(scene.shops), Role.SUPERVISOR, Role.MANAGER)
    if approver.person != author.person:
        service.act(scene.session, approver, article, number, EditionAction(action="approve"))


def _edition(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "describes": Describes(first=told.get("first"), last=told.get("last")),
        "measurements": told.get("measures", []),
        "texts": {language: TextIn.model_validate(told[language]) for language in ("zh-CN", "en")},
    }


@cache
def _articles() -> list[dict[str, Any]]:
    text = Path(__file__).with_name("knowledge.yaml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)["articles"]
    return found

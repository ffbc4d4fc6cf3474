"""A small knowledge base with labelled questions, read into a database as it would be written by people."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.orm import Session

from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.knowledge import index, search, service
from hub.knowledge.queries import Among
from hub.knowledge.schemas import EditionIn, NewArticle

AUTHOR = Actor("user", "U-000001", "Author", Role.TECHNICIAN)
APPROVER = Actor("user", "U-000002", "Approver", Role.QUALITY)
ARTICLE: dict[str, Any] = {
    "product_line": "smart-plug",
    "models": ["SP-100"],
    "fault": "no_power",
    "edition": {
        "measurements": ["rail-3v3"],
        "texts": {
            "zh-CN": {"title": "SP-100 无法开机", "symptom": "指示灯不亮", "body": "更换保险丝 F1。"},
            "en": {"title": "SP-100 does not turn on", "symptom": "LED dark", "body": "Replace fuse F1."},
        },
    },
}


@cache
def read() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("articles.yaml").read_text(encoding="utf-8"))
    return found


def write_all(session: Session) -> dict[str, str]:
    """Write, review and publish every article; return the number of each."""
    numbers: dict[str, str] = {}
    for name, filed in read()["articles"].items():
        edition = EditionIn(measurements=filed.get("measurements", []), texts=read()["texts"][name])
        wanted = NewArticle(
            kind=filed.get("kind", "article"),
            product_line=filed["line"],
            models=filed.get("models", []),
            fault=filed.get("fault"),
            edition=edition,
        )
        article = service.create(session, AUTHOR, wanted)
        (draft,) = service.queries.editions(session, AUTHOR, [article.id])
        service.apply(session, article, draft, "submit", AUTHOR)
        service.apply(session, article, draft, "approve", APPROVER)
        numbers[name] = article.public_id
    return numbers


@dataclass(frozen=True, slots=True)
class Quality:
    first: float
    """Part of the questions whose answer stands first."""
    in_three: float
    mean_reciprocal_rank: float
    missed: tuple[str, ...]


def measured(session: Session, numbers: dict[str, str], limit: int = 10) -> Quality:
    ranks: list[int | None] = []
    missed: list[str] = []
    for question in read()["questions"]:
        query = index.Query(question.get("q", ""), tuple(question.get("m", ())), None, question.get("model"))
        found = [hit.article.public_id for hit in search.search(session, query, Among(), "zh-CN", limit)]
        wanted = numbers[question["wants"]]
        rank = found.index(wanted) + 1 if wanted in found else None
        ranks.append(rank)
        if rank != 1:
            missed.append(f"{rank}: {question}")
    count = len(ranks)
    return Quality(
        first=sum(rank == 1 for rank in ranks) / count,
        in_three=sum(rank is not None and rank <= 3 for rank in ranks) / count,
        mean_reciprocal_rank=sum(1 / rank for rank in ranks if rank) / count,
        missed=tuple(missed),
    )

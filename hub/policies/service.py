"""Put and find versions of policy documents. What a document says is its own domain's matter."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.i18n import Words
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.policies import queries
from hub.policies.models import PolicyVersion

POLICY_NOT_FOUND = ProblemType(
    "policy-not-found",
    404,
    {"en": "No such document", "zh-CN": "文档不存在"},
    {"en": "There is no {family} {name} of that version.", "zh-CN": "没有该版本的{family} {name}。"},
)
VERSION_TAKEN = ProblemType(
    "version-taken",
    409,
    {"en": "The version exists already", "zh-CN": "版本已存在"},
    {
        "en": "Version {version} of {name} has other content and never changes; read it, then put version {next}.",
        "zh-CN": "{name} 的版本 {version} 已存在且内容不同，版本不可修改；请查看后提交版本 {next}。",
    },
)
VERSION_NOT_NEXT = ProblemType(
    "version-not-next",
    409,
    {"en": "A version is missing before this one", "zh-CN": "版本号不连续"},
    {
        "en": "The next version of {name} is {next}, not {version}.",
        "zh-CN": "{name} 的下一版本是 {next}，不是 {version}。",
    },
)
VALID_TOO_EARLY = ProblemType(
    "valid-too-early",
    422,
    {"en": "The version would change the past", "zh-CN": "版本生效时间早于当前"},
    {
        "en": "valid_from is in the past; leave it out, or name a time to come.",
        "zh-CN": "valid_from 早于当前时间；请省略或填写将来的时间。",
    },
)


def put(
    session: Session,
    actor: Actor,
    address: tuple[str, str, int],
    document: Mapping[str, Any],
    valid_from: datetime | None,
    *,
    earliest: datetime | None = None,
) -> tuple[PolicyVersion, bool]:
    """Add the version ``address`` = (family, name, number) and return it, with whether it is new.

    A number belongs to one content for ever, so that a repeated request changes nothing and two people who change the
    same version do not overwrite each other. Left out, ``valid_from`` is now. It may not lie before ``earliest``
    (left out: now).
    """
    actor.require(Permission.POLICY_WRITE)
    family, name, number = address
    following = queries.newest_number(session, family, name) + 1
    if number < following:
        found = queries.version(session, family, name, number)
        if found is None or found.document != document or (valid_from or found.valid_from) != found.valid_from:
            raise Problem(VERSION_TAKEN, name=name, version=number, next=following)
        return found, False
    if number > following:
        raise Problem(VERSION_NOT_NEXT, name=name, version=number, next=following)
    at = now()
    if valid_from is not None and valid_from < (earliest or at):
        raise Problem(VALID_TOO_EARLY)
    row = PolicyVersion(
        family=family,
        name=name,
        version=number,
        valid_from=valid_from or at,
        created_at=at,
        document=dict(document),
    )
    queries.add(session, row)
    payload = {"version": number, "valid_from": row.valid_from.isoformat()}
    events.append(session, actor, "policy.version_added", ("policy", f"{family}/{name}"), payload)
    return row, True


def in_order(session: Session, family: str, name: str) -> list[PolicyVersion]:
    """Return the versions that are or will be in force, by their beginning.

    A new version takes the place of all that were planned to begin at its own beginning or later.
    """
    kept: list[PolicyVersion] = []
    for row in queries.all_versions(session, family, name):
        while kept and kept[-1].valid_from >= row.valid_from:
            kept.pop()
        kept.append(row)
    return kept


def in_force(versions: Sequence[PolicyVersion], at: datetime) -> PolicyVersion | None:
    """Return which of ``in_order``'s versions is in force at a moment."""
    return next((row for row in reversed(versions) if row.valid_from <= at), None)


def not_found(called: Words, name: str) -> Problem:
    """Return the refusal for a document that does not exist."""
    return Problem(POLICY_NOT_FOUND, family=called, name=name[:64])

"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1): a change that was made against an older version is refused.

A record's tag is its version, which counts the record's changes. The header is optional: without it the last writer
wins, as far as the record's state allows.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from hub.core.problems import Problem, ProblemType

STALE_VERSION = ProblemType(
    "stale-version",
    412,
    {"en": "Somebody changed it meanwhile", "zh-CN": "数据已被他人修改"},
    {
        "en": "If-Match asks for another version than the present one, {version}; read it again, then decide.",
        "zh-CN": "If-Match 与当前版本 {version} 不符；请重新读取后再操作。",
    },
)
BAD_IF_MATCH = ProblemType(
    "bad-if-match",
    422,
    {"en": "If-Match cannot be read", "zh-CN": "If-Match 格式错误"},
    {
        "en": 'Send the ETag that the record was answered with, e.g. `If-Match: "3"`.',
        "zh-CN": '请发送读取该记录时得到的 ETag，例如 `If-Match: "3"`。',
    },
)
_LIST = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_TAG = re.compile(r'(W/)?"([^"]*)"')


def etag(version: int) -> str:
    """Return the entity tag of a record's version."""
    return f'"{version}"'


@dataclass(frozen=True, slots=True)
class Precondition:
    """The versions that the caller would change; ``None``: whichever is there."""

    tags: frozenset[str] | None = None

    def check(self, version: int) -> None:
        """Raise the stale-version problem when the record is at another version."""
        if self.tags is not None and str(version) not in self.tags:
            raise Problem(STALE_VERSION, version=version, headers={"ETag": etag(version)})


ANY_VERSION = Precondition()


def read_if_match(value: str | None) -> Precondition:
    """Read an ``If-Match`` header; weak tags never match, as the comparison is the strong one."""
    if value is None or value.strip() == "*":
        return ANY_VERSION
    if not _LIST.fullmatch(value):
        raise Problem(BAD_IF_MATCH)
    return Precondition(frozenset(tag for weak, tag in _TAG.findall(value) if not weak))


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(max_length=200, description="The `ETag` of what you read; another version is answered with 412."),
    ] = None,
) -> Precondition:
    return read_if_match(if_match)


Expected = Annotated[Precondition, Depends(_if_match)]
"""What an endpoint that changes one record takes; its service calls ``check`` on the locked record."""

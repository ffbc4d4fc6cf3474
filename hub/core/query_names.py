"""Query parameters that an endpoint does not have, and values that it would not look at, are refused.

A misspelt filter would silently give everything, and of one that is there twice the last alone would hold.
"""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from hub.core.i18n import Words
from hub.core.problems import INVALID_REQUEST, FieldError, Problem

MOST_NAMED = 50
LONGEST_NAME = 100
_TWICE: Words = {
    "en": "it is there more than once and takes one value; give it once",
    "zh-CN": "该参数重复出现，只能取一个值；请只填写一次",
}


async def require_known(request: Request) -> None:
    """Raise the invalid-request problem that names each parameter which is not there, or there too often."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    route = request.scope.get("route")
    if not given or not isinstance(route, APIRoute):
        return
    known = query_names(route)
    wrong = {name: _words(name, known) for name in given if name not in known}
    if given.total() > len(given):
        lists = set(_lists(route.dependant))
        wrong |= {name: _TWICE for name, times in given.items() if times > 1 and name in set(known) - lists}
    if wrong:
        errors = [FieldError(f"query:{name[:LONGEST_NAME]}", words) for name, words in wrong.items()]
        raise Problem(INVALID_REQUEST, errors=errors[:MOST_NAMED], count=len(wrong))


def query_names(route: APIRoute) -> tuple[str, ...]:
    """Return the query parameters of what an endpoint depends on, then its own, in their order."""
    return tuple(dict.fromkeys(_names(route.dependant)))


def _names(dependant: Dependant) -> Iterator[str]:
    for one in dependant.dependencies:
        yield from _names(one)
    yield from (field.alias for field in dependant.query_params)


def _lists(dependant: Dependant) -> Iterator[str]:
    """Return the parameters that may be there several times."""
    for one in dependant.dependencies:
        yield from _lists(one)
    yield from (field.alias for field in dependant.query_params if _is_list(field.field_info.annotation))


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is list or any(_is_list(one) for one in get_args(annotation))


def _words(name: str, known: tuple[str, ...]) -> Words:
    if not known:
        return {
            "en": "there is no such parameter; this address takes none",
            "zh-CN": "没有该参数；此接口不接受查询参数",
        }
    there, listed = ", ".join(known), "、".join(known)
    near = get_close_matches(name[:LONGEST_NAME], known, n=1)
    if near:
        return {
            "en": f"there is no such parameter, {near[0]} perhaps? There are: {there}",
            "zh-CN": f"没有该参数，是否应为 {near[0]}？可用参数：{listed}",
        }
    return {"en": f"there is no such parameter; there are: {there}", "zh-CN": f"没有该参数；可用参数：{listed}"}

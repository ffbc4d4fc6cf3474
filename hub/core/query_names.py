"""Query parameters that an endpoint does not have are refused: a misspelt filter would silently give everything."""

from collections.abc import Iterator
from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from hub.core.i18n import Words
from hub.core.problems import INVALID_REQUEST, FieldError, Problem

MOST_NAMED = 50
LONGEST_NAME = 100


async def require_known(request: Request) -> None:
    """Raise the invalid-request problem that names each parameter which is not there, and those that are."""
    given = request.query_params.keys()
    route = request.scope.get("route")
    if not given or not isinstance(route, APIRoute):
        return
    known = query_names(route)
    unknown = [name for name in given if name not in known]
    if unknown:
        errors = [FieldError(f"query:{name[:LONGEST_NAME]}", _words(name, known)) for name in unknown[:MOST_NAMED]]
        raise Problem(INVALID_REQUEST, errors=errors, count=len(unknown))


def query_names(route: APIRoute) -> tuple[str, ...]:
    """Return the query parameters of what an endpoint depends on, then its own, in their order."""
    return tuple(dict.fromkeys(_names(route.dependant)))


def _names(dependant: Dependant) -> Iterator[str]:
    for one in dependant.dependencies:
        yield from _names(one)
    yield from (field.alias for field in dependant.query_params)


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

"""An endpoint's answer as bytes, made in the thread in which the endpoint ran.

FastAPI checks and writes the answer of a synchronous endpoint in a second turn of the thread pool. Under load each turn
waits for a thread and for the interpreter, so that one turn less is felt by everybody.
"""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from fastapi import APIRouter
from fastapi.exceptions import ResponseValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response

_MARK = "answers_in_its_thread"


def install(*routers: APIRouter) -> None:
    """Let every synchronous endpoint of ``routers`` that answers with a model do so in its own thread.

    To be called before the routers are included in an application, which builds its routes from theirs.
    """
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute) and route.response_field is not None:
            call = route.endpoint
            if not iscoroutinefunction(call) and not hasattr(call, _MARK):
                route.endpoint = _around(call, route)
                setattr(route.endpoint, _MARK, True)


def _around(call: Callable[..., Any], route: APIRoute) -> Callable[..., Any]:
    @wraps(call)
    def endpoint(**values: Any) -> Response:
        return response_of(call(**values), values, route)

    return endpoint


def response_of(result: Any, values: dict[str, Any], route: APIRoute) -> Response:
    """Return an endpoint's result as FastAPI would send it; ``values`` are what the endpoint was called with.

    Its own response stays as it is. Any other result becomes the JSON of the route's model, with the status and headers
    that the endpoint set.
    """
    if isinstance(result, Response):
        return result
    given = next((value for value in values.values() if isinstance(value, Response)), None)
    status = (given and given.status_code) or route.status_code or 200
    headers = {name: value for name, value in given.headers.items() if name != "content-length"} if given else {}
    field = route.response_field
    if field is None:
        assert result is None, f"{route.name} must answer with a model"  # noqa: S101 - a mistake of ours
        return Response(None, status, headers)
    value, errors = field.validate(result, {}, loc=("response",))
    if errors:
        raise ResponseValidationError(errors=errors, body=result)
    return Response(field.serialize_json(value), status, headers, media_type="application/json")

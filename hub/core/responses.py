"""HTTP answers: problems as ``application/problem+json``, and how each exception becomes one."""

import logging
import re
import sqlite3

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from hub.core import malformed, problems
from hub.core.i18n import Language, preferred_language
from hub.core.problems import FieldError, Problem
from hub.core.validation import counted_errors

log = logging.getLogger(__name__)
_UNDEFINED = frozenset({"42P01", "42703"})
"""PostgreSQL's undefined_table and undefined_column."""
_SQLITE_LACKS = re.compile("no such (table|column)|has no column named")


def problem_response(problem: Problem, language: Language, path: str) -> Response:
    """Return ``problem`` as a response in ``language``; ``path`` is the request that it is about."""
    return JSONResponse(
        {**problem.body(language), "instance": path},
        status_code=problem.kind.status,
        headers={"Content-Language": language, "Vary": "Accept-Language", **problem.headers},
        media_type=problems.MEDIA_TYPE,
    )


def _answer(request: Request, problem: Problem) -> Response:
    return problem_response(problem, preferred_language(request.headers.get("accept-language")), request.url.path)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this type only
    return _answer(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
    details = error.errors()
    if details and details[0]["type"] == "json_invalid":
        said, (_, place, *_) = str(details[0].get("ctx", {}).get("error", "")), details[0]["loc"]
        why = malformed.reason(said, error.body if isinstance(error.body, str) else "", int(place))
        return _answer(request, Problem(problems.MALFORMED_BODY, reason=why))
    errors, count = counted_errors(details)
    if isinstance(error.body, bytes):  # FastAPI leaves a body as bytes whose header names no JSON
        errors = tuple(FieldError("#", problems.NO_JSON_WORDS) if one.where == "#" else one for one in errors)
    return _answer(request, Problem(problems.INVALID_REQUEST, errors=errors, count=count))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    path, headers = request.url.path, error.headers
    if error.status_code == 405:
        kind = Problem(problems.METHOD_NOT_ALLOWED, path=path, method=request.method, headers=headers)
    elif error.status_code == 404:
        kind = Problem(problems.NO_SUCH_PATH, path=path, headers=headers)
    elif isinstance(error, malformed.WrongMember):
        kind = Problem(problems.INVALID_REQUEST, errors=(FieldError(error.detail, error.words),), count=1)
    elif error.status_code == 413:
        kind = Problem(problems.REQUEST_TOO_LARGE, limit=error.detail)
    else:
        kind = Problem(problems.MALFORMED_BODY, reason=malformed.UNREADABLE, headers=headers)
    return _answer(request, kind)


async def _on_database(request: Request, error: Exception) -> Response:
    """A writer that waited too long for its turn, or a server that is away: the caller may try again.

    Tables that are not there do not come back by waiting: somebody has put another database under the running hub.
    """
    assert isinstance(error, DBAPIError)  # noqa: S101 - registered for subclasses of this type only
    if lacks_tables(error):
        log.error("the database is of another version; run: benchwright hub migrate (%s)", error.orig)
        return _answer(request, Problem(problems.DATABASE_OF_ANOTHER_VERSION))
    if not isinstance(error, OperationalError):
        return await _on_failure(request, error)
    log.error("the database is not available: %s", error.orig)
    return _answer(request, Problem(problems.DATABASE_UNAVAILABLE, headers={"Retry-After": "3"}))


def lacks_tables(error: DBAPIError) -> bool:
    """Whether a statement named a table or column that the database does not have."""
    if getattr(error.orig, "sqlstate", None) in _UNDEFINED:
        return True
    return isinstance(error.orig, sqlite3.OperationalError) and _SQLITE_LACKS.search(str(error.orig)) is not None


async def _on_failure(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, Problem(problems.INTERNAL_ERROR))


def install(app: FastAPI) -> None:
    """Let every error of ``app`` leave as a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for kind in (OperationalError, ProgrammingError):
        app.add_exception_handler(kind, _on_database)
    app.add_exception_handler(Exception, _on_failure)

"""Pages at the HTTP boundary: their parameters and their shape."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

T = TypeVar("T")
MAX_LIMIT = 200

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most rows in one page.")]
CursorText = Annotated[
    str | None, Query(max_length=400, description="The `next` member of the page before; absent for the first page.")
]


class Page(BaseModel, Generic[T]):
    """A page of rows, the newest first."""

    items: list[T]
    next: str | None = Field(
        default=None, description="Cursor of the page that follows; `null` when this is the last.", examples=[None]
    )

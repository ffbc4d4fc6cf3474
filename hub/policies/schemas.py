"""What the APIs of all policy documents share."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Path
from pydantic import BaseModel, Field

from hub.policies.values import Document

D = TypeVar("D", bound=Document)

PolicyName = Annotated[
    str, Path(max_length=64, pattern="^[a-z0-9][a-z0-9-]*$", description="Name of the document.", examples=["standard"])
]
VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="1, 2, 3 …", examples=[1])]


class VersionOut(BaseModel, Generic[D]):
    """One version of a document."""

    name: str = Field(examples=["standard"])
    version: int = Field(description="0 is what is delivered with the hub.", examples=[1])
    valid_from: datetime | None = Field(description="From when on it is in force; `null` for version 0: always.")
    created_at: datetime | None
    document: D

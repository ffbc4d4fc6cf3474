"""What the store API takes and gives."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from hub.core.bodies import JsonBody
from hub.core.controls import ONE_LINE
from hub.core.people import Phone
from hub.stores.models import Store

StoreCode = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
_Line = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=ONE_LINE)]
_City = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True, pattern=ONE_LINE)]
_Address = Annotated[str, StringConstraints(min_length=1, max_length=256, strip_whitespace=True, pattern=ONE_LINE)]


class NewStore(JsonBody):
    """A store that opens."""

    code: StoreCode = Field(examples=["sh-xujiahui"])
    name: _Line = Field(examples=["徐家汇店"])
    city: _City | None = Field(default=None, examples=["上海"])
    address: _Address | None = Field(default=None, examples=["漕溪北路 1 号"])
    phone: Phone | None = Field(default=None, examples=["+86 21 6400 0000"])


class StoreChange(JsonBody):
    """What changes; what is left out stays as it is."""

    name: _Line | None = Field(default=None, examples=["徐家汇旗舰店"])
    city: _City | None = None
    address: _Address | None = None
    phone: Phone | None = Field(default=None, examples=["+86 21 6400 0000"])
    closed: bool | None = Field(default=None, description="`true` closes the store, `false` opens it again.")


class StoreOut(BaseModel):
    """A store."""

    code: str = Field(examples=["sh-xujiahui"])
    name: str = Field(examples=["徐家汇店"])
    city: str | None
    address: str | None
    phone: str | None
    created_at: datetime
    closed_at: datetime | None
    version: int

    @classmethod
    def of(cls, store: Store) -> "StoreOut":
        """Show one row."""
        return cls.model_validate(store, from_attributes=True)

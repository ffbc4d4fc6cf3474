"""How people are named and reached, as requests give it."""

from typing import Annotated

from pydantic import StringConstraints

from hub.core.controls import ONE_LINE

PersonName = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=ONE_LINE)]
Phone = Annotated[str, StringConstraints(max_length=32, pattern=r"^\+?[ -]*([0-9][ -]*){5,}$")]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
UserNumber = Annotated[str, StringConstraints(pattern=r"^U-[0-9]{6,15}$")]
CustomerNumber = Annotated[str, StringConstraints(pattern=r"^C-[0-9]{6,15}$")]

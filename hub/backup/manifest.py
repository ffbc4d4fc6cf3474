"""What a backup says of itself: enough to prove a restored copy without the hub that it came from."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

NAME = "manifest.json"
SQLITE_FILE, POSTGRESQL_FILE = "database.sqlite3", "database.pgdump"


class BackupError(Exception):
    """A backup that cannot be made, read or trusted: one sentence with what, where, and how to mend it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeptFile(_Part):
    """One file: its path below the backup's folder of files, size, and SHA-256."""

    path: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Content(_Part):
    """What the database held: rows of each table, and the end of the event chain."""

    revision: str
    rows: dict[str, int]
    events: int
    head: str


class Manifest(_Part):
    """One backup."""

    format: Literal[1] = 1
    name: str
    created_at: AwareDatetime
    version: str
    database: Literal["sqlite", "postgresql"]
    dump: KeptFile
    content: Content
    files: list[KeptFile]

    @property
    def size(self) -> int:
        """Bytes of everything that the backup refers to."""
        return self.dump.size + sum(file.size for file in self.files)


def read(folder: Path) -> Manifest:
    """Return the manifest in a backup's folder; raise ``BackupError``."""
    try:
        return Manifest.model_validate_json((folder / NAME).read_bytes())
    except OSError as error:
        raise BackupError(f"{folder / NAME} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BackupError(f"{folder / NAME} is damaged: {place} {first['msg']}") from error


def name_of(at: datetime) -> str:
    """Return a backup's name: its moment in UTC, so that names sort like time."""
    return at.strftime("%Y-%m-%dT%H-%M-%SZ")

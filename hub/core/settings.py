"""Settings of the hub: defaults, then a TOML file, then the environment (``BENCHWRIGHT_HUB_*``).

Secrets are never settings themselves: a setting names the file that holds one.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

ENVIRONMENT_PREFIX = "BENCHWRIGHT_HUB_"
CONFIG_VARIABLE = "BENCHWRIGHT_HUB_CONFIG"


class SettingsError(ValueError):
    """A setting that cannot be used; one sentence with the name, the place and the remedy."""


class Settings(BaseModel):
    """All settings of a hub, checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Path(".benchwright/hub")
    """Folder of the SQLite file and of the uploaded captures."""
    database_url: str | None = None
    """SQLAlchemy URL; without it a SQLite file in ``data_dir``. Its password belongs in ``database_password_file``."""
    database_password_file: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    mqtt: str | None = None
    """``mqtt://host:port`` or ``mqtts://host:port``; without it the hub serves HTTP only."""
    mqtt_username: str | None = None
    mqtt_password_file: Path | None = None
    mqtt_ca_file: Path | None = None
    oidc_issuer: str | None = None
    """Issuer of OpenID Connect for single sign-on; the client's redirect address is
    ``<public_url>/api/v1/sessions/oidc/callback``."""
    oidc_client_id: str | None = None
    oidc_client_secret_file: Path | None = None
    oidc_login_claim: str = Field(default="preferred_username", pattern="^[a-z_]{1,64}$")
    """Claim that holds the hub's login, looked at the first time that somebody comes."""
    ingest_workers: int = Field(default=1, ge=1, le=32)
    public_url: str | None = None
    """Where customers and systems reach the hub, e.g. ``https://service.example.com``; for links in messages."""
    portal_key_file: Path | None = None
    """File of the secret that customers' links are signed with; left out: ``portal.key`` in ``data_dir``, made at first
    use."""
    fonts_dir: Path = Path("/usr/share/fonts/truetype/wqy")
    """Folder with a font for papers that has Chinese characters."""
    language: Literal["en", "zh-CN"] = "zh-CN"
    """Language of messages to customers who have not chosen one, and to staff."""
    channels_file: Path | None = None
    """File of secrets with the providers' URLs for e-mail, SMS and WeCom; without it nothing is sent."""
    webhook_allow_private: bool = False
    """Whether webhooks may go to private addresses and over plain HTTP: for a network that is trusted as a whole."""
    backup_dir: Path | None = None
    """Folder of the daily backups, best on another machine; without it there are none."""
    backup_hour_utc: int = Field(default=18, ge=0, le=23)
    """Hour (UTC) of the daily backup; 18 is two in the morning in China."""
    backup_keep_days: int = Field(default=14, ge=1, le=3660)
    """The newest backup of each of so many days is kept; likewise of weeks and of months."""
    backup_keep_weeks: int = Field(default=8, ge=0, le=520)
    backup_keep_months: int = Field(default=12, ge=0, le=120)
    jobs: bool = True
    """Whether a serving process stands for running the periodic jobs."""
    max_request_bytes: int = Field(default=1_114_112, ge=65_536, le=64 * 2**20)
    """Largest body of one request; a capture's chunk (1 MiB) has to fit."""
    max_requests_a_minute: int = Field(default=3000, ge=0)
    """How often one caller may ask one process; 0 is without bound."""
    max_capture_bytes: int = Field(default=2 * 2**30, ge=1)
    """Largest capture file."""

    @field_validator("mqtt")
    @classmethod
    def _mqtt_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("mqtt://", "mqtts://")):
            raise ValueError("write it as mqtt://host:port or mqtts://host:port")
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("write it as https://host")
        return None if value is None else value.rstrip("/")

    @property
    def url(self) -> URL:
        """The database's URL with its password filled in."""
        if self.database_url is None:
            return URL.create("sqlite", database=str(self.data_dir / "hub.db"))
        try:
            url = make_url(self.database_url)
            url.get_dialect().import_dbapi()
        except (ArgumentError, ImportError, ValueError) as error:
            raise SettingsError(
                "database_url is not the URL of a database that is known here; "
                "write it like postgresql+psycopg://user@host/name"
            ) from error
        if self.database_password_file is not None:
            url = url.set(password=read_secret(self.database_password_file))
        return url

    @property
    def blob_dir(self) -> Path:
        """Folder of the uploaded captures."""
        return self.data_dir / "captures"


def read_secret(path: Path) -> str:
    """Return the one line in a secret's file; raise ``SettingsError`` where there is none."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the secret in {path} cannot be read: {error}") from error
    if not secret or "\n" in secret:
        raise SettingsError(f"{path} must hold exactly one line, the secret")
    return secret


def load_settings(config: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from ``config`` (or the file that ``BENCHWRIGHT_HUB_CONFIG`` names) and the environment.

    Raises ``SettingsError`` naming the setting and where it came from.
    """
    environment = os.environ if environment is None else environment
    if config is None and CONFIG_VARIABLE in environment:
        config = Path(environment[CONFIG_VARIABLE])
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    if config is not None:
        values = _read_toml(config)
        origin = dict.fromkeys(values, str(config))
    for name in Settings.model_fields:
        variable = ENVIRONMENT_PREFIX + name.upper()
        if variable in environment:
            values[name] = environment[variable]
            origin[name] = variable
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        reason = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            reason = "there is no such setting"
        raise SettingsError(f"{name} in {origin.get(name, 'the settings')}: {reason}") from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"the hub's settings {path} cannot be read: {error.strerror}; give the path of a file that exists"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}; mend that place") from error
    section = values.get("hub", values)
    if not isinstance(section, dict):
        raise SettingsError(f"hub in {path} must be a table")
    return section

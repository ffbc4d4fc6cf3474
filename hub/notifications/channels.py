"""The channels: URLs of providers in a file of secrets, sent through Apprise.

The file is TOML. A customer's URL holds ``{to}`` where the address belongs, and ``{id}`` where a provider wants a
number that is the same when a message is tried again::

    [customer]
    email = "mailtos://desk:secret@smtp.example.com?from=service@example.com&to={to}"
    sms = "jsons://gateway.example.com/send?:phone={to}&+Idempotency-Key={id}"
    wecom = "jsons://gateway.example.com/wecom?:user={to}"
    [staff]
    front_line = ["wecombot://secret-of-the-group"]
    expert = ["mailtos://…"]
    management = ["mailtos://…"]
    [stores.sh-xujiahui]
    front_line = ["wecombot://secret-of-that-store's-group"]

A level of a store that has no providers of its own is told over the chain's.
"""

import logging
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.core.settings import Settings, SettingsError
from hub.notifications.documents import Channel
from hub.sla.documents import Level

log = logging.getLogger(__name__)
Urls = Annotated[list[str], Field(max_length=20)]


class Channels(BaseModel):
    """Providers by channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customer: dict[Channel, str] = {}
    staff: dict[Level, Urls] = {}
    stores: dict[str, dict[Level, Urls]] = {}

    @property
    def for_customers(self) -> frozenset[Channel]:
        """The channels that reach customers."""
        return frozenset(self.customer)

    def of_staff(self, level: Level, store: str | None) -> list[str]:
        """Return the providers of a level: the store's own, or else the chain's."""
        own = self.stores.get(store, {}) if store is not None else {}
        return own.get(level) or self.staff.get(level, [])

    def urls(self, audience: str, channel: str, *, to: str, number: str, store: str | None = None) -> list[str]:
        """Return the providers' URLs for one message, with its address filled in."""
        if audience == "staff":
            found = self.of_staff(Level(channel), store)
        else:
            found = [self.customer[Channel(channel)]] if channel in self.customer else []
        return [_filled(url, to=to, number=number) for url in found]


def load_channels(settings: Settings) -> Channels:
    """Return the channels of the settings; raise ``SettingsError`` that names the place and never shows a secret."""
    path = settings.channels_file
    if path is None:
        return Channels()
    try:
        found = Channels.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"the channels in {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{place} in {path}: {first['msg']}") from error
    for name, urls in _all_urls(found).items():
        for url in urls:
            _check(path, name, url)
    return found


def send(url: str, subject: str, body: str) -> bool:
    """Send one message through the provider at ``url``; return whether it was taken. Apprise bounds its time."""
    import apprise

    _quiet()
    plugin = apprise.Apprise.instantiate(url)
    return plugin is not None and bool(plugin.notify(title=subject, body=body))


def _all_urls(channels: Channels) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {f"customer.{name}": [url] for name, url in channels.customer.items()}
    for place, levels in {"staff": channels.staff, **{f"stores.{n}": c for n, c in channels.stores.items()}}.items():
        found |= {f"{place}.{level}": urls for level, urls in levels.items()}
    return found


def _check(path: Path, name: str, url: str) -> None:
    import apprise

    _quiet()
    if name.startswith("customer.") and "{to}" not in url:
        raise SettingsError(f"{name} in {path}: write {{to}} where the customer's address belongs")
    sample = "somebody@example.com" if name.endswith("email") else "13800000000"
    if apprise.Apprise.instantiate(_filled(url, to=sample, number="N-000001")) is None:
        raise SettingsError(f"{name} in {path} is not a URL that Apprise knows; see its list of services")


def _filled(url: str, *, to: str, number: str) -> str:
    return url.replace("{to}", quote(to, safe="")).replace("{id}", quote(number, safe=""))


def _quiet() -> None:
    """Keep Apprise from logging: it would write addresses and secrets."""
    logger: Any = logging.getLogger("apprise")
    logger.disabled = True

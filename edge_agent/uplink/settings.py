"""How the bench reaches its hub, checked once, from ``[hub]`` in ``bench.toml``."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.bench_config import HubConfig

MAX_SECRET_BYTES = 4096
_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


class UplinkError(Exception):
    """The way to the hub is set up wrongly: one sentence with the setting and the remedy."""


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Where the broker and the hub are, and how patient the uplink is (seconds)."""

    host: str
    port: int
    tls: bool = False
    ca_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    http_url: str | None = None
    token_file: Path | None = None
    keepalive_s: int = 15
    connect_timeout_s: float = 5.0
    reconnect_s: tuple[float, float] = (0.5, 20.0)
    """First and longest pause between attempts; each is jittered."""
    resend_after_s: float = 2.0
    resend_cap_s: float = 30.0
    max_batches: int = 8


def uplink_settings(hub: HubConfig, folder: Path) -> UplinkSettings:
    """Return the settings for ``[hub]``; relative file names count from ``folder``. Raises ``UplinkError``."""
    try:
        parts = urlsplit(hub.mqtt)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UplinkError(f"hub.mqtt {hub.mqtt!r} is no address ({error}): write mqtt://host:port") from error
    if not host:
        raise UplinkError(f"hub.mqtt {hub.mqtt!r} names no host: write mqtt://host:port")
    if parts.username or parts.password:
        raise UplinkError("hub.mqtt carries a user name or password: use hub.username and hub.password_file")

    def path(name: str | None) -> Path | None:
        return None if name is None else folder / name

    return UplinkSettings(
        host=host,
        port=port or _DEFAULT_PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        ca_file=path(hub.ca_file),
        username=hub.username,
        password_file=path(hub.password_file),
        http_url=hub.url,
        token_file=path(hub.token_file),
    )


def read_secret(path: Path, setting: str) -> str:
    """Return the one line in a secret file; its content appears in no message. Raises ``UplinkError``."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
        secret = data.decode("utf-8").strip("\r\n")
    except OSError as error:
        raise UplinkError(f"{setting} {path} cannot be read ({error.strerror}): make the file readable") from error
    except UnicodeDecodeError as error:
        raise UplinkError(f"{setting} {path} is not UTF-8 text: write the secret as one line of text") from error
    if not secret or len(data) > MAX_SECRET_BYTES or "\n" in secret:
        raise UplinkError(f"{setting} {path} must hold one line of at most {MAX_SECRET_BYTES} bytes: write it anew")
    return secret

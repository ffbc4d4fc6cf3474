"""Mosquitto's configuration for benches and hub: no anonymous access, and one credential and ACL for each bench.

A folder holds everything: ``mosquitto.conf``, ``acl``, ``passwd`` (hashes) and ``credentials/<name>.password``, the
file to carry to the bench. Writing it again keeps what is there; a running broker is told to read it anew.
"""

import base64
import getpass
import hashlib
import os
import re
import secrets
import shutil
import signal
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from protocols.messages import topics

HUB_USER = "hub"
BENCH_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""A bench's name as a broker account: Mosquitto's password file cannot hold a colon."""
MAX_PACKET_BYTES = 524_288
_ITERATIONS = 20_000
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


class BrokerError(ValueError):
    """A broker folder or setting that cannot be used; one sentence."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the broker listens; with a certificate and its key, in TLS."""

    host: str = "127.0.0.1"
    port: int = 1883
    certificate: Path | None = None
    key: Path | None = None
    user: str | None = None
    """The account that Mosquitto keeps when root starts it."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a broker folder holds: the configuration, and the credential file of each account."""

    config: Path
    credentials: dict[str, Path]
    reloaded: bool
    """Whether a running broker was told."""


def present_listener(folder: Path) -> Listener:
    """Return the listener of the configuration in ``folder``, or the default where there is none."""
    config = folder / "mosquitto.conf"
    if not config.exists():
        return Listener()
    values = dict(line.partition(" ")[::2] for line in config.read_text(encoding="utf-8").splitlines())
    port, _, host = values.get("listener", "").partition(" ")
    if not port.isdigit() or not host:
        raise BrokerError(f"{config} was not written here; delete it, or name another folder")
    certificate, key = values.get("certfile"), values.get("keyfile")
    return Listener(
        host,
        int(port),
        Path(certificate) if certificate else None,
        Path(key) if key else None,
        values.get("user"),
    )


def configure(folder: Path, listener: Listener, add: Sequence[str] = (), revoke: Collection[str] = ()) -> Written:
    """Write the configuration with the benches that are there, those in ``add``, and without those in ``revoke``.

    An account that stays keeps its password. Raises ``BrokerError``.
    """
    _check(listener, add, revoke)
    folder = folder.resolve()
    credentials = folder / "credentials"
    try:
        credentials.mkdir(parents=True, exist_ok=True)
        credentials.chmod(0o700)
        hashes = _read_hashes(folder / "passwd")
        unknown = set(revoke) - hashes.keys()
        if unknown:
            raise BrokerError(f"there is no bench {', '.join(sorted(unknown))} in {folder} to revoke")
        names = sorted((hashes.keys() | set(add) | {HUB_USER}) - set(revoke))
        benches = [name for name in names if name != HUB_USER]
        files = {name: credentials / f"{name}.password" for name in names}
        for name in names:
            if name not in hashes or not files[name].exists():
                hashes[name] = _hash(_password(files[name]))
        for name in revoke:
            (credentials / f"{name}.password").unlink(missing_ok=True)
        _write(folder / "passwd", "".join(f"{name}:{hashes[name]}\n" for name in names))
        _write(folder / "acl", acl(benches))
        _write(folder / "mosquitto.conf", _config(folder, listener))
    except OSError as error:
        raise BrokerError(f"the broker's folder {folder} cannot be written: {error}") from error
    return Written(folder / "mosquitto.conf", files, _reload(folder))


def acl(benches: Sequence[str]) -> str:
    """Return the access list: a bench writes below its own ``up``, reads below its own ``down``, and nothing else."""
    parts = [
        f"user {HUB_USER}\ntopic read {topics.topic('+', 'up/#')}\ntopic write {topics.topic('+', 'down/#')}\n",
        *(
            f"user {bench}\ntopic write {topics.topic(bench, 'up/#')}\ntopic read {topics.topic(bench, 'down/#')}\n"
            for bench in benches
        ),
    ]
    return "\n".join(parts)


def find_mosquitto() -> str:
    """Return the path of Mosquitto, which Debian puts outside a user's PATH; raise ``BrokerError`` without one."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_SBIN])
    found = shutil.which("mosquitto", path=path)
    if found is None:
        raise BrokerError("Mosquitto is not installed; on Debian: apt install mosquitto")
    return found


def run(folder: Path) -> None:
    """Become Mosquitto with the folder's configuration. Never returns."""
    config = folder.resolve() / "mosquitto.conf"
    if not config.exists():
        raise BrokerError(f"there is no {config}; write it with: benchwright broker configure --dir {folder}")
    program = find_mosquitto()
    _write(_pid_file(folder), f"{os.getpid()}\n")
    os.execv(program, [program, "-c", str(config)])  # noqa: S606 - the point is to become it


def _check(listener: Listener, add: Sequence[str], revoke: Collection[str]) -> None:
    for name in add:
        if not BENCH_NAME.fullmatch(name) or name == HUB_USER:
            raise BrokerError(
                f"the bench name {name!r} cannot be used; take letters, digits, dot, dash, underscore, not {HUB_USER!r}"
            )
    if HUB_USER in revoke:
        raise BrokerError("the hub's own account cannot be revoked; delete the folder to begin anew")
    if set(add) & set(revoke):
        raise BrokerError(f"{', '.join(sorted(set(add) & set(revoke)))} is to be added and revoked at once; choose one")
    if (listener.certificate is None) != (listener.key is None):
        raise BrokerError("TLS needs both the certificate and its key")
    for path in (listener.certificate, listener.key):
        if path is not None and not path.is_file():
            raise BrokerError(f"there is no file {path}")
    if any(ord(character) <= 32 for character in f"{listener.host}{listener.user or ''}"):
        raise BrokerError("host and user must not hold spaces or control characters")


def _config(folder: Path, listener: Listener) -> str:
    lines = [
        "# Written by `benchwright broker configure`; it writes this file anew.",
        "per_listener_settings false",
        "allow_anonymous false",
        f"password_file {folder / 'passwd'}",
        f"acl_file {folder / 'acl'}",
        "# Records are safe in the benches' spools until the hub has committed them, so the broker keeps nothing.",
        "persistence false",
        f"max_packet_size {MAX_PACKET_BYTES}",
        "max_queued_messages 10000",
        "max_inflight_messages 100",
        "# Mosquitto started by root keeps this account.",
        f"user {listener.user or getpass.getuser()}",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        f"listener {listener.port} {listener.host}",
    ]
    if listener.certificate is not None and listener.key is not None:
        lines += [f"certfile {listener.certificate.resolve()}", f"keyfile {listener.key.resolve()}"]
    return "\n".join(lines) + "\n"


def _password(path: Path) -> str:
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    password = secrets.token_urlsafe(32)
    _write(path, password + "\n")
    return password


def _hash(password: str) -> str:
    """Return Mosquitto 2's hash: ``$7$`` (PBKDF2 with HMAC-SHA-512), iterations, salt and key in base64."""
    salt = secrets.token_bytes(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def _read_hashes(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    hashes = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            raise BrokerError(f"{path} is not a password file of Mosquitto; delete it to begin anew")
        hashes[name] = value
    return hashes


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _pid_file(folder: Path) -> Path:
    return folder.resolve() / "mosquitto.pid"


def _reload(folder: Path) -> bool:
    """Tell a Mosquitto that ``run`` started in this folder to read its accounts anew; return whether there is one."""
    try:
        pid = int(_pid_file(folder).read_text(encoding="utf-8"))
        if "mosquitto" not in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8"):
            return False
        os.kill(pid, signal.SIGHUP)
    except (OSError, ValueError):
        return False
    return True

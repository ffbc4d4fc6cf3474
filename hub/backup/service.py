"""Make, list, check, thin out and restore backups, and drill the restore.

A backup is a folder named after its moment, beside ``files`` that all backups share. It gets its name last: what
has a name is whole. Nothing here needs the hub that the data came from.
"""

import logging
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from hub.backup import dumping, files, manifest, retention
from hub.backup.manifest import POSTGRESQL_FILE, SQLITE_FILE, BackupError, Content, KeptFile, Manifest
from hub.core.clock import now
from hub.core.database import Database
from hub.core.settings import Settings
from hub.events import auditing
from hub.events import service as events
from hub.identity.actors import Actor

log = logging.getLogger(__name__)
FILES = "files"
_UNFINISHED = ".unfinished-"
STALE_AFTER_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Drill:
    """What a restore drill proved."""

    name: str
    content: Content
    seconds: float


def folder_of(settings: Settings) -> Path:
    """Return where backups go; raise ``BackupError`` while no setting says so."""
    if settings.backup_dir is None:
        raise BackupError("set backup_dir (BENCHWRIGHT_HUB_BACKUP_DIR) to a folder at another place, or give --to")
    return settings.backup_dir


def create(settings: Settings, version: str) -> Manifest:
    """Make a backup of everything as it is now."""
    root = folder_of(settings)
    at = now()
    name = manifest.name_of(at)
    unfinished = root / f"{_UNFINISHED}{name}-{secrets.token_hex(4)}"
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_stale(root)
        unfinished.mkdir(mode=0o700)
        made = _fill(settings, root, unfinished, name, at, version)
        unfinished.rename(root / name)
        _sync(root)
    except OSError as error:
        raise BackupError(f"the backup in {root} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return made


def _fill(settings: Settings, root: Path, folder: Path, name: str, at: datetime, version: str) -> Manifest:  # noqa: PLR0917
    url = settings.url
    kind = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
    dump = folder / (SQLITE_FILE if kind == "sqlite" else POSTGRESQL_FILE)
    held = dumping.dump(url, dump)
    _sync(dump)
    made = Manifest(
        name=name,
        created_at=at,
        version=version,
        database="sqlite" if kind == "sqlite" else "postgresql",
        dump=KeptFile(path=dump.name, size=dump.stat().st_size, sha256=files.file_hash(dump)),
        content=held,
        files=files.keep_all(settings, root / FILES),
    )
    (folder / manifest.NAME).write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")
    _sync(folder / manifest.NAME)
    _sync(folder)
    return made


def names(settings: Settings) -> list[str]:
    """Return the names of all backups, the newest first."""
    root = folder_of(settings)
    if not root.is_dir():
        return []
    return sorted((path.parent.name for path in root.glob(f"[0-9]*/{manifest.NAME}")), reverse=True)


def get(settings: Settings, name: str | None) -> Manifest:
    """Return one backup's manifest, the newest's without a name; raise ``BackupError``."""
    there = names(settings)
    if not there:
        raise BackupError(f"there is no backup in {folder_of(settings)}; make one: benchwright hub backup create")
    if name is not None and name not in there:
        raise BackupError(f"there is no backup {name}; the newest is {there[0]}, see: benchwright hub backup list")
    return manifest.read(folder_of(settings) / (name or there[0]))


def problems(settings: Settings, found: Manifest) -> Iterator[BackupError]:
    """Give an error for everything that is wrong with a backup, reading every byte of it."""
    root = folder_of(settings)
    dump = root / found.name / found.dump.path
    if not dump.exists():
        yield BackupError(f"the dump {dump} is missing")
    elif dump.stat().st_size != found.dump.size or files.file_hash(dump) != found.dump.sha256:
        yield BackupError(f"the dump {dump} is damaged: it is not what the manifest says")
    elif found.database == "sqlite":
        inside = dumping.check_sqlite(dump)
        if inside is not None:
            yield BackupError(f"the dump {dump} is damaged inside: {inside}")
    yield from files.damaged(root / FILES, found.files)


def thin_out(settings: Settings) -> int:
    """Remove backups that are not kept any more, and files that none refers to; return how many backups."""
    root = folder_of(settings)
    found = [manifest.read(root / name) for name in names(settings)]
    keep = retention.kept(
        [one.created_at for one in found],
        days=settings.backup_keep_days,
        weeks=settings.backup_keep_weeks,
        months=settings.backup_keep_months,
    )
    removed = [one for one in found if one.created_at not in keep]
    for one in removed:
        aside = (
            root / f"{_UNFINISHED}{one.name}-{secrets.token_hex(4)}"
        )  # its name goes first, so that no half of it is a backup
        (root / one.name).rename(aside)
        shutil.rmtree(aside)
    used = {file.sha256 for one in found if one.created_at in keep for file in one.files}
    if removed:
        for path in (root / FILES).glob("??/*"):
            if path.name not in used and time.time() - path.stat().st_mtime > STALE_AFTER_S:
                path.unlink()
    return len(removed)


def restore(settings: Settings, source: Settings, name: str | None) -> Manifest:
    """Bring a backup (of ``source``'s folder) into the empty place that ``settings`` names, and prove it.

    Raises ``BackupError`` before anything is written when the backup is damaged, or when there is something already.
    """
    found = get(source, name)
    wrong = next(problems(source, found), None)
    if wrong is not None:
        raise wrong
    _check_kind(settings.url, found)
    if not dumping.is_empty(settings.url):
        place = settings.url.render_as_string(hide_password=True)
        raise BackupError(f"{place} is not empty; restore into an empty place, then let the hub use that")
    root = folder_of(source)
    dumping.load(settings.url, root / found.name / found.dump.path)
    files.restore_all(settings, root / FILES, found.files)
    prove(settings.url, found)
    return found


def prove(url: URL, found: Manifest) -> None:
    """Compare a restored database with the manifest: rows, revision, and the chain of events to its last hash."""
    held = dumping.content(url)
    if held != found.content:
        unlike = [name for name in found.content.rows if held.rows.get(name) != found.content.rows[name]]
        raise BackupError(f"the restored copy differs from the backup in {', '.join(unlike) or 'the event chain'}")
    database = Database(url)
    try:
        with database.read() as session:
            report = auditing.look(session, noted_head=found.content.head)
    finally:
        database.close()
    if not report.sound or report.head != found.content.head or report.events != found.content.events:
        at = f"event {report.broken.id}" if report.broken else "its words or its end"
        raise BackupError(f"the history in the restored copy is not sound: {at}")


def drill(settings: Settings, name: str | None) -> Drill:
    """Restore a backup to a place that is thrown away, and prove it."""
    began_s = time.monotonic()
    found = get(settings, name)
    _check_kind(settings.url, found)
    with tempfile.TemporaryDirectory(prefix="benchwright-drill-") as text:
        folder = Path(text)
        with dumping.scratch(settings.url, f"benchwright_drill_{secrets.token_hex(4)}", folder) as url:
            address = None if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=False)
            target = Settings(data_dir=folder, database_url=address)
            restore(target, settings, found.name)
    return Drill(found.name, found.content, time.monotonic() - began_s)


def note(database: Database, actor: Actor, kind: str, found: Manifest) -> None:
    """Append to the history that there is a backup, or that one was proven: with its head, for auditors."""
    with database.write() as session:
        facts = {"events": found.content.events, "head": found.content.head, "bytes": found.size}
        events.append(session, actor, kind, ("backup", found.name), facts)


def _check_kind(url: URL, found: Manifest) -> None:
    if url.get_backend_name() != found.database:
        raise BackupError(f"backup {found.name} is of {found.database}; set database_url to such a database")


def _remove_stale(root: Path) -> None:
    for path in root.glob(f"{_UNFINISHED}*"):
        if time.time() - path.stat().st_mtime > STALE_AFTER_S:
            shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A throw-away PostgreSQL server on a unix socket: nothing of it survives, so it never waits for a disk."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

START_S = 30
MEMORY = Path("/dev/shm")
ROOM = 2**30
QUICK = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "300",
    "max_wal_senders": "0",
    "max_wal_size": "64MB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}


def binaries() -> Path | None:
    """Return the folder of the newest server programs; Debian keeps them out of PATH."""
    found = [Path(path) for path in (shutil.which("postgres"),) if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    return found[-1].parent if found else None


def _version(path: Path) -> int:
    number = re.search(r"/(\d+)/bin/", str(path))
    return int(number[1]) if number else 0


class Postgresql:
    """One server with databases for anybody. PostgreSQL refuses to run as root, so root lends it another user."""

    def __init__(self, **configuration: str) -> None:
        found = binaries()
        if found is None:
            raise FileNotFoundError("PostgreSQL is not installed (apt install postgresql)")
        self._binaries = found
        self._configuration = QUICK | configuration
        self._as: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Postgresql":
        self._folder = Path(tempfile.mkdtemp(prefix="benchwright-pg-", dir=_memory()))
        if os.geteuid() == 0:
            user = _unprivileged()
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data = self._folder / "data"
        initdb = [
            self._binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        self._run([*initdb, "--no-sync", "--no-instructions"])
        command = [self._binaries / "postgres", "-D", data, "-k", self._folder]
        for name, value in self._configuration.items():
            command += ["-c", f"{name}={value}"]
        if shutil.which("setpriv"):  # a test run that is killed takes its server along
            command = ["setpriv", "--pdeathsig", "INT", "--", *command]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **self._as)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                log_end = (self._folder / "log").read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start: {log_end}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Interrupt it, which ends every connection, and remove its files."""
        if self._process is not None:
            self._process.send_signal(2)
            self._process.wait(START_S)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> URL:
        """Return the address of a database as the hub's settings take it."""
        query = {"host": str(self._folder)}
        return URL.create("postgresql+psycopg", username="postgres", database=database, query=query)

    def create(self, database: str, template: str = "template0") -> URL:
        """Make a database like ``template``, to which nobody may be connected: a copy of its files."""
        self._sql(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database and whoever is connected to it."""
        self._sql(f'DROP DATABASE "{database}" WITH (FORCE)')

    def _sql(self, statement: str) -> None:
        with psycopg.connect(host=str(self._folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def _answers(self) -> bool:
        try:
            self._sql("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, command: list[Any]) -> None:
        done = subprocess.run(command, capture_output=True, cwd=self._folder, timeout=START_S, check=False, **self._as)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')[-2000:]}")


def _memory() -> Path | None:
    """Return a folder in memory: a database of its own for each test is 300 files, too many for a slow disk."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


def _unprivileged() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")

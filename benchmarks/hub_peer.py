"""The peer of the hub's API: the same two requests in hand-written SQL, behind the same HTTP server, and nothing else.

No framework, no validation, no permissions: bytes in, SQL, bytes out. And a database with many tickets, filled by SQL.
"""

import hashlib
import json
import secrets
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hub.dispatch import documents
from hub.repairs import taxonomy

COLUMNS = (
    *("id", "version", "kind", "state", "priority", "model", "serial", "symptom", "store", "channel", "urgency"),
    *("fault", "customer_id", "contact_name", "contact_phone", "plan", "bench", "reviewed", "test_waived"),
    *("priority_pinned", "priority_reasons", "created_at", "updated_at", "closed_at"),
)
OPEN_OF_A_HUNDRED = 2
_EVENT = (
    "INSERT INTO event (recorded_at, occurred_at, actor_kind, actor_id, actor_name, record_type, record_id, kind,"
    " payload, previous_hash, hash) VALUES (?, ?, 'key', 'k', 'n', ?, ?, ?, ?, ?, ?)"
)
_DISPATCH = (
    "INSERT INTO dispatch_entry (ticket_id, status, skill, skill_group, level, automatic, policy_version, rule, told,"
    " tried_at) VALUES (?, 'waiting', 'board_repair', 'board', 1, 1, 0, 4, ?, ?)"
)
_TWINS = (
    "SELECT * FROM ticket WHERE ((serial = ? AND model = ?) OR customer_id = ?) AND id <> ? AND closed_at IS NULL"
    " ORDER BY id DESC LIMIT 10"
)


def model(number: int) -> str:
    """Return one of a hundred models."""
    return f"M-{number % 100:02d}"


def fault(number: int) -> str:
    """Return one of a thousand faults: so many that none of a model is a batch problem."""
    return f"fault_{number // 100 % 1000:03d}"


@cache
def _known() -> list[str]:
    complex_ones = {code for rule in documents.delivered().rules if rule.complex for code in rule.faults or ()}
    return [one.code for group in taxonomy.delivered().groups for one in group.faults if one.code not in complex_ones]


def told_fault(number: int) -> str:
    """Return a fault that an intake can tell, and that sends nobody to a review; those of ``fill`` are others."""
    return _known()[number // 100 % len(_known())]


def fill(path: Path, count: int) -> None:
    """Add ``count`` tickets of a year, their customers, devices and one event each, without asking the hub."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    begin = datetime.now(UTC) - timedelta(days=365)
    step = timedelta(days=365) / count
    texts = [(begin + n * step).replace(tzinfo=None).isoformat(" ", "microseconds") for n in range(count)]
    numbers = range(1, count + 1)
    with connection:
        connection.executemany(
            "INSERT INTO bench (name, registered_at, online, version, instruments, desired_revision)"
            " VALUES (?, ?, 0, '', '[]', 0)",
            [(f"bench-{n:02d}", texts[0]) for n in range(40)],
        )
        connection.executemany(
            "INSERT INTO customer (id, version, name, spent_minor, purchases, created_at, updated_at)"
            " VALUES (?, 1, '李雷', 0, 0, ?, ?)",
            ((n, texts[n - 1], texts[n - 1]) for n in numbers),
        )
        connection.executemany(
            "INSERT INTO contact_point (customer_id, kind, value, key) VALUES (?, 'phone', ?, ?)",
            ((n, f"100{n:08d}", f"100{n:08d}") for n in numbers),
        )
        connection.executemany(
            "INSERT INTO device (model, serial, customer_id, created_at) VALUES (?, ?, ?, ?)",
            ((model(n), f"SN{n:08d}", n, texts[n - 1]) for n in numbers),
        )
        marks = ", ".join("?" * len(COLUMNS))
        connection.executemany(
            f"INSERT INTO ticket ({', '.join(COLUMNS)}) VALUES ({marks})",
            (_ticket(n, texts[n - 1], count) for n in numbers),
        )
        connection.executemany(
            _EVENT,
            ((texts[n - 1], texts[n - 1], "ticket", f"T-{n:06d}", "ticket.created", "{}", "", "") for n in numbers),
        )
        connection.execute("ANALYZE")
    connection.close()


def _ticket(number: int, at: str, count: int) -> tuple[Any, ...]:
    is_open = number > count - 20 or number % 100 < OPEN_OF_A_HUNDRED
    return (
        *(number, 5, "repair", "assigned" if is_open else "closed", 5, model(number), f"SN{number:08d}"),
        *("按下电源键没有反应", f"store-{number % 20:02d}", "phone", "normal", fault(number), number, "李雷"),
        *(
            f"100{number:08d}",
            "sp100-repair",
            f"bench-{number % 40:02d}",
            0,
            0,
            0,
            "[]",
            at,
            at,
            None if is_open else at,
        ),
    )


class Raw:
    """One connection as the hub has it, and the two requests as plain SQL."""

    def __init__(self, path: Path, token: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.row_factory = sqlite3.Row
        self._token = token

    def _caller(self) -> None:
        _, key, secret = self._token.split("_", 2)
        row = self._one("SELECT * FROM api_key WHERE id = ?", key)
        assert row is not None and secrets.compare_digest(
            row["secret_sha256"], hashlib.sha256(secret.encode()).hexdigest()
        )

    def _one(self, sql: str, *values: Any) -> Any:
        return self._connection.execute(sql, values).fetchone()

    def list(self, limit: int = 50) -> bytes:
        """Return the newest tickets as the API shows them."""
        self._caller()
        self._connection.execute("BEGIN")
        rows = self._connection.execute("SELECT * FROM ticket ORDER BY id DESC LIMIT ?", (limit + 1,)).fetchall()
        self._connection.execute("COMMIT")
        items = [self._shown(row) for row in rows[:limit]]
        return json.dumps({"items": items, "next": None}, ensure_ascii=False).encode()

    def create(self, body: bytes) -> bytes:
        """Take in a ticket: the same look-ups, the same rows, the same chained event, on disk."""
        self._caller()
        wanted = json.loads(body)
        at = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        contact, device = wanted["contact"], wanted["device"]
        run, one = self._connection.execute, self._one
        run("BEGIN IMMEDIATE")
        for family in ("intake", "dispatch"):
            run("SELECT * FROM policy_version WHERE family = ? AND name = 'standard'", (family,)).fetchall()
        key = contact["phone"]
        owner = one("SELECT c.* FROM customer c JOIN contact_point p ON p.customer_id = c.id WHERE p.key = ?", key)
        if owner is None:
            added = run(
                "INSERT INTO customer (version, name, spent_minor, purchases, created_at, updated_at)"
                " VALUES (1, ?, 0, 0, ?, ?)",
                (contact["name"], at, at),
            )
            customer = added.lastrowid
            self._event("customer", f"C-{customer:06d}", "customer.created", {}, at)
            run(
                "INSERT INTO contact_point (customer_id, kind, value, key) VALUES (?, 'phone', ?, ?)",
                (customer, key, key),
            )
        else:
            customer = owner["id"]
        if one("SELECT * FROM device WHERE serial = ? AND model = ?", device["serial"], device["model"]) is None:
            run(
                "INSERT INTO device (model, serial, customer_id, created_at) VALUES (?, ?, ?, ?)",
                (device["model"], device["serial"], customer, at),
            )
        since = (datetime.now(UTC) - timedelta(days=14)).replace(tzinfo=None).isoformat(" ", "microseconds")
        one(
            "SELECT count(*) FROM ticket WHERE model = ? AND fault = ? AND created_at >= ? AND state <> 'draft'",
            *(device["model"], wanted["fault"], since),
        )
        values = (
            *(1, "repair", "new", 5, device["model"], device["serial"], wanted["symptom"], None, "phone", "normal"),
            *(wanted["fault"], customer, contact["name"], key, None, None, 0, 0, 0, '["urgency:normal"]', at, at, None),
        )
        marks = ", ".join("?" * len(values))
        number = run(f"INSERT INTO ticket ({', '.join(COLUMNS[1:])}) VALUES ({marks})", values).lastrowid
        facts = {"kind": "repair", "model": device["model"], "serial": device["serial"], "priority": 5, "to": "new"}
        self._event("ticket", f"T-{number:06d}", "ticket.created", facts, at)
        run("SELECT * FROM workplace ORDER BY bench").fetchall()
        run(_DISPATCH, (number, json.dumps({"because": {"en": "nobody", "zh-CN": "无人"}, "others": []}), at))
        twins = run(_TWINS, (device["serial"], device["model"], customer, number)).fetchall()
        shown = self._shown(one("SELECT * FROM ticket WHERE id = ?", number))
        run("COMMIT")
        return json.dumps(shown | {"possible_duplicates": [row["id"] for row in twins]}, ensure_ascii=False).encode()

    def _event(self, record: str, number: str, kind: str, payload: dict[str, Any], at: str) -> None:
        head = self._one("SELECT hash FROM event ORDER BY id DESC LIMIT 1")
        content = [head["hash"] if head else "0" * 64, at, at, "key", "k", "n", record, number, kind, payload]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._connection.execute(
            _EVENT,
            (at, at, record, number, kind, json.dumps(payload), content[0], digest),
        )

    def _shown(self, row: sqlite3.Row) -> dict[str, Any]:
        return {
            "id": f"T-{row['id']:06d}",
            "device": {"model": row["model"], "serial": row["serial"]},
            "contact": {"name": row["contact_name"], "phone": row["contact_phone"], "email": row["contact_email"]},
            "customer": f"C-{row['customer_id']:06d}",
            "priority_reasons": json.loads(row["priority_reasons"]),
            **{name: row[name] for name in _PLAIN},
            **{name: _time(row[name]) for name in ("created_at", "updated_at", "closed_at")},
        }


class Peer:
    """The ASGI application."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        content = b""
        while scope["method"] == "POST":
            message = await receive()
            content += message["body"]
            if not message.get("more_body"):
                break
        if scope["path"] == "/healthz":
            answer, status = b"{}", 200
        elif scope["method"] == "POST":
            answer, status = self._raw.create(content), 201
        else:
            answer, status = self._raw.list(), 200
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def main() -> None:
    """Serve: the database's path, a token, a port."""
    import uvicorn

    path, token, port = sys.argv[1:]
    peer = Peer(Raw(Path(path), token))
    uvicorn.run(peer, port=int(port), log_config=None, access_log=False, lifespan="off")


_PLAIN = (
    *("kind", "state", "priority", "channel", "store", "urgency", "fault", "symptom", "plan", "bench", "owner"),
    *("approval", "root_cause", "version"),
)


def _time(text: str | None) -> str | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    main()

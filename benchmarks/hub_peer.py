"""The peer of the hub's API: the same two requests in hand-written SQL, behind the same HTTP server, and nothing else.

No framework, no validation, no permissions: bytes in, SQL, bytes out. And a database with many tickets, filled by SQL.
"""

import hashlib
import json
import secrets
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hub.core import masking
from hub.core.database import SQLITE_PRAGMAS
from hub.dispatch import documents
from hub.repairs import taxonomy

COLUMNS = (
    *(
        "id",
        "version",
        "kind",
        "state",
        "priority",
        "model",
        "model_key",
        "serial",
        "symptom",
        "store",
        "channel",
        "urgency",
    ),
    *("fault", "customer_id", "contact_name", "contact_phone", "plan", "bench", "reviewed", "test_waived"),
    *("priority_pinned", "priority_reasons", "created_at", "updated_at", "closed_at"),
)
OPEN_OF_A_HUNDRED = 2
NOBODY = json.dumps(
    {
        "because": {"en": "no bench belongs to the group board", "zh-CN": "没有属于 board 组的工位"},
        "others": [],
    }
)
"""What the dispatch says where there is no workplace."""


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


_CUSTOMER = ("version", "name", "spent_minor", "purchases", "created_at", "updated_at")
_POINT = ("customer_id", "kind", "value", "key")
_ADD_TICKET = _insert("ticket", COLUMNS[1:])
_EVENT = _insert(
    "event",
    (
        *("recorded_at", "occurred_at", "actor_kind", "actor_id", "actor_name", "record_type", "record_id", "kind"),
        *("payload", "previous_hash", "hash"),
    ),
)
_OWNER = (
    "SELECT p.kind, p.key, c.* FROM contact_point p JOIN customer c ON c.id = p.customer_id"
    " WHERE (p.kind = 'phone' AND p.key = ?) OR (p.kind = 'email' AND p.key = ?)"
)
_DEVICE = (
    _insert("device", ("version", "model", "serial", "customer_id", "created_at"))
    + " ON CONFLICT (serial, model) DO UPDATE SET customer_id = excluded.customer_id, version = device.version + 1"
    " WHERE device.customer_id IS NOT excluded.customer_id"
)
_ALIKE = (
    "SELECT count(DISTINCT CASE WHEN serial <> '' THEN serial ELSE '#' || id END) FROM ticket WHERE model_key = ?"
    " AND fault = ? AND created_at >= ? AND state NOT IN ('draft', 'cancelled') AND id <> 0"
    " AND (serial = '' OR serial <> ?)"
)
_WARRANTIES = "SELECT * FROM repair_warranty WHERE serial = ? AND model = ? AND ends_at > ? ORDER BY ticket_id DESC"
_DISPATCH = (
    "INSERT INTO dispatch_entry (ticket_id, status, skill, skill_group, level, automatic, policy_version, rule, told,"
    " tried_at) VALUES (?, 'waiting', 'board_repair', 'board', 1, 1, 0, 4, ?, ?)"
)
_TWINS = (
    "SELECT * FROM ticket WHERE ((serial = ? AND model_key = ?) OR customer_id = ?) AND id <> ? AND closed_at IS NULL"
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
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"):  # nothing is there to be lost
        connection.execute(f"PRAGMA {pragma}")
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
            (
                (texts[n - 1], texts[n - 1], "key", "k", "n", "ticket", f"T-{n:06d}", "ticket.created", "{}", "", "")
                for n in numbers
            ),
        )
        connection.execute("ANALYZE")
    connection.close()


def _ticket(number: int, at: str, count: int) -> tuple[Any, ...]:
    is_open = number > count - 20 or number % 100 < OPEN_OF_A_HUNDRED
    return (
        *(
            number,
            5,
            "repair",
            "assigned" if is_open else "closed",
            5,
            model(number),
            model(number).lower(),
            f"SN{number:08d}",
        ),
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
    """One connection as the hub has it, and the two requests as plain SQL.

    A list reads the key and the rows. An intake reads the key, then in one transaction what the hub reads (whether
    policies changed, how the device was written before, the owner of the contact, tickets alike, warranties, the
    chain's end, workplaces, open tickets of the same device or customer) and writes what the hub writes: customer,
    contact point, device, ticket, the two chained events (which are audit and outbox at once) and how the dispatch
    stands. Deadlines are computed from these when somebody asks, so nobody writes them. What a policy says is Python
    and not SQL: the peer is told it.
    ``tests/hub/test_peer.py`` holds that both write the same rows and show the same.
    """

    def __init__(self, path: Path, token: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in SQLITE_PRAGMAS:
            self.connection.execute(pragma)
        self.connection.row_factory = sqlite3.Row
        self._token = token

    def _caller(self) -> sqlite3.Row:
        _, key, secret = self._token.split("_", 2)
        row: sqlite3.Row | None = self._one("SELECT * FROM api_key WHERE id = ?", key)
        assert row is not None and row["revoked_at"] is None
        assert secrets.compare_digest(row["secret_sha256"], hashlib.sha256(secret.encode()).hexdigest())
        return row

    def _one(self, sql: str, *values: Any) -> Any:
        return self.connection.execute(sql, values).fetchone()

    def newest(self, limit: int = 50) -> bytes:
        """Return the newest tickets as the API shows them."""
        self._caller()
        self.connection.execute("BEGIN")
        rows = self.connection.execute("SELECT * FROM ticket ORDER BY id DESC LIMIT ?", (limit + 1,)).fetchall()
        self.connection.execute("COMMIT")
        following = f"{rows[limit - 1]['id']}" if len(rows) > limit else None
        items = [_shown(row) for row in rows[:limit]]
        return json.dumps({"items": items, "next": following}, ensure_ascii=False).encode()

    def create(self, body: bytes) -> bytes:
        """Take in a ticket: the same look-ups, the same rows, the same chained events, on disk."""
        caller = self._caller()
        wanted = json.loads(body)
        moment = datetime.now(UTC)
        at, contact, device = _text(moment), wanted["contact"], wanted["device"]
        run, one, key = self.connection.execute, self._one, contact["phone"]
        run("BEGIN IMMEDIATE")
        one("SELECT max(id) FROM policy_version")
        run("SELECT model FROM device WHERE serial = ? ORDER BY id", (device["serial"],)).fetchall()
        owner = one(_OWNER, key, contact.get("email"))
        told: list[tuple[str, str, str, dict[str, Any]]] = []
        if owner is None:
            customer = run(_insert("customer", _CUSTOMER), (1, contact["name"], 0, 0, at, at)).lastrowid
            told.append(("customer", f"C-{customer:06d}", "customer.created", {}))
            run(_insert("contact_point", _POINT), (customer, "phone", key, key))
        else:
            customer = owner["id"]
        run(_DEVICE, (1, device["model"], device["serial"], customer, at))
        one(_ALIKE, device["model"].lower(), wanted["fault"], _text(moment - timedelta(days=14)), device["serial"])
        values = {
            **_NEW,
            **{name: wanted[name] for name in ("kind", "symptom", "channel", "urgency", "fault")},
            "model": device["model"],
            "model_key": device["model"].lower(),
            "serial": device["serial"],
            "customer_id": customer,
            "contact_name": contact["name"],
            "contact_phone": key,
            "created_at": at,
            "updated_at": at,
        }
        number = run(_ADD_TICKET, [values.get(name) for name in COLUMNS[1:]]).lastrowid
        run(_WARRANTIES, (device["serial"], device["model"], at)).fetchall()
        facts = {
            **{name: values[name] for name in ("kind", "model", "serial", "priority", "channel")},
            "priority_reasons": ["urgency:normal"],
            "customer": f"C-{customer:06d}",
            "to": "new",
        }
        told.append(("ticket", f"T-{number:06d}", "ticket.created", facts))
        self._events(caller, told, moment)
        run("SELECT * FROM workplace ORDER BY bench").fetchall()
        run(_DISPATCH, (number, NOBODY, at))
        twins = run(_TWINS, (device["serial"], device["model"].lower(), customer, number)).fetchall()
        run("COMMIT")
        shown = _shown({**values, "id": number})
        return json.dumps(shown | {"possible_duplicates": [row["id"] for row in twins]}, ensure_ascii=False).encode()

    def _events(self, caller: sqlite3.Row, told: list[tuple[str, str, str, dict[str, Any]]], at: datetime) -> None:
        """Append events, chained as ``hub.events.service`` chains them."""
        head = self._one("SELECT hash FROM event ORDER BY id DESC LIMIT 1")
        before, moment, rows = (head["hash"] if head else "0" * 64), at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), []
        for record, number, kind, payload in told:
            content = [before, moment, moment, "key", caller["id"], caller["name"], record, number, kind, payload]
            text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            digest = hashlib.sha256(text.encode()).hexdigest()
            stored = (_text(at), _text(at), "key", caller["id"], caller["name"], record, number, kind)
            rows.append((*stored, json.dumps(payload), before, digest))
            before = digest
        self.connection.executemany(_EVENT, rows)


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
            answer, status = self._raw.newest(), 200
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def main() -> None:
    """Serve: the database's path, a token, a port."""
    import uvicorn

    path, token, port = sys.argv[1:]
    peer = Peer(Raw(Path(path), token))
    uvicorn.run(peer, port=int(port), log_config=None, access_log=False, lifespan="off")


_EMPTY = ("store", "plan", "bench", "owner", "approval", "root_cause", "merged_into", "contact_email", "closed_at")
_NEW = {
    **dict.fromkeys(_EMPTY),
    "version": 1,
    "state": "new",
    "priority": 5,
    "priority_reasons": '["urgency:normal"]',
    "reviewed": 0,
    "test_waived": 0,
    "priority_pinned": 0,
}
_PLAIN = (
    *("kind", "state", "priority", "channel", "store", "urgency", "fault", "symptom", "plan", "bench", "owner"),
    *("approval", "root_cause", "merged_into", "version"),
)


def _shown(row: Any) -> dict[str, Any]:
    """Return a ticket as the API shows it, from the columns of its row."""
    return {
        "id": f"T-{row['id']:06d}",
        "device": {"model": row["model"], "serial": row["serial"]},
        "contact": {
            "name": masking.name(row["contact_name"]),
            "phone": masking.phone(row["contact_phone"]) or None,
            "email": masking.email(row["contact_email"]) or None,
        },
        "customer": f"C-{row['customer_id']:06d}",
        "priority_reasons": json.loads(row["priority_reasons"]),
        **{name: row[name] for name in _PLAIN},
        **{name: _time(row[name]) for name in ("created_at", "updated_at", "closed_at")},
    }


def _text(moment: datetime) -> str:
    """Return a moment as SQLite keeps it."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _time(text: str | None) -> str | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    main()

import hashlib
import os
import random
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from waiting import wait_until

from edge_agent.captures import BenchCaptures, CaptureCounts, CaptureStoreError
from edge_agent.clock import BenchClock
from edge_agent.uplink.settings import UplinkSettings
from edge_agent.uplink.upload import CHUNK_BYTES, CaptureUploader

TOKEN = "token-of-bench-01"


@dataclass(frozen=True)
class File:
    content: bytes

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()


BIG = File(random.Random(5).randbytes(3 * CHUNK_BYTES + 12_345))
SMALL = File(b"one small capture")


class CapturePeer(ThreadingHTTPServer):
    """The hub's half of the upload contract; ``before`` may spoil a request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.parts: dict[str, bytearray] = {}
        self.complete: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.before = lambda _handler, _number: False
        self.date = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        return self.server.date or super().date_time_string(timestamp)

    def reply(self, status, offset=None, body=b""):
        self.send_response(status)
        if offset is not None:
            self.send_header("Upload-Offset", str(offset))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer(self):
        body = b""
        server = self.server
        server.requests.append((self.command, self.headers.get("Content-Range", "")))
        if server.before(self, len(server.requests)):
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sha256 = re.fullmatch(r"/base/api/v1/captures/([0-9a-f]{64})", self.path)[1]
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.reply(401)
        elif sha256 in server.complete:
            self.reply(200, len(server.complete[sha256]))
        elif self.command == "HEAD":
            self.reply(*((202, len(server.parts[sha256])) if sha256 in server.parts else (404,)))
        else:
            self.take(sha256, body)

    do_HEAD = do_PUT = answer  # noqa: N815 - the base class looks for these names

    def take(self, sha256, body):
        first, last, total = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", self.headers["Content-Range"]).groups())
        assert last - first + 1 == len(body) <= CHUNK_BYTES
        part = self.server.parts.setdefault(sha256, bytearray())
        if first != len(part):
            self.reply(409, len(part))
            return
        part += body
        if len(part) < total:
            self.reply(202, len(part))
        elif hashlib.sha256(part).hexdigest() == sha256:
            self.server.complete[sha256] = bytes(self.server.parts.pop(sha256))
            self.reply(200, total)
        else:
            del self.server.parts[sha256]
            self.reply(422, None, b"wrong hash")

    def log_message(self, *_):
        pass


@pytest.fixture
def peer():
    with CapturePeer() as peer:
        thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield peer
        peer.shutdown()
        thread.join()


@pytest.fixture
def captures(tmp_path):
    return BenchCaptures(tmp_path / "captures")


@contextmanager
def uploading(peer, captures, tmp_path, clock=None, token=TOKEN):
    (tmp_path / "token").write_text(token + "\n")
    settings = UplinkSettings("127.0.0.1", 1, http_url=f"{peer.url}/base/", token_file=tmp_path / "token")
    uploader = CaptureUploader(settings, captures, clock or BenchClock(), pause_s=(0.02, 0.1))
    uploader.start()
    try:
        yield uploader
    finally:
        uploader.stop()


def test_a_file_is_stored_once_and_survives_a_restart(tmp_path, captures):
    captures.save(SMALL)
    captures.save(SMALL)
    (tmp_path / "captures" / "partial" / "half").write_bytes(b"cut by a crash")
    again = BenchCaptures(tmp_path / "captures")
    assert again.waiting() == (SMALL.sha256,)
    assert again.path(SMALL.sha256).read_bytes() == SMALL.content
    assert again.counts() == CaptureCounts(1, len(SMALL.content), 0, 0)
    assert list((tmp_path / "captures" / "partial").iterdir()) == []


def test_what_cannot_be_kept_is_told(tmp_path, captures):
    with pytest.raises(CaptureStoreError, match="empty capture"):
        captures.save(File(b""))
    small = BenchCaptures(tmp_path / "small", max_waiting_bytes=100)
    small.save(File(b"x" * 90))
    with pytest.raises(CaptureStoreError, match="its maximum of 100 bytes"):
        small.save(File(b"y" * 90))
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptureStoreError, match="cannot be used"):
        BenchCaptures(tmp_path / "file")


def test_captures_arrive_whole_and_stay_here_for_a_while(tmp_path, captures, peer):
    captures.save(BIG)
    with uploading(peer, captures, tmp_path) as uploader:
        wait_until(lambda: captures.counts().uploaded == 1, "the first is uploaded")
        captures.save(SMALL)
        wait_until(lambda: captures.counts().uploaded == 2, "a new file wakes the uploader")
        assert uploader.fault is None
    assert peer.complete == {file.sha256: file.content for file in (BIG, SMALL)}
    assert captures.path(BIG.sha256).read_bytes() == BIG.content, "removed by local retention only"


def test_an_upload_goes_on_where_it_broke_off(tmp_path, captures, peer):
    def cut(handler, number):
        if handler.command == "PUT" and number in {3, 5}:
            handler.rfile.read(1000)
            handler.close_connection = True
            return True
        return False

    peer.before = cut
    captures.save(BIG)
    with uploading(peer, captures, tmp_path):
        wait_until(lambda: captures.counts().uploaded == 1, "uploaded in spite of the breaks")
    assert peer.complete[BIG.sha256] == BIG.content
    assert [range_ for command, range_ in peer.requests if command == "PUT"].count(
        f"bytes 0-1048575/{len(BIG.content)}"
    ) == 1


def test_a_wrong_offset_is_corrected_by_the_hub(tmp_path, captures, peer):
    peer.parts[BIG.sha256] = bytearray(BIG.content[:777_777])

    def lie_once(handler, number):
        if number == 1:
            handler.reply(202, 5)
        return number == 1

    peer.before = lie_once
    captures.save(BIG)
    with uploading(peer, captures, tmp_path):
        wait_until(lambda: captures.counts().uploaded == 1, "uploaded")
    assert peer.complete[BIG.sha256] == BIG.content


def test_nothing_counts_as_uploaded_before_the_hub_confirms_the_whole(tmp_path, captures, peer):
    peer.before = lambda handler, _number: (
        handler.command == "PUT"
        and (handler.rfile.read(int(handler.headers["Content-Length"])), handler.reply(200, 17))
    )
    captures.save(SMALL)
    with uploading(peer, captures, tmp_path) as uploader:
        wait_until(lambda: uploader.fault and "takes no more" in uploader.fault, "the contradiction is told")
    assert captures.waiting() == (SMALL.sha256,)


def test_a_damaged_file_is_kept_apart_with_the_reason(tmp_path, captures, peer):
    captures.save(BIG)
    captures.save(SMALL)
    path = captures.path(BIG.sha256)
    path.write_bytes(BIG.content[:-1] + b"?")
    with uploading(peer, captures, tmp_path):
        wait_until(lambda: captures.counts() == CaptureCounts(0, 0, 1, 1), "the other one is uploaded")
    assert "damaged" in captures.refused()[BIG.sha256]


def test_what_the_hub_refuses_is_kept_with_the_reason(tmp_path, captures, peer):
    def too_large(handler, _number):
        if handler.command == "PUT":
            handler.rfile.read(int(handler.headers["Content-Length"]))
            handler.reply(413, None, b"A capture may have at most 5 bytes.")
        return handler.command == "PUT"

    peer.before = too_large
    captures.save(SMALL)
    with uploading(peer, captures, tmp_path):
        wait_until(lambda: captures.counts().refused == 1, "refused")
    assert "at most 5 bytes" in captures.refused()[SMALL.sha256]
    assert captures.path(SMALL.sha256).read_bytes() == SMALL.content


def test_a_wrong_token_and_a_dead_hub_are_told_without_the_token(tmp_path, captures, peer, caplog):
    captures.save(SMALL)
    with uploading(peer, captures, tmp_path, token="s3cret") as uploader:
        wait_until(lambda: uploader.fault and "hub.token_file" in uploader.fault, "the reason")
    peer.server_close()
    with uploading(peer, captures, tmp_path, token="s3cret") as uploader:
        wait_until(lambda: uploader.fault and "cannot be reached" in uploader.fault, "the reason")
    assert "s3cret" not in caplog.text
    assert captures.waiting() == (SMALL.sha256,)


def test_retention_deletes_only_what_the_hub_has_oldest_first(tmp_path):
    captures = BenchCaptures(tmp_path / "c", keep_s=100, keep_bytes=250)
    files = [File(bytes([n]) * 100) for n in range(5)]
    for file in files:
        captures.save(file)
    now = time.time()
    for age, file in zip((500, 30, 20, 10), files, strict=False):
        captures.mark_uploaded(file.sha256)
        os.utime(captures.path(file.sha256), (now - age, now - age))
    assert captures.prune(now) == 2
    assert [captures.path(file.sha256) is not None for file in files] == [False, False, True, True, True]
    assert captures.waiting() == (files[4].sha256,)


def test_the_hubs_date_tells_how_far_this_clock_is_off(tmp_path, captures, peer):
    clock = BenchClock()
    assert clock.offset_s() is None
    peer.date = format_datetime(datetime.now(UTC) - timedelta(hours=2), usegmt=True)
    with uploading(peer, captures, tmp_path, clock):
        wait_until(lambda: clock.offset_s() is not None, "a date")
    assert clock.offset_s() == pytest.approx(7200, abs=5)
    clock.heard("no date", 0, 0)
    assert clock.offset_s() == pytest.approx(7200, abs=5)

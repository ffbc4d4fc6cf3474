"""Capture files: uploaded in chunks, resumed after a break, published only when whole and right."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hub_running import MakeKey, RunningHub

from hub.captures.blobs import MAX_PARTIAL_FILES, FolderBlobStore, TooManyUploads, WrongHash, WrongOffset
from hub.core.settings import Settings

pytestmark = pytest.mark.any_database

CONTENT = bytes(range(256)) * 12_000  # three megabytes
SHA = hashlib.sha256(CONTENT).hexdigest()
MIB = 1 << 20


@pytest.fixture
def bench(hub: RunningHub, make_key: MakeKey) -> Iterator[httpx.Client]:
    with hub.client(make_key("bench", bench="bench-01")) as client:
        yield client


def put(client: httpx.Client, first: int, chunk: bytes, total: int = len(CONTENT), sha: str = SHA) -> httpx.Response:
    headers = {"Content-Range": f"bytes {first}-{first + len(chunk) - 1}/{total}"}
    return client.put(f"/api/v1/captures/{sha}", content=chunk, headers=headers)


def upload(client: httpx.Client, content: bytes = CONTENT) -> None:
    sha = hashlib.sha256(content).hexdigest()
    for first in range(0, len(content), MIB):
        put(client, first, content[first : first + MIB], len(content), sha).raise_for_status()


def test_a_file_goes_up_in_chunks_and_comes_down_whole(bench: httpx.Client, staff: httpx.Client) -> None:
    assert bench.head(f"/api/v1/captures/{SHA}").status_code == 404
    first = put(bench, 0, CONTENT[:MIB])
    assert (first.status_code, first.headers["upload-offset"]) == (202, str(MIB))
    asked = bench.head(f"/api/v1/captures/{SHA}")
    assert (asked.status_code, asked.headers["upload-offset"]) == (202, str(MIB))
    assert staff.get(f"/api/v1/captures/{SHA}").status_code == 404
    assert put(bench, MIB, CONTENT[MIB : 2 * MIB]).status_code == 202
    last = put(bench, 2 * MIB, CONTENT[2 * MIB :])
    assert (last.status_code, last.headers["upload-offset"]) == (200, str(len(CONTENT)))
    done = bench.head(f"/api/v1/captures/{SHA}")
    assert (done.status_code, done.headers["upload-offset"]) == (200, str(len(CONTENT)))
    assert put(bench, 0, CONTENT[:MIB]).status_code == 200, "what is there need not be sent again"
    assert staff.get(f"/api/v1/captures/{SHA}").content == CONTENT


def test_a_file_of_another_stores_run_is_not_there(
    hub: RunningHub, admin: httpx.Client, make_key: MakeKey, bench: httpx.Client
) -> None:
    """S5: whoever works for some stores gets files of runs that they see, not every file whose hash they know."""
    upload(bench)
    admin.post("/api/v1/stores", json={"code": "south", "name": "s"}).raise_for_status()
    with hub.client(make_key("technician", stores=["south"])) as south:
        assert south.get(f"/api/v1/captures/{SHA}").status_code == 404
        assert south.head(f"/api/v1/captures/{SHA}").status_code == 404


def test_a_chunk_at_the_wrong_place_is_told_the_right_one(bench: httpx.Client) -> None:
    put(bench, 0, CONTENT[:1000])
    for first in (0, 500, 2000):
        answer = put(bench, first, CONTENT[first : first + 10])
        assert (answer.status_code, answer.headers["upload-offset"]) == (409, "1000")
    assert put(bench, 1000, CONTENT[1000:2000]).headers["upload-offset"] == "2000"


def test_wrong_bytes_are_thrown_away(bench: httpx.Client, settings: Settings) -> None:
    answer = put(bench, 0, b"not what the hash says", 22)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:benchwright:problem:wrong-hash")
    assert bench.head(f"/api/v1/captures/{SHA}").status_code == 404
    assert [path for path in settings.blob_dir.rglob("*") if path.is_file() and path.name != ".lock"] == []


def test_ranges_that_do_not_fit_are_refused(bench: httpx.Client) -> None:
    cases: list[tuple[str | None, bytes, int]] = [
        (None, b"abc", 422),
        ("bytes 0-9/10", b"abc", 400),
        ("bytes 0-2/2", b"abc", 400),
        ("bytes */3", b"abc", 400),
        ("bytes 2-0/3", b"abc", 400),
        ("items 0-2/3", b"abc", 400),
        ("bytes 0-2/99999999999999999", b"abc", 413),
        (f"bytes 0-{MIB}/{2 * MIB}", b"x" * (MIB + 1), 400),
    ]
    for header, chunk, status in cases:
        headers = {"Content-Range": header} if header else {}
        assert bench.put(f"/api/v1/captures/{SHA}", content=chunk, headers=headers).status_code == status, header
    assert bench.head(f"/api/v1/captures/{SHA}").status_code == 404


def test_only_a_bench_uploads(hub: RunningHub, staff: httpx.Client, admin: httpx.Client) -> None:
    assert put(staff, 0, b"x", 1).status_code == 403
    assert put(admin, 0, b"x", 1).status_code == 403


def test_a_hash_cannot_leave_the_folder(bench: httpx.Client) -> None:
    for name in ("..%2f..%2fhub.db", "A" * 64, "0" * 63):
        assert put(bench, 0, b"x", 1, name).status_code in {404, 422}


def test_one_bench_cannot_spoil_the_upload_of_another(hub: RunningHub, bench: httpx.Client, make_key: MakeKey) -> None:
    put(bench, 0, CONTENT[:MIB])
    with hub.client(make_key("bench", bench="bench-02")) as other:
        assert other.head(f"/api/v1/captures/{SHA}").status_code == 404
        assert put(other, 0, b"poison").status_code == 202
    assert put(bench, MIB, CONTENT[MIB : 2 * MIB]).status_code == 202
    assert put(bench, 2 * MIB, CONTENT[2 * MIB :]).status_code == 200


def test_a_part_of_a_file_can_be_read(bench: httpx.Client, staff: httpx.Client) -> None:
    upload(bench)
    size = len(CONTENT)
    cases: list[tuple[str, int, bytes | None, str | None]] = [
        ("bytes=0-9", 206, CONTENT[:10], f"bytes 0-9/{size}"),
        ("bytes=1000-", 206, CONTENT[1000:], f"bytes 1000-{size - 1}/{size}"),
        ("bytes=-5", 206, CONTENT[-5:], f"bytes {size - 5}-{size - 1}/{size}"),
        (f"bytes=10-{10 * size}", 206, CONTENT[10:], f"bytes 10-{size - 1}/{size}"),
        (f"bytes={size}-", 416, None, f"bytes */{size}"),
        ("bytes=-0", 416, None, f"bytes */{size}"),
        ("bytes=9-3", 416, None, f"bytes */{size}"),
        ("bytes=0-1,5-6", 200, CONTENT, None),
        ("lines=1-2", 200, CONTENT, None),
    ]
    for wanted, status, part, content_range in cases:
        answer = staff.get(f"/api/v1/captures/{SHA}", headers={"Range": wanted})
        assert (answer.status_code, answer.headers.get("content-range")) == (status, content_range), wanted
        assert part is None or answer.content == part, wanted


class TestFolder:
    def test_an_upload_goes_on_after_the_process_died(self, tmp_path: Path) -> None:
        """What is on disk is the state: a store made anew over a torn part goes on from its real end."""
        FolderBlobStore(tmp_path).append(SHA, "bench-01", 0, CONTENT[:MIB], len(CONTENT))
        part = tmp_path / "partial" / "bench-01" / f"{SHA}-{len(CONTENT)}"
        with part.open("ab") as file:
            file.write(CONTENT[MIB : MIB + 777])  # killed in the middle of the second chunk
        again = FolderBlobStore(tmp_path)
        progress = again.progress(SHA, "bench-01")
        assert progress is not None
        assert (progress.offset, progress.complete) == (MIB + 777, False)
        with pytest.raises(WrongOffset) as caught:
            again.append(SHA, "bench-01", MIB, CONTENT[MIB : 2 * MIB], len(CONTENT))
        assert again.append(SHA, "bench-01", caught.value.expected, CONTENT[MIB + 777 :], len(CONTENT)).complete
        assert not part.exists()

    def test_a_crash_before_the_final_name_is_made_good(self, tmp_path: Path) -> None:
        """Every byte was written, the hash not yet checked: whoever asks next finds the file complete, or gone."""
        store = FolderBlobStore(tmp_path)
        folder = tmp_path / "partial" / "bench-01"
        store.append(SHA, "bench-01", 0, CONTENT[:MIB], len(CONTENT))
        part = folder / f"{SHA}-{len(CONTENT)}"
        part.write_bytes(CONTENT)
        progress = store.progress(SHA, "bench-01")
        assert progress is not None
        assert (progress.offset, progress.complete) == (len(CONTENT), True)
        wrong = folder / f"{'e' * 64}-4"
        wrong.write_bytes(b"oops")
        assert store.progress("e" * 64, "bench-01") is None
        assert not wrong.exists()

    def test_another_length_begins_anew(self, tmp_path: Path) -> None:
        store = FolderBlobStore(tmp_path)
        store.append(SHA, "b", 0, CONTENT[:100], 200)
        with pytest.raises(WrongOffset) as caught:
            store.append(SHA, "b", 100, CONTENT[100:200], len(CONTENT))
        assert caught.value.expected == 0
        assert store.append(SHA, "b", 0, CONTENT, len(CONTENT)).complete

    def test_two_writers_of_one_upload_do_not_mix(self, tmp_path: Path) -> None:
        outcomes: list[str] = []

        def send() -> None:
            try:
                progress = FolderBlobStore(tmp_path).append(SHA, "b", 0, CONTENT, len(CONTENT))
                outcomes.append("complete" if progress.complete else "part")
            except WrongOffset:
                outcomes.append("wrong offset")

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == ["complete"] * 4
        opened = FolderBlobStore(tmp_path).open(SHA)
        assert opened is not None
        with opened[0] as file:
            assert file.read() == CONTENT

    def test_unfinished_uploads_are_bounded_and_old_ones_make_room(self, tmp_path: Path) -> None:
        import os

        store = FolderBlobStore(tmp_path)
        for number in range(MAX_PARTIAL_FILES):
            store.append(f"{number:064x}", "b", 0, b"x", 2)
        with pytest.raises(TooManyUploads):
            store.append("f" * 64, "b", 0, b"x", 2)
        assert not store.append(f"{3:064x}", "other", 0, b"x", 2).complete
        os.utime(tmp_path / "partial" / "b" / f"{0:064x}-2", (0, 0))
        assert not store.append("f" * 64, "b", 0, b"x", 2).complete
        with pytest.raises(WrongHash):
            store.append("f" * 64, "b", 1, b"x", 2)

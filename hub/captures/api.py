"""HTTP: upload capture files with resume, and read them.

The owner of an upload is the bench of the key. Owners and hashes are checked by pattern before they become paths.
"""

import re
from collections.abc import Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Body, Header, Path, Request, Response
from fastapi.responses import StreamingResponse

from hub.captures.blobs import BlobStore, TooManyUploads, WrongHash, WrongOffset
from hub.core.database import Database
from hub.core.documented import refusals
from hub.core.problems import Problem, ProblemType
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.measurements import queries as measurements

MAX_CHUNK_BYTES = 1 << 20
router = APIRouter(prefix="/api/v1/captures", tags=["captures"])

CAPTURE_NOT_FOUND = ProblemType(
    "capture-not-found",
    404,
    {"en": "No such capture", "zh-CN": "采集文件不存在"},
    {"en": "The file {sha256} has not been uploaded completely.", "zh-CN": "文件 {sha256} 尚未完整上传。"},
)
WRONG_OFFSET = ProblemType(
    "wrong-offset",
    409,
    {"en": "The chunk begins at the wrong place", "zh-CN": "分块起始位置错误"},
    {
        "en": "The next byte wanted is {offset}; see Upload-Offset.",
        "zh-CN": "应从第 {offset} 字节继续，见 Upload-Offset。",
    },
)
WRONG_HASH = ProblemType(
    "wrong-hash",
    422,
    {"en": "The bytes do not have this hash", "zh-CN": "内容与哈希不符"},
    {
        "en": "The file was thrown away; upload it again from the first byte, under its SHA-256.",
        "zh-CN": "文件已丢弃；请以其 SHA-256 从第一个字节重新上传。",
    },
)
BAD_RANGE = ProblemType(
    "bad-range",
    400,
    {"en": "The range cannot be used", "zh-CN": "范围无效"},
    {
        "en": "Send `Content-Range: bytes first-last/total` that fits a body of 1 byte to 1 MiB.",
        "zh-CN": "请发送与内容（1 字节至 1 MiB）相符的 `Content-Range: bytes first-last/total`。",
    },
)
CAPTURE_TOO_LARGE = ProblemType(
    "capture-too-large",
    413,
    {"en": "The capture is too large", "zh-CN": "采集文件过大"},
    {"en": "A capture may have at most {limit} bytes.", "zh-CN": "采集文件不得超过 {limit} 字节。"},
)
TOO_MANY_UPLOADS = ProblemType(
    "too-many-uploads",
    429,
    {"en": "Too many unfinished uploads", "zh-CN": "未完成的上传过多"},
    {"en": "Finish the uploads that were begun before starting another.", "zh-CN": "请先完成已开始的上传。"},
)
RANGE_NOT_SATISFIABLE = ProblemType(
    "range-not-satisfiable",
    416,
    {"en": "The file does not have this range", "zh-CN": "文件没有该范围"},
    {"en": "The file has {size} bytes.", "zh-CN": "文件共 {size} 字节。"},
)

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the whole file, in hex.")]
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_OFFSET = {"Upload-Offset": {"description": "The next byte wanted.", "schema": {"type": "integer"}}}
_UPLOADED = {
    200: {"description": "The file is complete.", "headers": _OFFSET, "content": {}},
    202: {"description": "A part of the asking bench's upload is there.", "headers": _OFFSET, "content": {}},
}
_DOWNLOADED = {
    200: {"description": "The file.", "content": {"application/octet-stream": {"schema": {"type": "string"}}}},
    206: {"description": "The part that `Range` asked for.", "content": {"application/octet-stream": {}}},
}


def _store(request: Request) -> BlobStore:
    store: BlobStore = request.app.state.blobs
    return store


def _sees(database: Database, caller: Actor, sha256: str) -> bool:
    """Whether the file was taken in a run that the caller may see; benches ask for what they send."""
    if caller.stores is None or caller.bench is not None:
        return True
    with database.read() as session:
        return bool(measurements.captures_by_hash(session, caller, sha256, 1))


@router.put(
    "/{sha256}",
    summary="Upload a chunk of a capture",
    status_code=200,
    response_class=Response,
    responses=refusals(
        UNAUTHENTICATED,
        FORBIDDEN,
        BAD_RANGE,
        WRONG_OFFSET,
        WRONG_HASH,
        CAPTURE_TOO_LARGE,
        TOO_MANY_UPLOADS,
        answers=_UPLOADED,
    ),
)
def upload_chunk(
    request: Request,
    caller: Caller,
    sha256: Sha256,
    chunk: Annotated[bytes, Body(media_type="application/octet-stream", description="1 byte to 1 MiB.")],
    content_range: Annotated[str, Header(max_length=80, examples=["bytes 0-1048575/3000000"])],
) -> Response:
    """Chunks go in order; after a break, `HEAD` tells where to go on. Only a bench may: captures are evidence."""
    caller.require(Permission.CAPTURE_UPLOAD)
    match = _CONTENT_RANGE.fullmatch(content_range)
    first, last, total = (int(number) for number in match.groups()) if match else (0, -1, 0)
    if not 1 <= len(chunk) <= MAX_CHUNK_BYTES or last - first + 1 != len(chunk) or last >= total:
        raise Problem(BAD_RANGE)
    limit = request.app.state.settings.max_capture_bytes
    if total > limit:
        raise Problem(CAPTURE_TOO_LARGE, limit=limit)
    try:
        progress = _store(request).append(sha256, str(caller.bench), first, chunk, total)
    except WrongOffset as error:
        headers = {"Upload-Offset": str(error.expected)}
        raise Problem(WRONG_OFFSET, offset=error.expected, headers=headers) from error
    except WrongHash as error:
        raise Problem(WRONG_HASH) from error
    except TooManyUploads as error:
        raise Problem(TOO_MANY_UPLOADS) from error
    return Response(status_code=200 if progress.complete else 202, headers={"Upload-Offset": str(progress.offset)})


@router.head(
    "/{sha256}",
    summary="Ask how much of a capture is there",
    response_class=Response,
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, CAPTURE_NOT_FOUND, answers=_UPLOADED),
)
def capture_progress(request: Request, database: HubDatabase, caller: Caller, sha256: Sha256) -> Response:
    """200 when complete, 202 with `Upload-Offset` for an unfinished upload of the asking bench, 404 for nothing."""
    if not caller.may(Permission.CAPTURE_UPLOAD):
        caller.require(Permission.CAPTURE_READ)
    progress = _store(request).progress(sha256, caller.bench or "-") if _sees(database, caller, sha256) else None
    if progress is None:
        raise Problem(CAPTURE_NOT_FOUND, sha256=sha256)
    headers = {"Upload-Offset": str(progress.offset)}
    if progress.complete:
        headers |= {"Content-Length": str(progress.offset), "Accept-Ranges": "bytes"}
    return Response(status_code=200 if progress.complete else 202, headers=headers)


@router.get(
    "/{sha256}",
    summary="Download a capture",
    response_class=Response,
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, CAPTURE_NOT_FOUND, RANGE_NOT_SATISFIABLE, answers=_DOWNLOADED),
)
def download_capture(
    request: Request,
    database: HubDatabase,
    caller: Caller,
    sha256: Sha256,
    wanted: Annotated[str | None, Header(alias="Range", max_length=80, examples=["bytes=0-1023"])] = None,
) -> Response:
    """The whole file, or one range of bytes (RFC 9110, 14.2)."""
    allowed = caller.may(Permission.CAPTURE_READ) and _sees(database, caller, sha256)
    opened = _store(request).open(sha256) if allowed else None
    if opened is None:
        caller.require(Permission.CAPTURE_READ)
        raise Problem(CAPTURE_NOT_FOUND, sha256=sha256)
    file, size = opened
    first, last, status = _range(wanted, size)
    if first > last and size > 0:
        file.close()
        headers = {"Content-Range": f"bytes */{size}"}
        raise Problem(RANGE_NOT_SATISFIABLE, size=size, headers=headers)
    headers = {
        "Content-Length": str(last - first + 1),
        "Accept-Ranges": "bytes",
        "ETag": f'"{sha256}"',
        "Content-Disposition": f'attachment; filename="{sha256}"',
        "X-Content-Type-Options": "nosniff",
    }
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return StreamingResponse(
        _blocks(file, first, last - first + 1), status, headers, media_type="application/octet-stream"
    )


def _range(wanted: str | None, size: int) -> tuple[int, int, int]:
    """Return first and last byte and the status; a header that is not one range is ignored, as the RFC says."""
    match = _RANGE.fullmatch(wanted.strip()) if wanted else None
    if match is None or match.groups() == ("", ""):
        return 0, size - 1, 200
    if match[1] == "":
        return max(0, size - int(match[2])) if int(match[2]) else size, size - 1, 206
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    return int(match[1]), last, 206


def _blocks(file: BinaryIO, first: int, count: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        while count > 0:
            block = file.read(min(count, MAX_CHUNK_BYTES))
            if not block:
                return
            count -= len(block)
            yield block

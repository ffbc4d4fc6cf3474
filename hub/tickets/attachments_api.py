"""HTTP: files of tickets."""

import re
from collections.abc import Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Body, Header, Path, Request, Response
from starlette.responses import StreamingResponse

from hub.captures.api import BAD_RANGE, MAX_CHUNK_BYTES, TOO_MANY_UPLOADS, WRONG_HASH, WRONG_OFFSET
from hub.captures.api import Sha256 as FileHash
from hub.captures.blobs import BlobStore, TooManyUploads, WrongHash, WrongOffset
from hub.core.documented import refusals
from hub.core.problems import Problem
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.tickets import attachments, service
from hub.tickets.api import TicketId
from hub.tickets.schemas import AttachmentIn, AttachmentOut

router = APIRouter(prefix="/api/v1/attachments", tags=["attachments"])
ticket_router = APIRouter(prefix="/api/v1/tickets", tags=["attachments"])

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_OFFSET = {"Upload-Offset": {"description": "The next byte wanted.", "schema": {"type": "integer"}}}
_UPLOADED = {
    200: {"description": "The file is complete.", "headers": _OFFSET, "content": {}},
    202: {"description": "A part of the file is there.", "headers": _OFFSET, "content": {}},
}
_FILE = {200: {"description": "The file.", "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.TICKET_NOT_FOUND)
AttachmentId = Annotated[str, Path(max_length=40, examples=["A-000003"])]


@router.put(
    "/{sha256}",
    summary="Upload a chunk of a file",
    response_class=Response,
    responses=refusals(
        UNAUTHENTICATED,
        FORBIDDEN,
        BAD_RANGE,
        WRONG_OFFSET,
        WRONG_HASH,
        attachments.ATTACHMENT_TOO_LARGE,
        TOO_MANY_UPLOADS,
        attachments.TYPE_NOT_TAKEN,
        answers=_UPLOADED,
    ),
)
def upload_attachment(
    request: Request,
    caller: Caller,
    sha256: FileHash,
    chunk: Annotated[bytes, Body(media_type="application/octet-stream", description="1 byte to 1 MiB.")],
    content_range: Annotated[str, Header(max_length=80, examples=["bytes 0-1048575/3000000"])],
) -> Response:
    """Chunks go in order, at most 20 MiB in all; then name the file at a ticket. Pictures and PDF are taken."""
    caller.require(Permission.TICKET_NOTE)
    match = _CONTENT_RANGE.fullmatch(content_range)
    first, last, total = (int(number) for number in match.groups()) if match else (0, -1, 0)
    if not 1 <= len(chunk) <= MAX_CHUNK_BYTES or last - first + 1 != len(chunk) or last >= total:
        raise Problem(BAD_RANGE)
    if total > attachments.MAX_ATTACHMENT_BYTES:
        raise Problem(attachments.ATTACHMENT_TOO_LARGE, limit=attachments.MAX_ATTACHMENT_BYTES // 2**20)
    if first == 0 and attachments.media_type(chunk[: attachments.HEAD_BYTES]) is None:
        raise Problem(attachments.TYPE_NOT_TAKEN)
    store: BlobStore = request.app.state.attachments
    owner = f"{caller.kind}-{re.sub('[^A-Za-z0-9-]', '_', caller.id)}"
    try:
        progress = store.append(sha256, owner, first, chunk, total)
    except WrongOffset as error:
        headers = {"Upload-Offset": str(error.expected)}
        raise Problem(WRONG_OFFSET, offset=error.expected, headers=headers) from error
    except WrongHash as error:
        raise Problem(WRONG_HASH) from error
    except TooManyUploads as error:
        raise Problem(TOO_MANY_UPLOADS) from error
    if progress.complete:
        attachments.require_taken(store, sha256)
    return Response(status_code=200 if progress.complete else 202, headers={"Upload-Offset": str(progress.offset)})


@ticket_router.post(
    "/{ticket}/attachments",
    status_code=201,
    summary="Add a file to a ticket",
    responses=refusals(*_ONE, attachments.FILE_NOT_THERE, attachments.TOO_MANY),
)
def add_attachment(
    request: Request, database: HubDatabase, caller: Caller, ticket: TicketId, wanted: AttachmentIn
) -> AttachmentOut:
    """Name a file that was uploaded. A photo is seen by everybody who sees the ticket, the rest not by benches."""
    with database.write() as session:
        found = service.get(session, caller, ticket, for_update=True)
        caller.require(Permission.TICKET_NOTE)
        (file,) = attachments.checked(request.app.state.attachments, [wanted], "#")
        return AttachmentOut.of(attachments.add(session, caller, found, file))


@ticket_router.get(
    "/{ticket}/attachments/{attachment}",
    summary="Download a file of a ticket",
    response_class=Response,
    responses=refusals(*_ONE, attachments.ATTACHMENT_NOT_FOUND, answers=_FILE),
)
def download_attachment(
    request: Request, database: HubDatabase, caller: Caller, ticket: TicketId, attachment: AttachmentId
) -> Response:
    """The file, never to be shown by a browser in the hub's own name."""
    with database.read() as session:
        row = attachments.get(session, caller, service.get(session, caller, ticket), attachment)
    store: BlobStore = request.app.state.attachments
    opened = store.open(row.sha256)
    if opened is None:
        raise Problem(attachments.ATTACHMENT_NOT_FOUND, attachment=attachment)
    file, size = opened
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{attachment}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "private",
    }
    return StreamingResponse(_blocks(file), headers=headers, media_type=row.media_type)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(MAX_CHUNK_BYTES):
            yield block

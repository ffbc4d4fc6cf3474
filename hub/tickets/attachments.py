"""Files of tickets: photos, proofs of purchase, documents. Known by their first bytes, not by what they are called."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.captures.blobs import BlobStore
from hub.core.clock import now
from hub.core.i18n import Words
from hub.core.ids import public_id, row_number
from hub.core.problems import FieldError, Problem, ProblemType
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.tickets import queries
from hub.tickets.models import Attachment, Ticket
from hub.tickets.schemas import AttachmentIn, Purpose

MAX_ATTACHMENT_BYTES = 20 * 1024 * 1024
MAX_OF_A_TICKET = 50
HEAD_BYTES = 32
FILE_NOT_THERE = ProblemType(
    "file-not-there",
    422,
    {"en": "A file was not uploaded", "zh-CN": "文件尚未上传"},
    {
        "en": "{count:file is|files are} not there; upload each to /api/v1/attachments/{{sha256}} first.",
        "zh-CN": "{count} 个文件尚未上传；请先上传到 /api/v1/attachments/{{sha256}}。",
    },
)
TYPE_NOT_TAKEN = ProblemType(
    "attachment-type",
    415,
    {"en": "Files of this kind are not taken", "zh-CN": "不支持该类文件"},
    {
        "en": "Only JPEG, PNG, WebP and HEIC pictures and PDF are taken; the file's first bytes are none of these.",
        "zh-CN": "仅接受 JPEG、PNG、WebP、HEIC 图片和 PDF；该文件内容不属于这些类型。",
    },
)
ATTACHMENT_TOO_LARGE = ProblemType(
    "attachment-too-large",
    413,
    {"en": "The attachment is too large", "zh-CN": "附件过大"},
    {"en": "An attachment may have at most {limit} MiB.", "zh-CN": "附件不得超过 {limit} MiB。"},
)
TOO_MANY = ProblemType(
    "too-many-attachments",
    409,
    {"en": "The ticket has too many attachments", "zh-CN": "工单附件过多"},
    {"en": "A ticket has at most {limit} attachments.", "zh-CN": "每张工单最多 {limit} 个附件。"},
)
ATTACHMENT_NOT_FOUND = ProblemType(
    "attachment-not-found",
    404,
    {"en": "No such attachment", "zh-CN": "附件不存在"},
    {
        "en": "The ticket has no attachment {attachment} that you may see.",
        "zh-CN": "工单没有您可查看的附件 {attachment}。",
    },
)
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"mif1", b"heim", b"heis"})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is there, and what a ticket calls it."""

    wanted: AttachmentIn
    media_type: str
    size: int


def media_type(head: bytes) -> str | None:
    """Return the type of a file by its first bytes, ``None`` for all that are not taken (HTML and SVG among them)."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "image/heic"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    return None


def require_taken(store: BlobStore, sha256: str) -> None:
    """Keep a complete file only when it is of a type that is taken; otherwise forget it and raise attachment-type."""
    found = _look(store, sha256)
    if found is not None and found[0] is None:
        store.delete(sha256)
        raise Problem(TYPE_NOT_TAKEN)


def checked(store: BlobStore, wanted: Sequence[AttachmentIn], where: str = "#/attachments/{}") -> list[StoredFile]:
    """Return the files that a caller names; raise the file-not-there problem, which names each that is not there.

    ``where`` the request names the file with a number.
    """
    files: list[StoredFile] = []
    errors: list[FieldError] = []
    for number, one in enumerate(wanted):
        found = _look(store, one.sha256)
        if found is None or found[0] is None:
            words: Words = {"en": "upload the file first", "zh-CN": "请先上传该文件"}
            errors.append(FieldError(where.format(number) + "/sha256", words))
        else:
            files.append(StoredFile(one, found[0], found[1]))
    if errors:
        raise Problem(FILE_NOT_THERE, errors=errors, count=len(errors))
    return files


def add(session: Session, actor: Actor, ticket: Ticket, file: StoredFile) -> Attachment:
    """Add a file to a ticket that the actor may write about."""
    if len(queries.attachments(session, ticket.id)) >= MAX_OF_A_TICKET:
        raise Problem(TOO_MANY, limit=MAX_OF_A_TICKET)
    row = Attachment(
        ticket_id=ticket.id,
        sha256=file.wanted.sha256,
        media_type=file.media_type,
        size=file.size,
        purpose=file.wanted.purpose.value,
        name=file.wanted.name,
        added_by=actor.person,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    payload = {"attachment": public_id("A", row.id), "purpose": row.purpose, "media_type": row.media_type}
    events.append(session, actor, "ticket.attached", ticket.record, payload)
    return row


def visible(session: Session, actor: Actor, ticket: Ticket) -> list[Attachment]:
    """Return a ticket's files that the actor may see: a proof of purchase names its customer."""
    found = queries.attachments(session, ticket.id)
    return [row for row in found if row.purpose == Purpose.PHOTO or actor.may(Permission.CONTACT_READ)]


def get(session: Session, actor: Actor, ticket: Ticket, attachment: str) -> Attachment:
    """Return one file that the actor may see; raise the attachment-not-found problem."""
    number = row_number("A", attachment)
    row = next((one for one in visible(session, actor, ticket) if one.id == number), None)
    if row is None:
        raise Problem(ATTACHMENT_NOT_FOUND, attachment=attachment[:40])
    return row


def _look(store: BlobStore, sha256: str) -> tuple[str | None, int] | None:
    """Return type and size of a complete file, ``None`` when it is not there."""
    opened = store.open(sha256)
    if opened is None:
        return None
    file, size = opened
    with file:
        return media_type(file.read(HEAD_BYTES)), size

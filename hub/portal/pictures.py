"""Photos for the customer: only released ones, and only their pixels; where a photo was taken is nobody's business."""

import io
import threading

from sqlalchemy.orm import Session

from hub.captures.blobs import BlobStore
from hub.core.clock import now
from hub.core.ids import public_id, row_number
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.portal import queries
from hub.portal.links import Visit
from hub.portal.models import PhotoRelease
from hub.tickets.models import Attachment, Ticket
from hub.tickets.schemas import Purpose

VIEW_PIXELS, SMALL_PIXELS = 1280, 240
MAX_PIXELS = 50_000_000
_one_at_a_time = threading.Semaphore(2)
"""Decoding takes memory; a page full of photos does not take all of it."""
NOT_A_PHOTO = ProblemType(
    "not-a-photo",
    409,
    {"en": "This file cannot be shown to the customer", "zh-CN": "该文件不能向客户展示"},
    {
        "en": "Only photos in JPEG, PNG or WebP are released; {attachment} is none. Add it again in such a format.",
        "zh-CN": "仅可公开 JPEG、PNG 或 WebP 照片；{attachment} 不符合，请以此格式重新添加。",
    },
)


def release(session: Session, store: BlobStore, actor: Actor, ticket: Ticket, photo: Attachment) -> bool:
    """Let the customer see a photo; return whether it is new. Raises the not-a-photo problem."""
    actor.require(Permission.TICKET_SERVE)
    name = public_id("A", photo.id)
    if photo.purpose != Purpose.PHOTO or rendered(store, photo.sha256, small=True) is None:
        raise Problem(NOT_A_PHOTO, attachment=name)
    if queries.release(session, photo.id) is not None:
        return False
    session.add(PhotoRelease(attachment_id=photo.id, released_at=now(), released_by=actor.person))
    events.append(session, actor, "ticket.photo_released", ticket.record, {"attachment": name})
    return True


def withdraw(session: Session, actor: Actor, ticket: Ticket, photo: Attachment) -> None:
    """Let the customer see it no more; one that was not released stays so."""
    actor.require(Permission.TICKET_SERVE)
    row = queries.release(session, photo.id)
    if row is not None:
        session.delete(row)
        events.append(session, actor, "ticket.photo_withdrawn", ticket.record, {"attachment": public_id("A", photo.id)})


def released(session: Session, visit: Visit, photo: str) -> Attachment | None:
    """Return a photo that this visitor may see."""
    number = row_number("A", photo)
    return next((row for row in queries.released_photos(session, visit.ticket.id) if row.id == number), None)


def rendered(store: BlobStore, sha256: str, *, small: bool) -> bytes | None:
    """Return a file as a JPEG of bounded size without metadata; ``None`` where it is no picture that can be read."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # only who shows photos needs it

    opened = store.open(sha256)
    if opened is None:
        return None
    pixels = SMALL_PIXELS if small else VIEW_PIXELS
    file, _ = opened
    with _one_at_a_time, file:
        try:
            with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    return None
                picture.draft("RGB", (pixels, pixels))
                upright = ImageOps.exif_transpose(picture).convert("RGB")
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return None
        upright.thumbnail((pixels, pixels))
        out = io.BytesIO()
        upright.save(out, "JPEG", quality=60 if small else 80, optimize=True, exif=b"")
        return out.getvalue()

"""Messages to bytes and back: JSON for records and control, CBOR for live frames; decoding is strict."""

from typing import Any, TypeVar

import msgspec

from protocols.errors import ProtocolError

T = TypeVar("T")
_encoder = msgspec.json.Encoder()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


class MessageError(ProtocolError):
    """A message that does not follow the contract."""


def encode(message: msgspec.Struct) -> bytes:
    """Encode a message as compact UTF-8 JSON."""
    return _encoder.encode(message)


def decode(payload: bytes, message_type: type[T]) -> T:
    """Decode JSON ``payload`` strictly as ``message_type``; raise ``MessageError`` naming the type and the place."""
    decoder = _decoders.get(message_type)
    if decoder is None:
        decoder = _decoders[message_type] = msgspec.json.Decoder(message_type)
    try:
        return decoder.decode(payload)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"not a valid {message_type.__name__}: {error}") from error

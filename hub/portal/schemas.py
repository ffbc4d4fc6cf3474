"""What the API of customers' links takes and gives."""

from datetime import datetime

from pydantic import BaseModel, Field

from hub.core.bodies import JsonBody
from hub.portal.models import PortalLink


class LinkWanted(JsonBody):
    """Which link is wanted."""

    renew: bool = Field(default=False, description="Revoke every link of the ticket and issue a new one.")


class LinkOut(BaseModel):
    """One link, without the token that opens the page."""

    link: str = Field(examples=["L-000012"])
    issued_at: datetime
    issued_by: str = Field(examples=["user:U-000007"])
    expires_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: PortalLink) -> "LinkOut":
        """Show one row."""
        return cls(
            link=row.public_id,
            issued_at=row.issued_at,
            issued_by=row.issued_by,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )


class CustomerLink(BaseModel):
    """The link to give to the customer. It opens the ticket's page without a login."""

    url: str = Field(examples=["https://service.example.com/t/AQAAAAAMAaG4…"])
    qr_svg: str = Field(description="The same as a QR code, an SVG document.")
    expires_at: datetime


class ReleaseOut(BaseModel):
    """A photo that the customer sees."""

    attachment: str = Field(examples=["A-000003"])
    released: bool

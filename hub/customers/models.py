"""Tables of customers and of the devices that they own."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id

CUSTOMER_PREFIX = "C"
DEVICE_PREFIX = "D"


class Customer(Versioned, Table, table=True):
    """One customer (M1). Personal data is in ``name`` and in the contact points alone, so that it can be erased."""

    __tablename__ = "customer"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    name: Mapped[str | None] = Field(default=None, max_length=128)
    tier: Mapped[str | None] = Field(default=None, max_length=32)
    spent_minor: Mapped[int] = Field(default=0, sa_type=BigInteger)
    purchases: Mapped[int] = Field(default=0)
    merged_into: Mapped[int | None] = Field(default=None, sa_type=BigKey, foreign_key="customer.id")
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    updated_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    erased_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("spent_minor >= 0 AND purchases >= 0", name="purchases_range"),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number that staff know the customer by."""
        return public_id(CUSTOMER_PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The customer as events name it."""
        return ("customer", self.public_id)


class ContactPoint(Table, table=True):
    """A telephone number or address of a customer; ``key`` is its normal form, which one customer alone has."""

    __tablename__ = "contact_point"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    customer_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="customer.id")
    kind: Mapped[str] = Field(max_length=8)
    value: Mapped[str] = Field(max_length=254)
    key: Mapped[str] = Field(max_length=254)

    __table_args__ = (UniqueConstraint("kind", "key"), Index("ix_contact_point_customer", "customer_id"))


class Purchase(Table, table=True):
    """What a customer bought once, by the order's number: what tiers are computed from (M2)."""

    __tablename__ = "purchase"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    customer_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="customer.id")
    number: Mapped[str] = Field(max_length=64, unique=True)
    bought_on: Mapped[date]
    amount_minor: Mapped[int] = Field(sa_type=BigInteger)
    currency: Mapped[str] = Field(max_length=3)
    store: Mapped[str | None] = Field(default=None, max_length=64)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("amount_minor >= 0", name="amount_range"),
        Index("ix_purchase_customer", "customer_id", "bought_on"),
        {"sqlite_autoincrement": True},
    )


class CustomerDevice(Versioned, Table, table=True):
    """One device in a customer's hands, by its serial (M1). Stock knows serials too, but is another matter.

    ``reminded_for`` is the due day that somebody was last reminded of.
    """

    __tablename__ = "device"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    model: Mapped[str] = Field(max_length=64)
    serial: Mapped[str] = Field(max_length=64)
    customer_id: Mapped[int | None] = Field(default=None, sa_type=BigKey, foreign_key="customer.id")
    bought_on: Mapped[date | None] = Field(default=None)
    inspect_every_days: Mapped[int | None] = Field(default=None)
    inspection_due_on: Mapped[date | None] = Field(default=None)
    reminded_for: Mapped[date | None] = Field(default=None)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        UniqueConstraint("serial", "model"),
        CheckConstraint("inspect_every_days BETWEEN 1 AND 3660", name="inspection_interval"),
        Index("ix_device_model", "model", "id"),
        Index("ix_device_customer", "customer_id"),
        Index("ix_device_due", "inspection_due_on", "id"),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number that staff know the device by."""
        return public_id(DEVICE_PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The device as events name it."""
        return ("device", self.public_id)

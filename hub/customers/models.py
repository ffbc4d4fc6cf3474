"""Tables of customers and of the devices that they own."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base, BigKey
from hub.core.ids import public_id

CUSTOMER_PREFIX = "C"
DEVICE_PREFIX = "D"


class Customer(Base):
    """One customer (M1). Personal data is in ``name`` and in the contact points alone, so that it can be erased."""

    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    version: Mapped[int] = mapped_column(nullable=False)
    name: Mapped[str | None] = mapped_column(String(128))
    tier: Mapped[str | None] = mapped_column(String(32))
    spent_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    purchases: Mapped[int] = mapped_column(default=0)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("spent_minor >= 0 AND purchases >= 0", name="purchases_range"),
        {"sqlite_autoincrement": True},
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's way

    @property
    def public_id(self) -> str:
        """The number that staff know the customer by."""
        return public_id(CUSTOMER_PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The customer as events name it."""
        return ("customer", self.public_id)


class ContactPoint(Base):
    """A telephone number or address of a customer; ``key`` is its normal form, which one customer alone has."""

    __tablename__ = "contact_point"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(254))
    key: Mapped[str] = mapped_column(String(254))

    __table_args__ = (UniqueConstraint("kind", "key"), Index("ix_contact_point_customer", "customer_id"))


class CustomerDevice(Base):
    """One device in a customer's hands, by its serial (M1). Stock knows serials too, but is another matter."""

    __tablename__ = "device"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    model: Mapped[str] = mapped_column(String(64))
    serial: Mapped[str] = mapped_column(String(64))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    bought_on: Mapped[date | None]
    inspect_every_days: Mapped[int | None]
    inspection_due_on: Mapped[date | None]
    created_at: Mapped[datetime]

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

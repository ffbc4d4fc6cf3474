"""Writers come in order, and a row that is written at once is a row like any other."""

import signal
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm.exc import StaleDataError
from waiting import wait_until

from hub.core.database import Database, insert_now
from hub.core.in_order import InOrder
from hub.customers.models import Customer


class CalledAwayError(Exception):
    pass


AT = datetime(2026, 1, 31, 8, tzinfo=UTC)


def customer(name: str) -> Customer:
    return Customer(name=name, created_at=AT, updated_at=AT)


class TestInOrder:
    def test_who_came_first_is_served_first(self) -> None:
        lock, served = InOrder(), []

        def enter(number: int) -> None:
            with lock:
                served.append(number)

        threads = [threading.Thread(target=enter, args=(number,)) for number in range(8)]
        with lock:
            for number, thread in enumerate(threads):
                thread.start()
                wait_until(lambda number=number: lock.waiting == number + 1, "the thread to wait")  # type: ignore[misc]
        for thread in threads:
            thread.join()
        assert served == list(range(8))

    def test_one_thread_at_a_time_is_inside(self) -> None:
        lock, inside, most = InOrder(), 0, 0

        def enter() -> None:
            nonlocal inside, most
            for _ in range(300):
                with lock:
                    inside += 1
                    most = max(most, inside)
                    inside -= 1

        threads = [threading.Thread(target=enter) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (most, inside, lock.waiting) == (1, 0, 0)

    def test_an_error_inside_lets_the_next_one_in(self) -> None:
        lock = InOrder()
        with pytest.raises(ValueError, match="x"), lock:
            raise ValueError("x")
        with lock:
            assert lock.waiting == 0

    def test_who_is_called_away_holds_up_nobody(self) -> None:
        """A signal's handler can raise in the main thread while it waits."""
        lock, entered, leave = InOrder(), threading.Event(), threading.Event()

        def hold() -> None:
            with lock:
                entered.set()
                leave.wait(10)

        def call_away() -> None:
            wait_until(lambda: lock.waiting == 1, "the main thread to wait")
            signal.pthread_kill(main, signal.SIGUSR1)

        def called_away(*_: object) -> None:
            raise CalledAwayError

        main = threading.get_ident()
        threads = [threading.Thread(target=hold), threading.Thread(target=call_away)]
        before = signal.signal(signal.SIGUSR1, called_away)
        try:
            threads[0].start()
            assert entered.wait(10)
            threads[1].start()
            with pytest.raises(CalledAwayError), lock:
                pass
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert lock.waiting == 0
        leave.set()
        for thread in threads:
            thread.join()
        with lock:
            assert lock.waiting == 0


class TestInsertNow:
    def test_it_is_what_add_and_flush_write(self, database: Database) -> None:
        with database.write() as session:
            plain, quick = customer("a"), customer("a")
            session.add(plain)
            session.flush()
            insert_now(session, quick)
            assert session.get(Customer, quick.id) is quick and not session.dirty
            numbers = plain.id, quick.id
        with database.read() as session:
            one, other = (session.get_one(Customer, number).model_dump(exclude={"id"}) for number in numbers)
        assert one == other and numbers[0] != numbers[1]

    def test_it_is_changed_like_any_other_and_counts_it(self, database: Database) -> None:
        with database.write() as session:
            row = customer("a")
            insert_now(session, row)
            row.name = "b"
            session.flush()
            assert row.version == 2
            session.execute(text("UPDATE customer SET version = 9"))
            row.name = "c"
            with pytest.raises(StaleDataError):
                session.flush()
            session.rollback()

    def test_a_number_that_was_undone_is_given_again(self, database: Database) -> None:
        """An error keeps what was made in its part alive; SQLite gives its number to the next row."""
        with database.one_unit():
            with pytest.raises(ValueError, match="x"), database.write() as session:
                undone = customer("a")
                insert_now(session, undone)
                raise ValueError("x")
            with database.write() as session:
                row = customer("b")
                insert_now(session, row)
                assert session.get(Customer, row.id) is row and row is not undone
        with database.read() as session:
            assert [one.name for one in session.query(Customer)] == ["b"]

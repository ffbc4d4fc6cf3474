"""Users over HTTP: log in, log out, passwords, and what an administrator may change."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from desk_roster import REPAIR
from hub_running import MakeKey, RunningHub
from sqlalchemy import select, update

from hub.core.clock import now
from hub.core.database import Database
from hub.events.models import Event
from hub.identity import throttle
from hub.identity.models import LoginSession, LoginThrottle, User

PASSWORD = "correct horse battery"
MakeUser = Callable[..., str]
LogIn = Callable[..., httpx.Client]
AT_SOUTH = {**REPAIR, "store": "south", "purchase_proof": {"kind": "none"}}


def begin(client: httpx.Client, login: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/api/v1/sessions", json={"login": login, "password": password})


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def test_a_session_opens_the_api_until_logout(hub: RunningHub, make_user: MakeUser, log_in: LogIn) -> None:
    number = make_user("han.meimei", "technician")
    client = log_in(" HAN.Meimei ")
    me = client.get("/api/v1/me").raise_for_status().json()
    assert (me["kind"], me["id"], me["role"]) == ("user", number, "technician")
    assert "ticket:work" in me["permissions"] and "ticket:close" not in me["permissions"]
    assert client.get("/api/v1/tickets").status_code == 200
    assert client.delete("/api/v1/sessions/current").status_code == 204
    assert client.get("/api/v1/tickets").status_code == 401


def test_nobody_learns_which_logins_exist(hub: RunningHub, make_user: MakeUser, database: Database) -> None:
    make_user("present", "counter")
    make_user("gone", "counter")
    with database.write() as session:
        session.execute(update(User).where(User.login == "gone").values(disabled_at=now()))
    with hub.client() as stranger:
        refused = [begin(stranger, "present", "wrong password"), begin(stranger, "absent"), begin(stranger, "gone")]
        refused.append(begin(stranger, "' OR 1=1 --"))
    assert {(answer.status_code, answer.text) for answer in refused} == {(401, refused[0].text)}


def test_a_session_ends_by_itself(make_user: MakeUser, log_in: LogIn, database: Database) -> None:
    make_user("li.lei", "counter")
    client = log_in("li.lei")
    with database.write() as session:
        session.execute(update(LoginSession).values(expires_at=now() - timedelta(seconds=1)))
    assert client.get("/api/v1/me").status_code == 401


class TestThrottling:
    def test_an_account_waits_after_five_failures_even_with_the_right_password(
        self, hub: RunningHub, make_user: MakeUser, database: Database
    ) -> None:
        make_user("li.lei", "counter")
        with hub.client() as stranger:
            assert [begin(stranger, "li.lei", f"wrong {n}").status_code for n in range(5)] == [401] * 5
            answer = begin(stranger, "li.lei")
            assert (answer.status_code, slug(answer)) == (429, "login-throttled")
            assert 0 < int(answer.headers["retry-after"]) <= 30
            with database.write() as session:  # the wait is in the database; let it pass
                session.execute(update(LoginThrottle).values(blocked_until=now()))
            assert begin(stranger, "li.lei").status_code == 201
            assert begin(stranger, "li.lei", "wrong again").status_code == 401, "a success begins anew"

    def test_an_address_waits_too_whatever_logins_it_tries(
        self, hub: RunningHub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(throttle.FREE_FAILURES, "address", 3)
        with hub.client() as stranger:
            assert [begin(stranger, f"login-{n}").status_code for n in range(4)] == [401, 401, 401, 429]

    def test_what_was_typed_is_not_stored(self, hub: RunningHub, database: Database) -> None:
        with hub.client() as stranger:
            begin(stranger, "my-password-by-mistake")
        with database.read() as session:
            rows = session.scalars(select(LoginThrottle)).all()
            assert rows and all("my-password" not in row.subject and "127" not in row.subject[:3] for row in rows)

    def test_waiting_doubles_up_to_a_quarter_of_an_hour(self) -> None:
        waits = [throttle.wait_s("account", n) for n in range(1, 13)]
        assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]

    def test_attempts_side_by_side_do_not_slip_through(self, hub: RunningHub, make_user: MakeUser) -> None:
        from concurrent.futures import ThreadPoolExecutor

        make_user("li.lei", "counter")

        def attempt(number: int) -> int:
            with hub.client() as stranger:
                return begin(stranger, "li.lei", f"wrong {number}").status_code

        with ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(attempt, range(12)))
        assert statuses.count(401) == 5


class TestPasswords:
    def test_a_given_password_opens_nothing_until_it_is_changed(
        self, hub: RunningHub, admin: httpx.Client, log_in: LogIn
    ) -> None:
        body = {"login": "new.one", "name": "新同事", "role": "counter", "password": "handed over 1"}
        made = admin.post("/api/v1/users", json=body)
        assert made.status_code == 201 and "password" not in made.text.replace("must_change_password", "")
        client = log_in("new.one", "handed over 1")
        assert slug(client.get("/api/v1/tickets")) == "password-change-needed"
        same = client.put("/api/v1/me/password", json={"current": "handed over 1", "new": "handed over 1"})
        assert (slug(same), same.json()["errors"][0]["pointer"]) == ("same-password", "#/new"), "who gave it knows it"
        guess = client.put("/api/v1/me/password", json={"current": "handed over 2", "new": "handed over 2"})
        assert slug(guess) == "wrong-password", "what is compared has to be the present one"
        assert client.get("/api/v1/me").json()["must_change_password"] is True
        change = {"current": "handed over 1", "new": "my own long sentence"}
        assert client.put("/api/v1/me/password", json=change).status_code == 204
        assert client.get("/api/v1/tickets").status_code == 200

    def test_changing_it_needs_the_present_one_and_ends_other_sessions(
        self, make_user: MakeUser, log_in: LogIn
    ) -> None:
        make_user("li.lei", "counter")
        mine, other = log_in("li.lei"), log_in("li.lei")
        wrong = mine.put("/api/v1/me/password", json={"current": "not this one", "new": "my own long sentence"})
        assert slug(wrong) == "wrong-password"
        right = mine.put("/api/v1/me/password", json={"current": PASSWORD, "new": "my own long sentence"})
        assert right.status_code == 204
        assert (mine.get("/api/v1/me").status_code, other.get("/api/v1/me").status_code) == (200, 401)
        log_in("li.lei", "my own long sentence")

    @pytest.mark.parametrize("new", ["short", "aaaaaaaaaaaaaa", "li.lei-li.lei", "x" * 129])
    def test_easy_ones_are_refused(self, make_user: MakeUser, log_in: LogIn, new: str) -> None:
        make_user("li.lei", "counter")
        answer = log_in("li.lei").put("/api/v1/me/password", json={"current": PASSWORD, "new": new})
        assert answer.status_code == 422
        assert new not in answer.text

    def test_a_forgotten_one_is_replaced(self, admin: httpx.Client, make_user: MakeUser, log_in: LogIn) -> None:
        number = make_user("li.lei", "counter")
        before = log_in("li.lei")
        assert admin.put(f"/api/v1/users/{number}/password", json={"password": "handed over 2"}).status_code == 204
        assert before.get("/api/v1/me").status_code == 401
        assert log_in("li.lei", "handed over 2").get("/api/v1/me").json()["must_change_password"]

    def test_no_password_reaches_the_history_or_a_refusal(self, admin: httpx.Client, database: Database) -> None:
        body = {"login": "x", "name": "", "role": "counter", "password": "very secret words"}
        refused = admin.post("/api/v1/users", json=body)
        assert refused.status_code == 422 and "very secret" not in refused.text
        admin.post("/api/v1/users", json=body | {"login": "ok.login", "name": "N"}).raise_for_status()
        with database.read() as session:
            assert "secret" not in str([event.payload for event in session.scalars(select(Event))])
            assert session.scalars(select(User.password_hash)).one().startswith("$argon2id$")


class TestChanges:
    def test_a_change_holds_from_the_next_request_on(
        self, admin: httpx.Client, make_user: MakeUser, log_in: LogIn
    ) -> None:
        number = make_user("li.lei", "supervisor")
        client = log_in("li.lei")
        assert client.get("/api/v1/users").status_code == 200
        admin.patch(f"/api/v1/users/{number}", json={"role": "technician"}).raise_for_status()
        assert client.get("/api/v1/users").status_code == 403
        admin.patch(f"/api/v1/users/{number}", json={"disabled": True}).raise_for_status()
        assert client.get("/api/v1/me").status_code == 401
        assert admin.patch(f"/api/v1/users/{number}", json={"disabled": False}).json()["disabled_at"] is None

    def test_who_disables_an_account_is_told_of_the_keys_that_go_on(
        self, admin: httpx.Client, make_user: MakeUser, log_in: LogIn
    ) -> None:
        number = make_user("li.lei", "admin")
        made, revoked = (
            log_in("li.lei")
            .post("/api/v1/keys", json={"name": name, "role": "manager"})
            .raise_for_status()
            .json()["id"]
            for name in ("till", "old")
        )
        admin.delete(f"/api/v1/keys/{revoked}").raise_for_status()
        assert admin.patch(f"/api/v1/users/{number}", json={"disabled": True}).json()["live_keys"] == [made]
        make_user("han.meimei", "manager")
        manager = log_in("han.meimei")
        assert manager.get(f"/api/v1/users/{number}").json()["live_keys"] is None, "whoever may not list keys"
        assert manager.get("/api/v1/keys").status_code == 403

    def test_two_administrators_do_not_overwrite_each_other(self, admin: httpx.Client, make_user: MakeUser) -> None:
        number = make_user("li.lei", "counter")
        tag = admin.get(f"/api/v1/users/{number}").headers["etag"]
        first = admin.patch(f"/api/v1/users/{number}", json={"name": "A"}, headers={"If-Match": tag})
        second = admin.patch(f"/api/v1/users/{number}", json={"name": "B"}, headers={"If-Match": tag})
        assert (first.status_code, second.status_code, slug(second)) == (200, 412, "stale-version")
        assert second.headers["etag"] == first.headers["etag"] != tag
        bad = admin.patch(f"/api/v1/users/{number}", json={"name": "B"}, headers={"If-Match": "1"})
        assert slug(bad) == "bad-if-match"

    @pytest.mark.parametrize(
        ("changes", "status", "expected"),
        [
            ({"login": "li.lei"}, 409, "login-taken"),
            ({"login": "ＬＩ.ＬＥＩ"}, 409, "login-taken"),
            ({"login": "a b"}, 422, "bad-login"),
            ({"role": "bench"}, 422, "not-a-persons-role"),
            ({"stores": ["nowhere"]}, 422, "unknown-stores"),
            ({"stores": []}, 422, "invalid-request"),
            ({"password": "short"}, 422, "bad-password"),
            ({"colour": "red"}, 422, "invalid-request"),
        ],
    )
    def test_mistakes_are_named(
        self, admin: httpx.Client, make_user: MakeUser, changes: dict[str, object], status: int, expected: str
    ) -> None:
        make_user("li.lei", "counter")
        body = {"login": "other", "name": "N", "role": "counter", "password": "long enough 1"}
        answer = admin.post("/api/v1/users", json=body | changes)
        assert (answer.status_code, slug(answer)) == (status, expected)


@pytest.mark.usefixtures("two_stores")
class TestStores:
    def test_people_see_the_stores_and_colleagues_of_their_scope(
        self, make_user: MakeUser, log_in: LogIn, admin: httpx.Client
    ) -> None:
        south = make_user("south.counter", "counter", ["south"])
        north = make_user("north.counter", "counter", ["north", "south"])
        chain = make_user("chain.manager", "manager")
        alone = make_user("only.north", "counter", ["north"])
        supervisor = make_user("south.supervisor", "supervisor", ["south"])
        client = log_in("south.supervisor")
        assert [store["code"] for store in client.get("/api/v1/stores").json()["items"]] == ["south"]
        assert client.get("/api/v1/stores/north").status_code == 404
        assert [user["id"] for user in client.get("/api/v1/users").json()["items"]] == [supervisor, north, south]
        assert client.get(f"/api/v1/users/{chain}").status_code == 404
        assert client.get(f"/api/v1/users/{alone}").status_code == 404
        assert client.get(f"/api/v1/users/{south}").status_code == 200
        assert client.patch(f"/api/v1/users/{south}", json={"name": "X"}).status_code == 403
        counter = log_in("south.counter")
        assert counter.get(f"/api/v1/users/{south}").status_code == 200, "everybody sees themselves"
        assert counter.get(f"/api/v1/users/{north}").status_code == 403
        assert counter.get(f"/api/v1/users/{alone}").status_code == 404, "not found comes before forbidden"

    def test_a_store_opens_changes_and_closes(self, admin: httpx.Client) -> None:
        made = admin.post("/api/v1/stores", json={"code": "west", "name": "西区店", "city": "成都"})
        assert (made.status_code, made.headers["location"]) == (201, "/api/v1/stores/west")
        assert slug(admin.post("/api/v1/stores", json={"code": "west", "name": "x"})) == "store-exists"
        tag = made.headers["etag"]
        closed = admin.patch("/api/v1/stores/west", json={"closed": True, "city": None}, headers={"If-Match": tag})
        assert closed.json()["closed_at"] and closed.json()["city"] is None
        assert admin.patch("/api/v1/stores/west", json={"name": "y"}, headers={"If-Match": tag}).status_code == 412
        assert admin.get("/api/v1/stores/west").headers["etag"] == closed.headers["etag"]

    def test_nothing_begins_in_a_closed_store(self, admin: httpx.Client, hub: RunningHub, make_user: MakeUser) -> None:
        """S5: people, keys, workplaces, transfers, appointments and tickets, by those who work for it alone, too."""
        user = make_user("south.counter", "counter", ["south"])
        admin.post("/api/v1/keys", json={"name": "b", "role": "bench", "bench": "bench-01"}).raise_for_status()
        shop = admin.post("/api/v1/keys", json={"name": "s", "role": "staff", "stores": ["south"]}).json()["token"]
        ticket = admin.post("/api/v1/tickets", json=AT_SOUTH).raise_for_status().json()["id"]
        moving = admin.post("/api/v1/tickets", json={**AT_SOUTH, "store": "north"}).raise_for_status().json()["id"]
        admin.patch("/api/v1/stores/south", json={"closed": True}).raise_for_status()
        at_south, account = (
            {"stores": ["south"]},
            {"login": "new", "name": "n", "role": "counter", "password": PASSWORD},
        )
        visit = {"starts_at": "2027-01-05T09:00:00Z", "place": "store"}
        with hub.client(shop) as narrow:
            for client, method, path, body, pointer in (
                (narrow, "POST", "tickets", {**AT_SOUTH, "store": None}, "#/store"),
                (admin, "POST", "tickets", AT_SOUTH, "#/store"),
                (admin, "POST", "users", {**account, **at_south}, "#/stores"),
                (admin, "POST", "keys", {"name": "k", "role": "staff", **at_south}, "#/stores"),
                (admin, "PUT", "workplaces/bench-01", {"store": "south", "capacity": 1}, "#/store"),
                (admin, "POST", f"tickets/{moving}/transfer", {"to_store": "south", "reason": "r"}, "#/to_store"),
                (admin, "POST", f"tickets/{ticket}/appointments", visit, "#/ticket/store"),
            ):
                refused = client.request(method, f"/api/v1/{path}", json=body)
                assert (refused.status_code, slug(refused)) == (422, "store-closed"), (path, refused.text)
                assert refused.json()["errors"][0]["pointer"] == pointer
        admin.patch(f"/api/v1/users/{user}", json={"stores": ["north", "south"]}).raise_for_status()
        admin.patch("/api/v1/stores/south", json={"closed": False}).raise_for_status()
        admin.post("/api/v1/tickets", json=AT_SOUTH).raise_for_status()


class TestKeys:
    def test_a_key_does_no_more_than_its_scopes(self, admin: httpx.Client, hub: RunningHub) -> None:
        body = {"name": "Web shop", "role": "store_system", "scopes": ["ticket:read"]}
        made = admin.post("/api/v1/keys", json=body).json()
        with hub.client(made["token"]) as shop:
            assert shop.get("/api/v1/tickets").status_code == 200
            answer = shop.post("/api/v1/tickets", json={"device": {"model": "M", "serial": "S"}, "symptom": "s"})
            assert (answer.status_code, slug(answer)) == (403, "outside-scopes")
            assert admin.delete(f"/api/v1/keys/{made['id']}").json()["revoked_at"]
            assert shop.get("/api/v1/tickets").status_code == 401
        listed = admin.get("/api/v1/keys").json()["items"]
        assert listed[0]["scopes"] == ["ticket:read"] and "token" not in listed[0]

    @pytest.mark.usefixtures("two_stores")
    def test_nobody_gives_more_than_they_have(self, admin: httpx.Client, hub: RunningHub) -> None:
        body = {"name": "k", "role": "admin", "scopes": ["key:write", "ticket:read"], "stores": ["south"]}
        token = admin.post("/api/v1/keys", json=body).json()["token"]
        with hub.client(token) as narrow:
            for wider in (
                {"role": "admin"},
                {"role": "staff", "stores": ["south"]},
                {"role": "admin", "scopes": ["ticket:read"]},
                {"role": "admin", "scopes": ["ticket:read"], "stores": ["north"]},
                {"role": "admin", "scopes": ["ticket:read", "user:write"], "stores": ["south"]},
            ):
                answer = narrow.post("/api/v1/keys", json={"name": "x", **wider})
                assert (answer.status_code, slug(answer)) == (403, "grant-too-wide"), wider
            same = {"name": "x", "role": "staff", "scopes": ["ticket:read"], "stores": ["south"]}
            assert narrow.post("/api/v1/keys", json=same).status_code == 201

    def test_a_users_key_counts_as_the_user(self, make_user: MakeUser, log_in: LogIn, hub: RunningHub) -> None:
        number = make_user("boss", "admin")
        client = log_in("boss")
        first = client.post("/api/v1/keys", json={"name": "x", "role": "admin"}).json()
        with hub.client(first["token"]) as key:
            second = key.post("/api/v1/keys", json={"name": "y", "role": "admin"}).json()
        assert first["made_by"] == second["made_by"] == f"user:{number}"

    def test_a_key_has_no_session(self, admin: httpx.Client, make_key: MakeKey) -> None:
        assert slug(admin.delete("/api/v1/sessions/current")) == "not-a-session"
        change = {"current": "whatever it is", "new": "my own long sentence"}
        assert slug(admin.put("/api/v1/me/password", json=change)) == "not-a-session"
        assert admin.get("/api/v1/me").json()["kind"] == "key"

"""``benchwright hub``: serve the hub, ingest, and look after its database and keys."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from benchwright.commands.hub_audit import app as audit_app
from benchwright.commands.hub_backup import app as backup_app
from benchwright.commands.hub_common import AsJson, Config, LogJson, LogLevel, open_database, read_settings
from benchwright.commands.hub_jobs import app as jobs_app
from benchwright.commands.hub_readings import readings
from benchwright.commands.hub_seed import seed
from benchwright.errors import UsageError, not_written
from benchwright.printing import print_document, print_json, say
from benchwright.terminal import Terminal, folded_table
from tui.i18n import _

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Serve the hub and look after its database.")
key_app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")
app.add_typer(key_app, name="key")
user_app = typer.Typer(no_args_is_help=True, help="Make, list and mend people's accounts.")
app.add_typer(user_app, name="user")
app.add_typer(jobs_app, name="jobs")
app.add_typer(audit_app, name="audit")
app.add_typer(backup_app, name="backup")
app.command("seed")(seed)
app.command("readings")(readings)


@app.command()
def serve(
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
    ingest: Annotated[bool, typer.Option(help="Take the benches' records in this process too.")] = True,
    jobs: Annotated[bool | None, typer.Option(help="Stand for running the periodic jobs too.")] = None,
    log_level: LogLevel = "info",
    log_json: LogJson = False,
) -> None:
    """Serve the HTTP API, with the ingest beside it."""
    from hub.core.logs import configure_logging
    from hub.serve import serve as run

    configure_logging(log_level, as_json=log_json)
    with read_settings(config) as settings:
        options = {"host": host, "port": port, "jobs": jobs}
        given = {name: value for name, value in options.items() if value is not None}
        run(settings.model_copy(update=given), ingest=ingest)


@app.command("ingest")
def run_ingest(config: Config = None, log_level: LogLevel = "info", log_json: LogJson = False) -> None:
    """Take the benches' records, in a process of its own; any number may run."""
    from hub.core.logs import configure_logging
    from hub.serve import run_ingest as run

    configure_logging(log_level, as_json=log_json)
    with read_settings(config) as settings:
        run(settings)


@app.command()
def migrate(
    config: Config = None,
    revision: Annotated[str, typer.Argument(help="Where to go: head, base, or a revision's number.")] = "head",
    down: Annotated[
        bool, typer.Option("--down", help="Go back to an older revision; its newer tables are dropped.")
    ] = False,
    sql: Annotated[str | None, typer.Option(help="Print the SQL for this database (postgresql) instead.")] = None,
) -> None:
    """Bring the database to the tables of this version."""
    from alembic.util import CommandError

    from hub.core import migrate as migrations
    from hub.core.database import Database

    with read_settings(config) as settings:
        if sql is not None:
            if sql != "postgresql":  # a table of SQLite is changed by building it anew from what is there
                raise UsageError(f"--sql {sql}: there is SQL to print for postgresql alone; `migrate` changes SQLite")
            migrations.script(sql)
            return
        database = Database(settings.url)
        try:
            (migrations.downgrade if down else migrations.upgrade)(database, revision)
            present = migrations.current(database) or _("base (empty)")
            say(_("the database is at revision {revision}").format(revision=present))
        except CommandError as error:
            raise UsageError(f"revision {revision}: {error}") from error
        finally:
            database.close()


@app.command()
def openapi(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; standard output without it.")
    ] = None,
) -> None:
    """Print the OpenAPI document of the HTTP API."""
    import tempfile

    from hub.app import create_app
    from hub.core.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        document = create_app(Settings(data_dir=Path(folder))).openapi()
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if output is None:
        print_document(text)
    else:
        output.write_text(text, encoding="utf-8")


@key_app.command("create")
def key_create(
    *,
    name: Annotated[str, typer.Option(help="For whom or what the key is.")],
    role: Annotated[str, typer.Option(help="E.g. store_system, bench or admin; docs/hub.md lists them.")],
    bench: Annotated[str | None, typer.Option(help="The bench, for the role bench.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="A permission that the key keeps of its role, again for each; else all.")
    ] = None,
    store: Annotated[
        list[str] | None, typer.Option(help="A store whose records the key sees, again for each; else all.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the key to this new file (mode 0600).")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key and show it, this once."""
    from hub.identity.actors import command_line_actor
    from hub.identity.permissions import Permission, Role
    from hub.identity.service import create_key

    _check_role(role)
    unknown = set(scope or ()) - set(Permission)
    if unknown:
        raise UsageError(f"--scope {min(unknown)}: it must be one of {', '.join(Permission)}")
    scopes = [Permission(one) for one in scope] if scope else None
    if output is not None and output.exists():
        raise UsageError(f"{output} exists; name a new file for the key")
    with open_database(config) as database, database.write() as session:
        key, token = create_key(
            session,
            command_line_actor(),
            name=name,
            role=Role(role),
            bench=bench,
            scopes=scopes,
            stores=store or None,
        )
        shown: dict[str, Any] = {"id": key.id, "name": key.name, "role": key.role, "bench": key.bench}
        if output is not None:
            _write_secret(output, token)
    shown |= {"file": str(output)} if output is not None else {"key": token}
    if as_json:
        print_json(shown)
    elif output is not None:
        say(_("key {key} is in {file}").format(key=shown["id"], file=output))
    else:
        say(token)
        say(_("Keep it now: it is not stored and cannot be shown again."), error=True)


@key_app.command("list")
def key_list(config: Config = None, as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    from hub.core.clock import rfc3339
    from hub.identity.queries import all_keys

    with open_database(config) as database, database.read() as session:
        keys = [
            {
                "id": key.id,
                "name": key.name,
                "role": key.role,
                "bench": key.bench,
                "made_by": key.made_by,
                "created_at": rfc3339(key.created_at),
                "revoked_at": rfc3339(key.revoked_at) if key.revoked_at else None,
            }
            for key in all_keys(session)
        ]
    if as_json:
        print_json(keys)
        return
    table = folded_table("id", _("Name"), _("Role"), _("Bench"), _("Made by"), _("Created"), _("Revoked"))
    for key in keys:
        table.add_row(*(str(value or "") for value in key.values()))
    Terminal().print(table)


@key_app.command("revoke")
def key_revoke(
    key: Annotated[str, typer.Argument(help="The key's id, from `key list`.")], config: Config = None
) -> None:
    """Make a key useless from now on."""
    from hub.identity.actors import command_line_actor
    from hub.identity.service import revoke_key

    with open_database(config) as database, database.write() as session:
        revoke_key(session, command_line_actor(), key)
    say(_("key {key} is revoked").format(key=key))


@user_app.command("create")
def user_create(
    *,
    login: Annotated[str, typer.Option(help="What the person logs in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[str, typer.Option(help="E.g. admin, technician or counter; docs/hub.md lists them.")],
    store: Annotated[
        list[str] | None, typer.Option(help="A store that the person works for, again for each; else all.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make an account, the first administrator's too, with a password that has to be changed at the first login."""
    from hub.core.controls import is_line
    from hub.identity import passwords, users
    from hub.identity.actors import command_line_actor
    from hub.identity.permissions import Role

    _check_role(role)
    if not 1 <= len(name.strip()) <= 128 or not is_line(name):
        raise UsageError("--name: give the person a name of 1 to 128 characters without control characters")
    password = _new_password()
    digest = passwords.digest(password)
    with open_database(config) as database, database.write() as session:
        user = users.create(
            session,
            command_line_actor(),
            login=login,
            name=name.strip(),
            role=Role(role),
            stores=store or None,
            password_hash=digest,
        )
    _show_password(user.public_id, user.login, password, as_json=as_json)


@user_app.command("password")
def user_password(
    login: Annotated[str, typer.Argument(help="The person's login.")], config: Config = None, as_json: AsJson = False
) -> None:
    """Give somebody who forgot theirs a new password; their sessions end."""
    from hub.identity import passwords, queries, users
    from hub.identity.actors import command_line_actor

    password = _new_password()
    digest = passwords.digest(password)
    with open_database(config) as database, database.write() as session:
        found = queries.user_by_login(session, users.normal_login(login))
        if found is None:
            raise UsageError(f"nobody has the login {login}; see: benchwright hub user list")
        users.reset_password(session, command_line_actor(), found.public_id, digest)
    _show_password(found.public_id, found.login, password, as_json=as_json)


@user_app.command("list")
def user_list(config: Config = None, as_json: AsJson = False) -> None:
    """List the accounts."""
    from hub.core.clock import rfc3339
    from hub.identity.queries import all_users

    with open_database(config) as database, database.read() as session:
        users: list[dict[str, Any]] = [
            {
                "id": user.public_id,
                "login": user.login,
                "name": user.name,
                "role": user.role,
                "stores": user.stores,
                "disabled_at": rfc3339(user.disabled_at) if user.disabled_at else None,
            }
            for user in all_users(session)
        ]
    if as_json:
        print_json(users)
        return
    table = folded_table("id", _("Login"), _("Name"), _("Role"), _("Stores"), _("Disabled"))
    table.columns[0].no_wrap = True
    for user in users:
        cells = user | {"stores": _("all") if user["stores"] is None else ", ".join(user["stores"])}
        table.add_row(*(str(value or "") for value in cells.values()))
    Terminal().print(table)


def _check_role(role: str) -> None:
    from hub.identity.permissions import Role

    if role not in set(Role):
        raise UsageError(f"--role {role}: it must be one of {', '.join(Role)}")


def _new_password() -> str:
    import secrets

    return secrets.token_urlsafe(12)


def _show_password(user: str, login: str, password: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": user, "login": login, "password": password})
        return
    say(password)
    words = _("This is the password of {login} ({user}), to be changed at the first login; it is not shown again.")
    say(words.format(login=login, user=user), error=True)


def _write_secret(path: Path, secret: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise not_written(path, error) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret + "\n")

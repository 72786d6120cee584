"""`portal users`: people, by the same verbs as their pages."""

from __future__ import annotations

from datetime import datetime

import click

from portal.cli.table import echo_table
from portal.kernel import BASE_URL
from portal.kernel.errors import Refused
from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.ops.console import Console
from portal.people import services
from portal.people.models import User
from portal.people.services import external
from portal.people.services.recovery import reset_access
from portal.people.settings import RESET_MINUTES
from portal.proposals.services import done_or_proposed

#: Said where roles are under four eyes.
_WAITS = "the roles wait for an employee who administers people, at /proposals/"

_realm = click.option(
    "--realm",
    type=click.Choice([realm.value for realm in Realm]),
    default=Realm.EMPLOYEES.value,
    show_default=True,
    help="employees, or people of customers",
)
_password = click.password_option(help="asked for when it is not given")


@click.group(help="Add people, grant roles, disable, change passwords.")
def users() -> None:
    """The commands of people."""


@users.command(help="Add a person who can sign in at once.")
@click.argument("email")
@click.option("--name", required=True, help="how the person is called")
@click.option("--role", "roles", multiple=True, help="a role to grant; may be given several times")
@click.option("--language", help="the language that the person reads")
@_realm
@_password
@click.pass_obj
def add(
    console: Console,
    email: str,
    name: str,
    roles: tuple[str, ...],
    language: str | None,
    realm: str,
    password: str,
) -> None:
    """Add a person with their roles."""
    with console.unit() as unit:
        user = services.add_user(unit, Realm(realm), email, name, password=password, language=language)
        proposal = done_or_proposed(unit, lambda: services.set_roles(unit, user, roles, shown=()))
    click.echo(f"{email} can sign in")
    if proposal is not None:
        click.echo(_WAITS)


@users.command(help="Grant ROLE (such as orders.clerk) to an employee.")
@click.argument("email")
@click.argument("role")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="the last day on which it counts; none for no end"
)
@click.pass_obj
def grant(console: Console, email: str, role: str, until: datetime | None) -> None:
    """Grant a role; to somebody who has it already, set its last day."""
    day = None if until is None else until.date()
    with console.unit() as unit:
        user = _user(unit, email, Realm.EMPLOYEES.value)
        held = role in services.roles_of(unit, user)
        verb = services.limit if held else services.grant
        proposal = done_or_proposed(unit, lambda: verb(unit, user, role, day))
    click.echo(_WAITS if proposal is not None else f"{email} has {role}" + (f" until {day}" if day else ""))


@users.command(help="Take ROLE away from an employee.")
@click.argument("email")
@click.argument("role")
@click.pass_obj
def revoke(console: Console, email: str, role: str) -> None:
    """Revoke a role."""
    with console.unit() as unit:
        services.revoke(unit, _user(unit, email, Realm.EMPLOYEES.value), role)
    click.echo(f"{email} no longer has {role}")


@users.command(name="list", help="List people with their roles.")
@click.option("--realm", type=click.Choice([realm.value for realm in Realm]), help="only this realm")
@click.pass_obj
def list_(console: Console, realm: str | None) -> None:
    """Print people."""
    with console.reading() as unit:
        people = services.list_users(unit, Realm(realm) if realm else None)
    echo_table(
        ("realm", "e-mail", "name", "state", "roles"),
        [
            (
                one.realm.value,
                one.email,
                one.name,
                "active" if one.active else "disabled",
                " ".join(sorted(one.roles)),
            )
            for one in people
        ],
    )


@users.command(help="Shut a person out; their sessions end at once.")
@click.argument("email")
@_realm
@click.pass_obj
def disable(console: Console, email: str, realm: str) -> None:
    """Disable a person."""
    with console.unit() as unit:
        services.disable(unit, _user(unit, email, realm))
    click.echo(f"{email} is disabled")


@users.command(help="Give a person a new password; their sessions end at once.")
@click.argument("email")
@_realm
@_password
@click.pass_obj
def password(console: Console, email: str, realm: str, password: str) -> None:
    """Set a password."""
    with console.unit() as unit:
        services.set_password(unit, _user(unit, email, realm), password)
    click.echo(f"{email} has a new password")


@users.command(
    help="Let a person begin anew who has lost their second factors: prints a link that works once."
)
@click.argument("email")
@_realm
@click.pass_obj
def reset(console: Console, email: str, realm: str) -> None:
    """Remove factors, password and sessions."""
    with console.unit() as unit:
        path = reset_access(unit, _user(unit, email, realm))
        address = unit.setting(BASE_URL).rstrip("/") + path
        minutes = unit.setting(RESET_MINUTES)
    click.echo(
        f"{email} has no second factor, password or session any more. For them alone, once, {minutes} minutes:"
    )
    click.echo(address)


@users.command(
    help="Forget who an employee is at a provider or in a directory; they are linked anew when they come."
)
@click.argument("email")
@click.pass_obj
def unlink(console: Console, email: str) -> None:
    """Forget external identities."""
    with console.unit() as unit:
        gone = external.unlink(unit, _user(unit, email, Realm.EMPLOYEES.value))
    click.echo(f"{email} is linked no more." if gone else f"{email} was not linked.")


def _user(unit: Unit, email: str, realm: str) -> User:
    found = services.find_user(unit, Realm(realm), email)
    if found is None:
        raise Refused(f"There is nobody with the e-mail {email} among the {realm}.")
    return found

"""The directory of a company: a real OpenLDAP server in a process of its own, and who stands in it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ldap3 import MODIFY_ADD, MODIFY_DELETE, Connection, Server

from portal.testing import TestPortal
from portal.testing.fixtures import LACKS, STRICT, PortalFactory

ADA = "ada@company.example"
BASE, ROOT, ROOT_PASSWORD = "dc=company,dc=example", "cn=root,dc=company,dc=example", "root secret"
ADA_DN, THERE = f"cn=Ada,{BASE}", "ada's (password) in the *directory"
SLAPD = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/lib/openldap:/usr/bin")
SCHEMAS = Path("/etc/ldap/schema")


@dataclass
class Directory:
    """A running server."""

    url: str

    @contextmanager
    def root(self) -> Generator[Any]:
        """A connection that may everything."""
        connection = Connection(Server(self.url), ROOT, ROOT_PASSWORD, auto_bind=True)
        yield connection
        connection.unbind()

    def put(self, group: str, *, within: bool) -> None:
        """Have Ada be in a group, or no longer."""
        with self.root() as connection:
            how = MODIFY_ADD if within else MODIFY_DELETE
            assert connection.modify(ADA_DN, {"description": [(how, [f"cn={group},ou=groups,{BASE}"])]})

    @contextmanager
    def filled(self) -> Generator[Directory]:
        """With Ada in it, and Eve of whom there are two; afterwards empty."""
        with self.root() as connection:
            assert connection.add(BASE, ["dcObject", "organization"], {"dc": "company", "o": "Company"}), (
                connection.result
            )
            assert connection.add(
                ADA_DN, "inetOrgPerson", {"sn": "Lovelace", "mail": ADA, "userPassword": THERE}
            ), connection.result
            for name in ("Eve", "Eva"):
                connection.add(
                    f"cn={name},{BASE}",
                    "inetOrgPerson",
                    {"sn": name, "mail": "eve@company.example", "userPassword": THERE},
                )
        yield self
        with self.root() as connection:
            for dn in (ADA_DN, f"cn=Eve,{BASE}", f"cn=Eva,{BASE}", BASE):
                connection.delete(dn)


@contextmanager
def running_slapd(request: pytest.FixtureRequest, folder: Path) -> Generator[Directory]:
    """OpenLDAP's own server on a port of this machine; without one the test is skipped, or fails where lacks are."""
    if SLAPD is None or not SCHEMAS.is_dir():
        if STRICT:
            pytest.fail("lacking slapd")
        request.config.stash[LACKS].append("slapd: the tests of directories were left out")
        pytest.skip("lacking slapd")
    (folder / "data").mkdir()
    conf = folder / "slapd.conf"
    schemas = "".join(f"include {SCHEMAS}/{name}.schema\n" for name in ("core", "cosine", "inetorgperson"))
    conf.write_text(
        f"{schemas}pidfile {folder}/pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
        f'database mdb\nsuffix "{BASE}"\nrootdn "{ROOT}"\nrootpw "{ROOT_PASSWORD}"\ndirectory {folder}/data\n'
        "access to attrs=userPassword by anonymous auth by * none\naccess to * by users read by * none\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"ldap://127.0.0.1:{port}"
    process = subprocess.Popen(
        [SLAPD, "-f", str(conf), "-h", url, "-d", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(port)
        yield Directory(url)
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def connected(portals: PortalFactory, url: str, **more: str) -> TestPortal:
    """A portal that asks the directory at that address."""
    settings = {
        "ldap__url": url,
        "ldap__base": BASE,
        "ldap__bind_dn": ROOT,
        "ldap__bind_password": ROOT_PASSWORD,
        "ldap__groups_attribute": "description",
        "roles__people__supporter": 'group:Support group:"Heads of Sales"',
        **more,
    }
    return portals(**settings)

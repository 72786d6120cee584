"""What is an e-mail address: one rule for forms, people and the mail itself."""

from __future__ import annotations

from email.headerregistry import Address

import pytest

from portal.kernel.mail import ascii_email, is_email

GOOD = {
    "name@example.com": "name@example.com",
    "o'neil+x_1@a-b.co.uk": "o'neil+x_1@a-b.co.uk",
    "Name@Example.COM": "Name@example.com",
    "a@exämple.com": "a@xn--exmple-cua.com",
    "a@日本.jp": "a@xn--wgv71a.jp",
    "a@xn--wgv71a.jp": "a@xn--wgv71a.jp",
    "x" * 64 + "@example.com": "x" * 64 + "@example.com",
}
BAD = [
    "", "nobody", "@example.com", "name@", "name@localhost", "a@b@example.com", "müller@example.com",
    "a..b@example.com", ".a@example.com", "a.@example.com", "a[b@example.com", "a\\b@example.com", "a:b@example.com",
    '"a b"@example.com', "a b@example.com", "a@example.com\n", "a\0@example.com", "a@-example.com", "a@example..com",
    "a@.example.com", "a@exam_ple.com", "a@[192.0.2.1]", "a@192.0.2.1", "a@" + "b" * 64 + ".com", "x" * 65 + "@example.com",
    "a@" + "b" * 60 + ("." + "c" * 60) * 4, "a@example。com", "a@example.com.", "a@\ud800.com",
]  # fmt: skip


@pytest.mark.parametrize("email", GOOD)
def test_an_address_that_mail_can_be_sent_to(email: str) -> None:
    assert is_email(email)
    assert ascii_email(email) == GOOD[email]
    assert Address("Name", addr_spec=ascii_email(email)).addr_spec == GOOD[email]


@pytest.mark.parametrize("email", BAD)
def test_what_is_no_address(email: str) -> None:
    assert not is_email(email)
    with pytest.raises(ValueError, match="not an e-mail address"):
        ascii_email(email)


def test_a_domain_that_would_become_another_is_refused() -> None:
    """Under the rules of 2003 ß becomes ss: the mail would go to somebody else."""
    assert not is_email("a@straße.de")

"""Passwords: how they are stored, and which are good enough."""

from __future__ import annotations

import re
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.kernel.errors import Invalid
from portal.kernel.folding import fold
from portal.kernel.i18n import Text, _

LEAST = 10
#: Words of the context that are shorter may stand in a password: they stand in everything.
SHORTEST_WORD = 4
#: Argon2id with 19 MiB and two passes (OWASP): about 30 ms, and eight threads at once stay below 160 MiB.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: The hash of a password that nobody knows, verified where there is no user, so that it takes the same time.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$+NCDQQSeIfqj9CZ3GWyNuw$EsSMFwe+UIhQMC+O98GGvBT8ycxauhe6hpv4aAk9MhU"

#: Common passwords of ten characters and more; shorter ones are refused anyway.
_COMMON = frozenset(
    """
    0123456789 0987654321 1111111111 1122334455 1234512345 12345678910 123456789a 1234567890 12345678900 123123123123
    1234567891 1234567890a 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 1qazxsw23edc 2222222222 5555555555 7777777777
    9876543210 987654321a 9999999999 a123456789 aa12345678 aaaaaaaaaa abc1234567 abcd123456 abcd1234567 abcdefghij
    adminadmin admin12345 admin123456 administrator alexander1 asdfasdfasdf asdfghjkl1 asdfghjkl; asdf123456
    baseball123 basketball butterfly1 changeme123 changemenow charlie123 chocolate1 christopher computer123
    dragon12345 elizabeth1 football123 freedom123 fuckyou123 geheim1234 geheimnis1 hallo12345 helloworld
    hello12345 iloveyou12 iloveyou123 jordan12345 letmein123 letmeinnow liverpool1 lovelovelove manchester
    mickeymouse minecraft1 monkey12345 mustang123 mypassword mypassword1 p@ssw0rd12 p@ssword123 passwort123
    passwort1234 password00 password01 password10 password11 password12 password123 password1234 password12345
    password123! password1! password99 passw0rd123 pa55word123 pokemon123 princess12 princess123 q1w2e3r4t5
    q1w2e3r4t5y6 qazwsxedcr qazwsxedc1 qwer123456 qwertz1234 qwertzuiop qwerty1234 qwerty12345 qwerty123456
    qwerty123! qwertyqwerty qwertyuiop qwertyuiop1 qwertyuiop123 qweasdzxc1 qweasdzxc123 secret1234 starwars123
    summer2025 summer2026 sommer2025 sommer2026 sunshine12 sunshine123 superman123 temppassword test123456 testtest12
    testtesttest trustno1234 unknown123 welcome123 welcome1234 welcome2025 welcome2026 willkommen whatever123
    winter2025 winter2026 zaq12wsxcde3 zxcvbnm123 zxcvbnm1234 zxcvbnmasd
    """.split()
)


def normalize(password: str) -> str:
    """The password as it is hashed: a composed letter equals the one typed with a combining mark."""
    return unicodedata.normalize("NFC", password)


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return HASHER.hash(normalize(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the one that was hashed; takes as long when nothing is stored."""
    try:
        return HASHER.verify(stored or NOBODY, normalize(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with another effort than is usual now."""
    return HASHER.check_needs_rehash(stored)


def check_strength(password: str, email: str, name: str, company: str, *, field: str = "password") -> None:
    """Raise Invalid for the field unless the password is long, not common, and without words of the context."""
    plain = normalize(password)
    reason = _weakness(plain, email, name) or _context(plain, email, name, company)
    if reason is not None:
        raise Invalid({field: reason})


def context_words(company: str, name: str, email: str) -> list[str]:
    """What a password must not contain, folded, longest first: the words of the company's name, of the person's and of the
    e-mail before the @, and each of the three written as one word."""
    said = _said(company, name, email)
    found = {word for words in said for word in words} | {"".join(words) for words in said}
    return sorted((word for word in found if len(word) >= SHORTEST_WORD), key=lambda word: (-len(word), word))


_APART = re.compile(r"[\W_]+")


def _said(company: str, name: str, email: str) -> list[list[str]]:
    texts = (company, name, email.partition("@")[0])
    return [[word for word in _APART.split(fold(text)) if word] for text in texts]


def _context(password: str, email: str, name: str, company: str) -> Text | None:
    folded = fold(password)
    joined = _APART.sub("", folded)
    # A name of several words is one however it is separated; a single word is not looked for across the gaps.
    several = {"".join(words) for words in _said(company, name, email) if len(words) > 1}
    for word in context_words(company, name, email):
        if word in folded or (word in several and word in joined):
            return _(
                "A password must not contain the name of the company or of the person, or the e-mail. Leave out “${word}”.",
                mapping={"word": word},
            )
    return None


def _weakness(password: str, email: str, name: str) -> Text | None:
    if len(password) < LEAST:
        return _("At least ${least} characters.", mapping={"least": LEAST})
    if len(password) > 1024:
        return _("At most ${longest} characters.", mapping={"longest": 1024})
    folded = password.casefold()
    if folded in (
        email.casefold(),
        email.casefold().partition("@")[0],
        name.casefold(),
        name.casefold().replace(" ", ""),
    ):
        return _("A password must not be the name or the e-mail.")
    if folded in _COMMON or len(set(folded)) < 4:
        return _("Many people use this password; it would be guessed.")
    return None

"""The settings of operations."""

from __future__ import annotations

from portal.kernel.settings import Setting, choice, positive, text

EMBEDDED, SEPARATE, NONE = "embedded", "separate", "none"

WORKER = Setting(
    "portal.jobs.worker",
    choice(EMBEDDED, SEPARATE, NONE),
    EMBEDDED,
    "who runs background jobs: a thread of this process, `portal worker`, or nobody",
)
POLL = Setting("portal.jobs.poll", positive, "2", "seconds between two looks for jobs that are due")
ATTEMPTS = Setting(
    "portal.jobs.attempts", positive, "8", "how often a job or a mail is tried before it has failed"
)
RETRY_DELAY = Setting(
    "portal.jobs.retry_delay",
    positive,
    "30",
    "seconds before the second try; doubled before each further one",
)
HEARTBEAT = Setting(
    "portal.jobs.heartbeat",
    positive,
    "15",
    "seconds between the signs of life of a running job; after four without one it is run again",
)
LATE_AFTER = Setting(
    "portal.jobs.late_after",
    positive,
    "900",
    "seconds a due job may wait before /jobsz says that work piles up",
)

FILE, SMTP = "file", "smtp"

MAIL_TRANSPORT = Setting(
    "portal.mail.transport",
    choice(FILE, SMTP),
    FILE,
    "file writes .eml files into portal.mail.folder, smtp sends",
)
MAIL_FOLDER = Setting("portal.mail.folder", text, "var/mail", "folder of the .eml files")
MAIL_HOST = Setting("portal.mail.host", text, "localhost", "the mail server")
MAIL_PORT = Setting("portal.mail.port", positive, "587", "port of the mail server")
MAIL_USER = Setting("portal.mail.user", text, "", "user at the mail server; empty to send without signing in")
MAIL_PASSWORD = Setting("portal.mail.password", text, "", "password at the mail server", secret=True)
MAIL_TLS = Setting(
    "portal.mail.tls",
    choice("starttls", "implicit", "none"),
    "starttls",
    "how the connection to the mail server is encrypted",
)

ALL = (
    WORKER,
    POLL,
    ATTEMPTS,
    RETRY_DELAY,
    HEARTBEAT,
    LATE_AFTER,
    MAIL_TRANSPORT,
    MAIL_FOLDER,
    MAIL_HOST,
    MAIL_PORT,
    MAIL_USER,
    MAIL_PASSWORD,
    MAIL_TLS,
)

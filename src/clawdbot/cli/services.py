"""What ``clawdbot doctor`` asks of other machines: databases and the mail server, without changing anything there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import aiosmtplib
import sqlalchemy as sa

from clawdbot.cli.diagnosis import Finding, failed
from clawdbot.cli.wording import Words
from clawdbot.config import Config, DatabaseConfig, MailConfig
from clawdbot.errors import ClawdbotError
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.mail.refusal import explain
from clawdbot.tools.mail.security import credentials, tls_context


def databases(config: Config, words: Words) -> Iterator[Finding]:
    """Each database opens read-only and shows its tables."""
    if not config.databases:
        yield Finding(name="databases", status="warn", message=words("doctor.no_database"), advice="clawdbot init")
    catalogues = Databases(config)
    try:
        for name, settings in config.databases.items():
            try:
                tables = len(catalogues.catalog(name).tables)
            except ClawdbotError as error:
                yield failed(f"database {name}", error)
                continue
            said = words("doctor.database", tables=tables)
            yield Finding(name=f"database {name}", status="ok" if tables else "warn", message=said)
            if _has_password(settings):
                yield Finding(name=f"database {name}", status="warn", message=words("doctor.literal_password"),
                              advice=words("doctor.use_reference", name=name))  # fmt: skip
    finally:
        catalogues.close()


def _has_password(settings: DatabaseConfig) -> bool:
    password = sa.make_url(settings.url).password
    return bool(password) and password != "{password}"


def mail(config: Config, words: Words) -> Iterator[Finding]:
    """The mail server takes the login; nothing is sent."""
    settings = config.mail
    if not settings.host:
        yield Finding(name="mail", status="warn", message=words("doctor.no_mail"), advice=words("doctor.set_mail"))
        return
    place = f"{settings.host}:{settings.port}"
    try:
        asyncio.run(_log_in(settings))
    except ClawdbotError as error:
        yield failed("mail", error)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        yield failed("mail", explain(error, settings))
    else:
        yield Finding(name="mail", status="ok", message=words("doctor.mail", place=place))


async def _log_in(settings: MailConfig) -> None:
    client = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        timeout=min(settings.timeout_s, 10.0),
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        tls_context=tls_context(settings),
    )
    login = credentials(settings)
    transport: asyncio.BaseTransport | None = None
    try:
        await client.connect()
        transport = client.transport
        if login is not None:
            await client.login(*login)
        await client.quit()
    finally:
        client.close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()  # a polite end of TLS would outlive the event loop
            await asyncio.sleep(0)

"""A notice posted to a URL as JSON, signed so that its receiver can know where it comes from."""

from __future__ import annotations

import hashlib
import hmac
import json

import httpx

from clawdbot.errors import ClawdbotError
from clawdbot.models.tls import certificates
from clawdbot.store.notices import Notice

SIGNATURE = "X-Clawdbot-Signature"
"""Header: 'sha256=' and the HMAC (RFC 2104) of the body as it was sent, in hexadecimal digits."""

_LIMIT_S = 10.0


class NotPosted(ClawdbotError):
    """The receiver did not take the notice, or perhaps did and could not say so."""

    code = "not_posted"


def body(notice: Notice) -> bytes:
    """What is posted; ``id`` is the same each time, so that the receiver knows a notice that comes again."""
    names = ("id", "kind", "at", "run_id", "schedule", "subject", "body")
    return json.dumps({name: getattr(notice, name) for name in names}, ensure_ascii=False).encode()


def signature(content: bytes, secret: str) -> str:
    """The value of the header for that body."""
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def post(url: str, notice: Notice, *, secret: str) -> None:
    """Post a notice; an empty secret signs nothing.  NotPosted unless the receiver answers with a status 2xx.

    No redirect is followed: it could lead the notice to somebody else.
    """
    content = body(notice)
    headers = {"Content-Type": "application/json", "User-Agent": "clawdbot"}
    if secret:
        headers[SIGNATURE] = signature(content, secret)
    try:
        with (
            httpx.Client(timeout=_LIMIT_S, follow_redirects=False, verify=certificates()) as client,
            client.stream("POST", url, content=content, headers=headers) as response,
        ):
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotPosted(f"The webhook does not answer: {type(error).__name__} {error}.".replace(url, "URL")) from error
    if 300 <= status < 400:
        raise NotPosted(f"The webhook answers {status}; redirects are not followed.", hint="Set its final address.")
    if not 200 <= status < 300:
        raise NotPosted(f"The webhook answers {status}.")

"""Pages from a real web server: what is taken, what is refused, and where redirects may lead."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import SourceConfig
from clawdbot.errors import KnowledgeError, LoadFailed
from clawdbot.knowledge.sources.addresses import Address, Reach, reach, resolve
from clawdbot.knowledge.sources.browsing import Limits
from clawdbot.knowledge.sources.source import Item, Unreachable
from clawdbot.knowledge.sources.web import WebSource
from tests.knowledge.sources.conftest import Certificates, Web

DEAD = "http://127.0.0.1:9/page"
PUBLIC = "public.example"


def names(host: str, port: int) -> list[Address]:
    """A name service in which one host is in the internet, though the test's server stands behind it."""
    if host == PUBLIC:
        return [Address(ip="127.0.0.1", reach=Reach.INTERNET)]
    if host == "intranet.example":
        return [Address(ip="127.0.0.1", reach=Reach.NETWORK)]
    if host == "nowhere.example":
        return []
    return list(resolve(host, port))


def source(*urls: str, limits: Limits | None = None, **settings: Any) -> WebSource:
    config = SourceConfig(kind="web", urls=urls, **settings)
    return WebSource("pages", config, limits=limits or Limits(bytes=100_000), resolve=names)


def one(*urls: str, **settings: Any) -> Item:
    return next(iter(source(*urls, **settings).items()))


def fetched(url: str, **settings: Any) -> tuple[str, bytes]:
    place = source(url, **settings)
    with place.fetch(next(iter(place.items()))) as path:
        return path.suffix, path.read_bytes()


def test_a_page_is_a_document(web: Web) -> None:
    url = web.says("/a?x=1", "<p>信用额度</p>", ETag='"v1"', Last_Modified="Mon, 03 Aug 2026 02:00:00 GMT")
    place = source(url, url + "#part", web.says("/手册", "text", "text/plain").replace("手册", "%E6%89%8B%E5%86%8C"))
    web.answers["/%E6%89%8B%E5%86%8C"] = web.answers["/手册"]
    first, second = place.items()
    assert (first.name, first.uri, first.fingerprint) == (url, url, '"v1"')
    assert first.modified_at == "2026-08-03T02:00:00+00:00" and not first.problem
    assert second.name == web.url("/手册") and second.uri.endswith("%E6%89%8B%E5%86%8C")
    assert place.name == "pages" and place.config.kind == "web"
    with place.fetch(first) as path:
        assert path.suffix == ".html" and path.read_bytes().decode("utf-8-sig") == "<p>信用额度</p>"
    assert not path.exists()


def test_without_a_mark_the_content_is_the_fingerprint(web: Web) -> None:
    url = web.says("/a", "one")
    before = one(url).fingerprint
    assert one(url).fingerprint == before
    web.says("/a", "two")
    assert one(url).fingerprint != before


@pytest.mark.parametrize(
    ("path", "kind", "suffix"),
    [
        ("/a", "text/html", ".html"),
        ("/a", "text/markdown; charset=utf-8", ".md"),
        ("/a", "application/pdf", ".pdf"),
        ("/a", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
        ("/a/b.MD", "application/octet-stream", ".md"),
        ("/a/b.htm?x=.pdf", "application/octet-stream", ".html"),
    ],
)
def test_types_that_are_taken(web: Web, path: str, kind: str, suffix: str) -> None:
    assert fetched(web.says(path, b"body", kind))[0] == suffix


@pytest.mark.parametrize(
    ("path", "kind"), [("/a", "image/png"), ("/a.pdf", "application/zip"), ("/a.exe", "application/octet-stream")]
)
def test_types_that_are_not_taken(web: Web, path: str, kind: str) -> None:
    found = one(web.says(path, b"body", kind))
    assert kind in found.problem and not found.transient


def test_the_encoding_that_the_server_names(web: Web) -> None:
    text = "信用额度为一百万元。"
    for charset in ("gb2312", "GBK", "big5", "utf-16"):
        body = ("信用額度" if charset == "big5" else text).encode("gb18030" if charset == "gb2312" else charset)
        said = fetched(web.says("/a", body, f"text/plain; charset={charset}"))[1]
        assert said.decode("utf-8") == "\ufeff" + body.decode("gb18030" if charset == "gb2312" else charset)
    for charset in ("no-such", "ascii", "base64"):
        assert fetched(web.says("/a", text, f"text/html; charset={charset}"))[1] == text.encode()
    assert fetched(web.says("/a", b"%PDF", "application/pdf; charset=utf-8"))[1] == b"%PDF"


def test_a_page_that_is_gone_is_told_from_a_server_in_trouble(web: Web) -> None:
    urls = [web.url("/missing"), web.fails("/gone", 410), web.fails("/private", 403)]
    for found in source(*urls).items():
        assert found.problem and not found.transient
    for status in (500, 503, 429):
        found = list(source(web.says("/well", "text"), web.fails("/ill", status)).items())[1]
        assert found.transient and str(status) in found.problem


def test_trouble_everywhere_is_trouble_here(web: Web) -> None:
    with pytest.raises(KnowledgeError, match="no page can be reached"):
        list(source(DEAD, "http://nowhere.example/").items())
    assert [item.transient for item in source(DEAD, web.says("/a", "text")).items()] == [True, False]
    assert list(source().items()) == []


def test_trouble_between_listing_and_fetching(web: Web) -> None:
    place = source(web.says("/a", "text"))
    (item,) = place.items()
    web.fails("/a", 502)
    with pytest.raises(Unreachable, match="502"), place.fetch(item):
        pass
    web.fails("/a", 404)
    with pytest.raises(LoadFailed, match="404") as caught, place.fetch(item):
        pass
    assert not isinstance(caught.value, Unreachable)


def test_limits_of_size(web: Web) -> None:
    tight = Limits(bytes=10)
    assert "limit is 10" in one(web.says("/a", "x" * 11), limits=tight).problem

    def undeclared(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain")
        handler.end_headers()
        handler.wfile.write(b"x" * 11)

    web.answers["/b"] = undeclared
    assert "larger than 10 bytes" in one(web.url("/b"), limits=tight).problem


def test_limits_of_time(web: Web) -> None:
    release = threading.Event()

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain")
        handler.end_headers()
        for _ in range(1000):
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                return
            if release.wait(0.02):
                return

    def silent(handler: BaseHTTPRequestHandler) -> None:
        release.wait(60)

    web.answers |= {"/drip": dripping, "/silent": silent}
    web.says("/well", "text")
    try:
        found = list(
            source(*map(web.url, ("/well", "/drip", "/silent")), limits=Limits(bytes=9999, seconds=0.5)).items()
        )
    finally:
        release.set()
    assert [item.transient for item in found] == [False, True, True]
    assert "longer than 0.5 s" in found[1].problem


def test_a_broken_body_is_trouble(web: Web) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain")
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"x")

    web.answers["/cut"] = cut
    web.answers["/zip"] = (200, {"Content-Type": "text/plain", "Content-Encoding": "gzip"}, b"no gzip")
    found = list(source(web.says("/well", "x"), web.url("/cut"), web.url("/zip")).items())
    assert [item.transient for item in found] == [False, True, True]


def test_redirects_are_followed(web: Web) -> None:
    web.says("/end", "text", ETag='"e"')
    web.redirects("/middle", "/end", 308)
    found = one(web.redirects("/start", web.url("/middle"), 301))
    assert (found.name, found.fingerprint) == (web.url("/start"), '"e"')


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("file:///etc/passwd", "neither http nor https"),
        ("ftp://127.0.0.1/x", "neither http nor https"),
        ("/loop", "more than 5 times"),
    ],
)
def test_redirects_that_lead_astray(web: Web, target: str, said: str) -> None:
    found = one(web.redirects("/loop", target))
    assert said in found.problem and not found.transient


def test_redirects_to_nothing_at_all(web: Web) -> None:
    web.answers["/none"] = (302, {}, b"")
    web.redirects("/odd", "http://a:b/")
    none, odd = source(web.url("/none"), web.url("/odd")).items()
    assert "302" in none.problem and not none.transient
    assert "Invalid URL in location" in odd.problem and odd.transient


def test_a_redirect_never_leads_nearer_than_what_the_operator_wrote(web: Web) -> None:
    """Server-side request forgery (OWASP A10): a page in the internet must not reach the inner network."""
    web.says("/secret", "text")
    for host in ("127.0.0.1", "intranet.example", "localhost", "[::ffff:127.0.0.1]"):
        web.redirects("/start", web.url("/secret", host))
        found = one(web.url("/start", PUBLIC))
        assert "redirects to" in found.problem and "leads into" in found.problem, host
        assert not found.transient
    assert all(path == "/start" for path, _ in web.asked), "the inner page was not even asked for"
    web.redirects("/start", web.url("/secret", "127.0.0.1"))
    assert "this machine" in one(web.url("/start", "intranet.example")).problem
    for allowed in (PUBLIC, "intranet.example"):
        web.redirects("/start", web.url("/secret", allowed))
        assert not one(web.url("/start")).problem
    assert not one(web.url("/secret", "intranet.example")).problem, "what the operator wrote is meant"


def test_a_name_is_asked_for_by_name(web: Web) -> None:
    web.says("/a", "text")
    one(web.url("/a", PUBLIC))
    ((_, headers),) = web.asked
    assert headers["Host"] == f"{PUBLIC}:{web.port}" and "Authorization" not in headers


def test_certificates_are_checked_against_the_name(secure_web: Web, certificates: Certificates, web: Web) -> None:
    secure_web.says("/a", "text")
    well = web.says("/well", "text")
    trusting: dict[str, Any] = {"ca_file": certificates.authority}
    for host in ("127.0.0.1", PUBLIC):
        assert not one(secure_web.url("/a", host), **trusting).problem
    for host, settings in (("intranet.example", trusting), ("127.0.0.1", {"ca_file": certificates.stranger})):
        found, _ = source(secure_web.url("/a", host), well, **settings).items()
        assert found.transient and "certificate verify failed" in found.problem
    secure_web.redirects("/down", well)
    assert "without encryption" in one(secure_web.url("/down"), **trusting).problem


def test_an_authority_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(KnowledgeError, match="certificate authority"):
            list(source(DEAD, ca_file=path).items())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", Reach.INTERNET),
        ("2606:4700::1111", Reach.INTERNET),
        ("10.1.2.3", Reach.NETWORK),
        ("100.64.0.1", Reach.NETWORK),
        ("fd00::1", Reach.NETWORK),
        ("127.0.0.1", Reach.MACHINE),
        ("0.0.0.0", Reach.MACHINE),
        ("169.254.169.254", Reach.MACHINE),
        ("fe80::1%eth0", Reach.MACHINE),
        ("::1", Reach.MACHINE),
        ("::", Reach.MACHINE),
        ("::ffff:10.0.0.1", Reach.NETWORK),
        ("64:ff9b::7f00:1", Reach.MACHINE),
        ("2002:7f00:1::", Reach.MACHINE),
        ("::7f00:1", Reach.MACHINE),
        ("224.0.0.1", Reach.MACHINE),
    ],
)
def test_where_an_address_leads(address: str, expected: Reach) -> None:
    assert reach(address) is expected

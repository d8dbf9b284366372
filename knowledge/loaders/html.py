"""Web pages."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.cleaning import one_line
from clawdbot.knowledge.loaders.encoding import decode
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.markup import Markup, beside_content, children
from clawdbot.knowledge.loaders.moment import in_utc

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,200}encoding=[\"']([\w.:-]+)", re.I
)
_MARKUP_PER_TEXT = 4
"""A page's characters for each of its text; more is not parsed."""
_MAX_NESTING = 800
"""The parser takes time with the square of it."""
_NESTING_TAG = re.compile(
    r"<(/?)(a|abbr|article|aside|b|big|blockquote|center|code|dl|div|em|fieldset|font|form|i|main|nobr|nav|ol|s|section|small|span|strike|strong|svg|table|tt|u|ul)\b",
    re.I,
)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_AUTHORS = "meta[name=author], meta[property='article:author'], meta[name='dc.creator'], meta[name='DC.creator']"
_CHANGED = (
    "meta[property='article:modified_time'], meta[property='og:updated_time'], meta[name='last-modified'], "
    "meta[name='dcterms.modified'], meta[name='DC.date.modified'], meta[http-equiv='last-modified'], "
    "meta[property='article:published_time'], meta[itemprop='dateModified']"
)


def load(data: bytes, limits: LoadLimits, *, declared: str = "") -> Extract:
    """The main content of a page, without navigation, scripts and what is hidden."""
    found = _CHARSET.search(data[:4096])
    stated = (found.group(1) or found.group(2)).decode("ascii", errors="replace") if found else ""
    page, encoding = decode(data, declared or stated)
    extract = from_markup(page, limits)
    return Extract(
        blocks=extract.blocks,
        title=extract.title,
        modified_at=extract.modified_at,
        notes=extract.notes,
        metadata={**extract.metadata, "encoding": encoding},
    )


def from_markup(page: str, limits: LoadLimits) -> Extract:
    """The main content of a page that is text already, for example a mail's body."""
    whole = len(page)
    page = page[: limits.max_text_chars * _MARKUP_PER_TEXT]
    if _nesting(page) > _MAX_NESTING:
        text = one_line(_TAG.sub(" ", page))
        note = f"Its elements are nested more than {_MAX_NESTING} levels deep: only the bare text is loaded."
        return Extract(blocks=(Block(kind="paragraph", text=text),) if text else (), notes=(note,))
    tree = LexborHTMLParser(page)
    root = _main(tree)
    blocks = Markup().walk(root) if root is not None else []
    return Extract(
        blocks=tuple(blocks),
        title=_title(tree),
        modified_at=in_utc(_meta(tree, _CHANGED)),
        notes=(limits.text_note,) if len(page) < whole else (),
        metadata={key: value for key, value in (("author", _meta(tree, _AUTHORS)),) if value},
    )


def _nesting(page: str) -> int:
    depth = most = 0
    for tag in _NESTING_TAG.finditer(page):
        depth = max(0, depth - 1) if tag.group(1) else depth + 1
        most = max(most, depth)
    return most


def _main(tree: LexborHTMLParser) -> LexborNode | None:
    """The element with the content: marked as such, or the body without what stands beside the content."""
    body = tree.body
    if body is None:
        return tree.root
    size = len(body.text(separator=" "))
    for selector in ("main", "[role=main]", "article"):
        marked = tree.css(selector)
        if len(marked) == 1 and len(marked[0].text(separator=" ")) * 4 > size:
            body, size = marked[0], len(marked[0].text(separator=" "))
            break
    for node in body.css("nav, aside, footer, div, ul, ol, section, table"):
        tag = node.tag or ""
        if beside_content(node, tag) and len(node.text(separator=" ")) * 2 < size:
            node.decompose()
    for header in [child for child in children(body) if child.tag == "header"]:
        if header.css_first("h1") is None:
            header.decompose()
    return body


def _title(tree: LexborHTMLParser) -> str:
    """The page's name without the site's, where its first heading says which part that is."""
    node, heading = tree.css_first("head title, title"), tree.css_first("h1")
    title = one_line(node.text()) if node is not None else ""
    first = one_line(heading.text(separator=" ")) if heading is not None else ""
    return first if first and first in title else title


def _meta(tree: LexborHTMLParser, selector: str) -> str:
    node = tree.css_first(selector)
    return one_line(node.attributes.get("content") or "") if node is not None else ""

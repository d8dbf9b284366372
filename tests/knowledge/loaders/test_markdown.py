"""Markdown and its front matter."""

from __future__ import annotations

from pathlib import Path

from tests.knowledge.loaders.loading import loaded, shown

DOCUMENT = """---
title: "信用政策"
updated: 2025-03-01
author: 'Li Lei'
tags: [credit, 风险]
owners:
  - Anna
  - Bo
draft:
---
# 信用额度

客户的信用额度
不得超过 **50 万元**。See [the form](http://x.example) and `code`.\\
Next line with ![a chart](c.png)

1. one
   - deeper
     goes on
2. two

       kept

| 客户 | 额度 |
|---|---:|
| 甲 | 1\\|0 |

```python
x = 1

y = 2
```

<table><tr><th>a<th>b<tr><td>1<td>2</table>

## Deeper <br> heading
"""


def test_blocks_and_front_matter(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.md", DOCUMENT.encode())
    assert shown(extract) == [
        "heading1: 信用额度",
        "paragraph: 客户的信用额度不得超过 50 万元。See the form and code.\nNext line with a chart",
        "list: 1. one\n  - deeper goes on\n2. two\n  kept",
        "table: | 客户 | 额度 |\n| 甲 | 1\\|0 |",
        "code: x = 1\n\ny = 2",
        "table: | a | b |\n| 1 | 2 |",
        "heading2: Deeper heading",
    ]
    assert extract.title == "信用政策"
    assert extract.modified_at == "2025-03-01T00:00:00+00:00"
    assert extract.metadata == {
        "updated": "2025-03-01", "author": "Li Lei", "tags": ["credit", "风险"], "owners": ["Anna", "Bo"],
        "encoding": "utf-8", "media": "text/markdown",
    }  # fmt: skip


def test_without_front_matter_the_first_heading_is_the_title(tmp_path: Path) -> None:
    assert loaded(tmp_path, "a.md", b"text\n\n# Name\n").title == "Name"
    assert loaded(tmp_path, "notes 2.md", b"---\nno end").title == "notes 2"


def test_a_date_that_does_not_exist_is_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, "a.md", b"---\ndate: 2025-02-31\n---\nx").modified_at == ""

"""``clawdbot tools new NAME``: a tool of ten lines and its unit test, to be changed into yours."""

from __future__ import annotations

import keyword
import sys
from pathlib import Path

from clawdbot.errors import UsageError
from clawdbot.tools.decorator import check_name

_TOOL = '''\
from clawdbot.tools import RetryableToolError, tool


@tool(effect="read")
def {name}(text: str, times: int = 2) -> str:
    """Repeat a text; write here what your tool does.

    text: what to repeat
    times: how often, 1 to 5
    """
    if not 1 <= times <= 5:
        raise RetryableToolError(f"times is {{times}}.", hint="Give a number from 1 to 5.")
    return " ".join([text] * times)
'''

_TEST = """\
import pytest
from {name} import {name}

from clawdbot.tools import RetryableToolError


def test_it_repeats_the_text() -> None:
    assert {name}("hello", times=3) == "hello hello hello"


def test_it_tells_the_model_which_numbers_it_takes() -> None:
    with pytest.raises(RetryableToolError, match="1 to 5"):
        {name}("hello", times=9)
"""


def new_tool(name: str, folder: Path) -> Path:
    """Write ``folder/NAME.py`` and ``folder/test_NAME.py``; returns the first.

    Raises InvalidTool for a bad name and UsageError when a file exists or cannot be written.
    """
    check_name(name)
    if keyword.iskeyword(name) or name in sys.stdlib_module_names:
        raise UsageError(f"{name!r} is a word or a module of Python.", hint="Choose another name.")
    files = {folder / f"{name}.py": _TOOL, folder / f"test_{name}.py": _TEST}
    for path in files:
        if path.exists():
            raise UsageError(f"{path} exists.", hint="Choose another name, or remove the file.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text.format(name=name), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}.", hint="Choose another folder.") from error
    return folder / f"{name}.py"

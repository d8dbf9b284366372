"""One call of a tool's function, plain or async, with its context injected."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Mapping
from typing import Any

from clawdbot.tools.contract import Tool, ToolContext
from clawdbot.tools.time_limit import LimitReached


def invoke(tool: Tool[..., Any], args: Mapping[str, Any], context: ToolContext) -> object:
    """What the function returns or raises; an async one is cancelled at the context's deadline (LimitReached)."""
    injected = {tool.context_parameter: context} if tool.context_parameter else {}
    value = tool(**args, **injected)
    return asyncio.run(_awaited(value, context.remaining_s())) if inspect.isawaitable(value) else value


async def _awaited(value: Awaitable[object], limit_s: float) -> object:
    try:
        async with asyncio.timeout(limit_s) as limit:
            return await value
    except TimeoutError:
        if limit.expired():
            raise LimitReached from None
        raise

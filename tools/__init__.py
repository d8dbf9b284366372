"""What a step can do: tools, their contract, registry and executor."""

from clawdbot.errors import RetryableToolError, TerminalToolError
from clawdbot.tools.contract import RunView, Schema, ToolContext, ToolResult
from clawdbot.tools.decorator import tool

__all__ = ["RetryableToolError", "RunView", "Schema", "TerminalToolError", "ToolContext", "ToolResult", "tool"]

"""What a delivery asks around the moment from which on nobody can take a mail back."""

from __future__ import annotations

from typing import Protocol


class Gate(Protocol):
    """Asked by ``transport.deliver`` for each time that it hands the whole mail to a server."""

    def may_send(self) -> None:
        """All but the final dot of DATA has left: may the dot follow?

        What this raises ends the delivery, and the server has nothing.  When it returns, the mail may be sent.
        """

    def not_taken(self, reply: str) -> None:
        """The server answered that it does not take the mail for now: nobody has it, and it will be tried again."""


class Open:
    """Lets everything pass: for deliveries that nothing has to be known of afterwards."""

    def may_send(self) -> None:
        """Yes."""

    def not_taken(self, reply: str) -> None:
        """Nothing to be noted."""

"""A charge box as every part of the system names it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChargeBoxKey:
    """The two names of one charge box.

    `id` is our number for it (the API's `id`), `identity` the text in the URL
    that it connects to (the API's `chargeBoxIdentity`).
    """

    id: int
    identity: str

    def __str__(self) -> str:
        return self.identity

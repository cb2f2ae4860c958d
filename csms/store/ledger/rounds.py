"""One statement may touch a row once; so facts about the same row go in rounds, in their order."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

Fact = TypeVar("Fact")


def rounds(facts: Sequence[Fact], key: Callable[[Fact], Hashable]) -> Iterator[list[tuple[int, Fact]]]:
    """
    Split facts so that no round holds a key twice and the facts of a key keep their order.

    Yields:
        Lists of (position in `facts`, fact). Nearly always there is a single one.
    """
    waiting = list(enumerate(facts))
    while waiting:
        taken: set[Hashable] = set()
        this: list[tuple[int, Fact]] = []
        later: list[tuple[int, Fact]] = []
        for entry in waiting:
            name = key(entry[1])
            (later if name in taken else this).append(entry)
            taken.add(name)
        yield this
        waiting = later

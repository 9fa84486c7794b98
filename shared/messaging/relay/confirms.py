"""Keeps account of publisher confirms."""


class Confirms:
    """Which published messages, counted from 1, the broker has confirmed without a gap before them.

    The broker confirms in any order, singly or in groups.
    """

    def __init__(self) -> None:
        self.prefix = 0
        self._ahead: set[int] = set()

    def ack(self, tag: int, *, multiple: bool) -> None:
        """The broker has message `tag`, and with `multiple` every one before it."""
        if multiple:
            self.prefix = max(self.prefix, tag)
            self._ahead = {other for other in self._ahead if other > self.prefix}
        else:
            self._ahead.add(tag)
        while self.prefix + 1 in self._ahead:
            self.prefix += 1
            self._ahead.remove(self.prefix)

"""python -m shared.contracts.golden [--write]: check the golden schemas, or write those of new events and fields."""

import sys

from shared.contracts.catalogue import BY_TYPE
from shared.contracts.golden import Broken, stale, write


def main(arguments: list[str]) -> str | None:
    """An error for the shell, or None when every contract is kept."""
    try:
        changed = stale(BY_TYPE.values())
    except Broken as broken:
        return str(broken)
    if "--write" in arguments:
        for event in changed:
            sys.stdout.write(f"wrote {write(event).name}\n")
        return None
    names = ", ".join(event.routing_key() for event in changed)
    return f"golden schemas to write (--write): {names}" if names else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

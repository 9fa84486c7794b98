"""On how many made-up examples a property is tried: few in every run, for there are many runs; more by `make chaos`."""

import os

MORE = 8


def examples(few: int) -> int:
    """`few`, or several times as many where EXAMPLES asks for it."""
    return few * MORE if os.environ.get("EXAMPLES") == "more" else few

"""What all test processes import is compiled once; on a fresh clone each would do it for itself.

Most of it is pytest's rewriting of asserts: 6 s for each process. It offers no way to do that without running the
modules, hence its private functions; whatever they leave undone, each process does as usual.
"""

import compileall
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

ROOT = Path(__file__).parents[1]


def compile_everything(config: pytest.Config) -> None:
    """Unless nothing may be written."""
    if sys.dont_write_bytecode:
        return
    for folder in ("shared", "services", "intercoop", "tests"):
        compileall.compile_dir(ROOT / folder, quiet=2)
    for name in ("test_*.py", "conftest.py"):
        for path in (ROOT / "tests").rglob(name):
            with suppress(SyntaxError):  # told by the processes, as of any file that can't be collected
                rewrite_asserts(path, config)


def rewrite_asserts(path: Path, config: pytest.Config) -> None:
    """Where pytest will look for it, if it is not there."""
    folder = rewrite.get_cache_dir(path)
    compiled = folder / f"{path.stem}{rewrite.PYC_TAIL}"
    if rewrite._read_pyc(path, compiled) is None and rewrite.try_makedirs(folder):
        digest, code = rewrite._rewrite_test(path, config)
        rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, digest, compiled)

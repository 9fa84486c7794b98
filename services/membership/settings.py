"""What membership needs beyond the settings of every service: where files are kept.

Read before eventlet patches the standard library, so it imports nothing that must be patched first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from services.membership.storage.opening import place_of
from shared import settings
from shared.settings import MissingSetting, required


@dataclass(frozen=True, kw_only=True)
class Settings(settings.Settings):
    """`files_url` is file:///path, a folder that every process of the service sees, or an S3-compatible store."""

    files_url: str = field(repr=False)

    @classmethod
    def from_env(cls, service: str, env: Mapping[str, str]) -> Self:
        common = settings.Settings.from_env(service, env)
        own = cls(**vars(common), files_url=required(env, "FILES_URL"))
        try:
            place_of(own.files_url)
        except ValueError as error:
            raise MissingSetting(f"FILES_URL is not usable: {error}") from error
        return own

"""A register's file, opened by the reader its profile asks for."""

from pathlib import Path

from services.membership.registers.json_file import JsonFile
from services.membership.registers.profile import Profile
from services.membership.registers.reader import RegisterFile


def open_register(path: Path, profile: Profile) -> RegisterFile | JsonFile:
    """The file, as a context manager that gives its rows.

    Raises:
        UnreadableFile: when it can't be read as the profile says; nothing is read then.
    """
    return JsonFile(path, profile) if profile.file.format == "json" else RegisterFile(path, profile)

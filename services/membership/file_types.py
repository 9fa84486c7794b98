"""What kind of file some bytes are: told by what is in them, whatever their name or sender says."""

import zipfile
from typing import IO, Final

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT: Final = "application/vnd.oasis.opendocument.text"

EXTENSIONS = {PDF: "pdf", PNG: "png", JPEG: "jpg", DOCX: "docx", XLSX: "xlsx", ODT: "odt"}
"""The types that are taken, each with the ending its files get."""

_BEGINNINGS = {b"%PDF-": PDF, b"\x89PNG\r\n\x1a\n": PNG, b"\xff\xd8\xff": JPEG}
_OFFICE = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}
_MOST_PARTS = 10_000
_ENTRY: Final = b"PK\x01\x02"
_PIECE = 1024 * 1024


def type_of(file: IO[bytes]) -> str | None:
    """The media type, None where it is none of EXTENSIONS; the file is left at its beginning."""
    file.seek(0)
    beginning = file.read(8)
    found = next((kind for bytes_, kind in _BEGINNINGS.items() if beginning.startswith(bytes_)), None)
    if beginning.startswith(b"PK\x03\x04"):
        found = _type_of_archive(file)
    file.seek(0)
    return found


def _type_of_archive(file: IO[bytes]) -> str | None:
    """Office files are archives; one with macros is a program, and no document."""
    if _has_many_parts(file):
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if any(name.endswith("vbaProject.bin") for name in names):
                return None
            if "mimetype" in names:
                return _open_document(archive)
            if "[Content_Types].xml" in names:
                return next((kind for name, kind in _OFFICE.items() if name in names), None)
    except (
        zipfile.BadZipFile,
        RuntimeError,
        ValueError,
        EOFError,
        OSError,
        OverflowError,
    ):  # RuntimeError: encrypted, or a method unknown; OverflowError: an offset no file has
        return None
    return None


def _has_many_parts(file: IO[bytes]) -> bool:
    """Whether more entries of a directory may be in it than an office file has: reading them is what takes long."""
    file.seek(0)
    found, end = 0, b""
    while found <= _MOST_PARTS and (piece := file.read(_PIECE)):
        looked_at = end + piece
        found += looked_at.count(_ENTRY)
        end = looked_at[1 - len(_ENTRY) :]
    return found > _MOST_PARTS


def _open_document(archive: zipfile.ZipFile) -> str | None:
    info = archive.getinfo("mimetype")
    if info.file_size != len(ODT) or info.compress_type != zipfile.ZIP_STORED:
        return None
    return ODT if archive.read(info) == ODT.encode() else None

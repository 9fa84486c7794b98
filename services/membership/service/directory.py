"""The directory of members as files."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.wrappers import Response

from services.membership import operations, schemas
from services.membership.directory import COLUMNS, Entry, cards, row
from services.membership.formats import csv_table, vcard, xlsx
from services.membership.formats.table import Table, schema
from services.membership.operations.directory import Listing
from services.membership.service.scopes import EXPORT, READ
from shared.database import transaction
from shared.http.call import Call
from shared.http.routing import route
from shared.i18n import gettext

log = logging.getLogger("intercoop.membership")

_MEMBERS = "/v1/directory/members"
TITLE = "Directory of members"


class DirectoryRoutes:
    """Who the members are and how to reach them, to take along.

    Files are written while they are sent, a portion of members at a time; each of those portions is of its own moment.
    """

    @route("GET", f"{_MEMBERS}.csv", scope=EXPORT, query=schemas.DirectoryFilter, produces=csv_table.MEDIA_TYPE)
    def export_members_csv(self, call: Call) -> Response:
        """Members with their contacts as CSV; a text that begins like a formula has an apostrophe in front."""
        found = operations.listing(call.session, **call.query, now=call.now)
        return attached(csv_table.encode(_table(call, found)), csv_table.MEDIA_TYPE, f"members-{found.on}.csv")

    @route("GET", f"{_MEMBERS}.xlsx", scope=EXPORT, query=schemas.DirectoryFilter, produces=xlsx.MEDIA_TYPE)
    def export_members_xlsx(self, call: Call) -> Response:
        """The same rows as a workbook; texts stand in it as they are, and days are days."""
        found = operations.listing(call.session, **call.query, now=call.now)
        title = gettext(call.language, TITLE)
        written = xlsx.encode([_table(call, found)], title=title, now=call.now)
        return attached(written, xlsx.MEDIA_TYPE, f"members-{found.on}.xlsx")

    @route("GET", f"{_MEMBERS}.vcf", scope=EXPORT, query=schemas.DirectoryFilter, produces=vcard.MEDIA_TYPE)
    def export_members_vcard(self, call: Call) -> Response:
        """A card for each organization, by its last membership, and one for each person who acts for it: vCard 4.0."""
        found = operations.listing(call.session, **call.query, one_per_organization=True, now=call.now)
        written = (card for entry in _entries(call, found) for card in cards(entry, call.language))
        return attached(vcard.gathered(written), vcard.MEDIA_TYPE, f"members-{found.on}.vcf")

    @route("GET", f"{_MEMBERS}.schema.json", scope=READ)
    def show_members_schema(self, call: Call) -> dict[str, Any]:
        """The columns of the CSV and the workbook, as Frictionless Table Schema."""
        return schema(COLUMNS)


def attached(written: Iterable[bytes], media_type: str, name: str) -> Response:
    """A file to keep; nobody on the way may keep it."""
    response = Response(_watched(written), content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _watched(written: Iterable[bytes]) -> Iterator[bytes]:
    """A file that breaks off shows by its missing end, and here why: nobody else would say it."""
    try:
        yield from written
    except Exception:
        log.exception("a file broke off")
        raise


def _table(call: Call, found: Listing) -> Table:
    return Table(name="members", columns=COLUMNS, rows=(row(entry) for entry in _entries(call, found)))


def _entries(call: Call, found: Listing) -> Iterator[Entry]:
    """Read when they are written: whoever reads slowly keeps no transaction open."""
    for ids in found.portions():
        with transaction(call.engine) as session:
            read = operations.entries(session, found, ids)
            session.expunge_all()
        yield from read

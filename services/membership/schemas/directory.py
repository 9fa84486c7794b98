"""The directory of members, as callers ask for it."""

from marshmallow import fields

from services.membership.schemas.members import MemberFilter


class DirectoryFilter(MemberFilter):
    """Which members to export. Without a day, as they were announced last; with one, who was a member then.

    Of a day or an instant the standing is computed from what was known; everything else is as it is known now.
    """

    on = fields.Date(metadata={"example": "2026-10-24"})
    known_at = fields.AwareDateTime(metadata={"example": "2026-11-01T00:00:00Z"})

"""Evidence files of statistic declarations, as callers send and get them."""

from marshmallow import Schema, fields, validate


class EvidenceName(Schema):
    """What the file is called."""

    name = fields.String(required=True, validate=validate.Length(1, 300), metadata={"example": "memoria-2026.pdf"})


class _FileSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"example": "memoria-2026.pdf"})
    media_type = fields.String(required=True, metadata={"example": "application/pdf"})
    size = fields.Integer(required=True, metadata={"description": "bytes"})
    sha256 = fields.String(required=True)
    added_at = fields.DateTime(required=True)


class EvidenceResponse(_FileSchema):
    """A file; `media_type` is what its content shows. One taken back says when and by whom."""

    added_by = fields.String(required=True)
    removed_at = fields.DateTime(required=True, allow_none=True)
    removed_by = fields.String(required=True, allow_none=True)


class LinkEvidenceResponse(_FileSchema):
    """A file as who holds a link sees it; `removable` where it came by a link."""

    removable = fields.Boolean(required=True)

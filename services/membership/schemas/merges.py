"""Merges, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.merging import FIELDS, Rule, Side
from services.membership.schemas.organizations import OrganizationReference

_SIDE = validate.OneOf(get_args(Side))
_ANY = {"description": "the field's value: text, a day, or a list", "example": "Cooperativa La Unión Ltda."}


class MergePreviewFilter(Schema):
    """The other organization, which would be known by the survivor's id."""

    loser_id = fields.UUID(required=True)


class MergeFieldResponse(Schema):
    """What a field would have, from which side, by which rule; `explanation` is in the caller's language."""

    field = fields.String(required=True, validate=validate.OneOf(FIELDS), metadata={"example": "name"})
    survivor = fields.Raw(required=True, allow_none=True, metadata=_ANY)
    loser = fields.Raw(required=True, allow_none=True, metadata=_ANY)
    value = fields.Raw(required=True, allow_none=True, metadata=_ANY)
    side = fields.String(required=True, validate=_SIDE, metadata={"example": "survivor"})
    rule = fields.String(required=True, validate=validate.OneOf(get_args(Rule)), metadata={"example": "survivor_has"})
    explanation = fields.String(required=True, metadata={"example": "The survivor's value stands."})


class MergePreviewResponse(Schema):
    """Both organizations, and what the survivor would say after a merge in which nobody chooses."""

    survivor = fields.Nested(OrganizationReference, required=True)
    loser = fields.Nested(OrganizationReference, required=True)
    fields_ = fields.List(fields.Nested(MergeFieldResponse), required=True, data_key="fields", attribute="fields")


class MergeRequest(Schema):
    """The organization that is the same as the addressed one, and why it is thought so.

    `choices` name the side a field's value comes from; lists may come from both. Rules decide the others: the preview
    shows them. `review_item_id` is the pair's item in the review queue; it is decided by this if it was not.
    """

    loser_id = fields.UUID(required=True)
    reason = fields.String(
        required=True, validate=validate.Length(1, 2000), metadata={"example": "same CUIT, call of 4 May"}
    )
    choices = fields.Dict(
        keys=fields.String(validate=validate.OneOf(FIELDS)),
        values=fields.String(validate=_SIDE),
        load_default=dict,
        metadata={"example": {"name": "loser", "sectors": "both"}},
    )
    review_item_id = fields.UUID()


class UndoRequest(Schema):
    """Why the two are two after all."""

    reason = fields.String(
        required=True, validate=validate.Length(1, 2000), metadata={"example": "two villages of one name"}
    )


class MergeFilter(Schema):
    """Which merges to list."""

    organization_id = fields.UUID(metadata={"description": "survivor or loser"})
    undone = fields.Boolean()


class MergeResponse(Schema):
    """A merge: who, when, why, what each field came from, both organizations as they were, what moved.

    Once undone, `kept` says what stays with the survivor because it came after the merge, and `kept_explanation` says
    it in the caller's language.
    """

    id = fields.UUID(required=True, attribute="merge.id")
    survivor_id = fields.UUID(required=True, attribute="merge.survivor_id")
    loser_id = fields.UUID(required=True, attribute="merge.loser_id")
    review_item_id = fields.UUID(required=True, allow_none=True, attribute="merge.review_item_id")
    merged_at = fields.DateTime(required=True, attribute="merge.merged_at")
    merged_by = fields.String(required=True, attribute="merge.merged_by")
    reason = fields.String(required=True, attribute="merge.reason")
    choices = fields.Dict(required=True, keys=fields.String(), attribute="merge.choices")
    snapshot = fields.Dict(required=True, keys=fields.String(), attribute="merge.snapshot")
    moved = fields.Dict(required=True, keys=fields.String(), values=fields.Integer())
    undone_at = fields.DateTime(required=True, allow_none=True, attribute="merge.undone_at")
    undone_by = fields.String(required=True, allow_none=True, attribute="merge.undone_by")
    undo_reason = fields.String(required=True, attribute="merge.undo_reason")
    kept = fields.Dict(required=True, allow_none=True, keys=fields.String(), attribute="merge.kept")
    kept_explanation = fields.String(required=True)
    version = fields.Integer(required=True)

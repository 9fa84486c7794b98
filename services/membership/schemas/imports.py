"""Imports and the vocabulary, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.model.imports import Kind, State


class ImportFilter(Schema):
    """Which imports to list."""

    registry = fields.String(validate=validate.Length(1, 50), metadata={"example": "ar-inaes"})


class ImportResponse(Schema):
    """One reading of a register's file. Each row is counted once: created to rejected add up to rows.

    `missing` organizations of the register were not in the file, `gone` of them were marked so.
    """

    id = fields.UUID(required=True)
    registry = fields.String(required=True, attribute="register")
    profile = fields.String(required=True)
    file = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(get_args(State)))
    started_at = fields.DateTime(required=True)
    finished_at = fields.DateTime(required=True, allow_none=True)
    rows = fields.Integer(required=True)
    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    in_review = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    flagged_identifiers = fields.Integer(required=True)
    missing = fields.Integer(required=True)
    gone = fields.Integer(required=True)


class FindingFilter(Schema):
    """Which rows to list."""

    outcome = fields.String(validate=validate.OneOf(get_args(Kind)), metadata={"example": "rejected"})


class FindingResponse(Schema):
    """What is to be said about a row; `explanation` is in the caller's language."""

    line = fields.Integer(required=True)
    key = fields.String(required=True)
    column = fields.String(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(get_args(Kind)))
    reason = fields.String(required=True)
    explanation = fields.String(required=True)


class TermResponse(Schema):
    """A word of the Alliance: our code, its code in the ESSGlobal vocabulary, its name in the caller's language."""

    code = fields.String(required=True, metadata={"example": "agriculture"})
    ica = fields.String(required=True, metadata={"example": "ICA10"})
    name = fields.String(required=True, metadata={"example": "Agricultura"})


class StructureResponse(TermResponse):
    """A structure, with the degree it has by itself, if it has one."""

    degree = fields.String(required=True, metadata={"example": "primary"})


class VocabularyResponse(Schema):
    """Sectors (economic activities), structures, degrees, and what contacts answer for."""

    sectors = fields.List(fields.Nested(TermResponse), required=True)
    structures = fields.List(fields.Nested(StructureResponse), required=True)
    degrees = fields.List(fields.Nested(TermResponse), required=True)
    contact_roles = fields.List(fields.Nested(TermResponse), required=True)

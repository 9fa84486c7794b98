"""Operators' routes around integrators' keys."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate
from sqlalchemy import select

from shared.http import keys
from shared.http.call import Call
from shared.http.routing import route


class ApiKeyRequest(Schema):
    """Whom the key is for and what it opens."""

    subject = fields.String(
        required=True, validate=validate.Length(1, 200), metadata={"example": "integrator/coop-de-france"}
    )
    scopes = fields.List(
        fields.String(validate=validate.Regexp(r"[a-z_]+(:[a-z_]+)?\Z")),
        required=True,
        validate=validate.Length(1, 20),
        metadata={"example": ["membership:read"]},
    )
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True)


class RotationRequest(Schema):
    """How long the old key goes on working beside the new one."""

    overlap_hours = fields.Integer(load_default=24, validate=validate.Range(0, 24 * 7))


class ApiKeyResponse(Schema):
    """A key without its secret."""

    id = fields.UUID(required=True)
    prefix = fields.String(required=True)
    subject = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = fields.DateTime(required=True)
    created_by = fields.String(required=True)
    expires_at = fields.DateTime(allow_none=True)
    revoked_at = fields.DateTime(allow_none=True)
    replaces = fields.UUID(allow_none=True)


class NewApiKeyResponse(Schema):
    """The key itself, this once."""

    id = fields.UUID(required=True)
    key = fields.String(required=True, metadata={"example": "ick_0f3a9c1b22d4_…"})


class ApiKeyList(Schema):
    items = fields.List(fields.Nested(ApiKeyResponse), required=True)


class ApiKeyRoutes:
    """/ops/api-keys."""

    @route("GET", "/ops/api-keys", scope="ops", returns=ApiKeyList)
    def list_api_keys(self, call: Call) -> dict[str, Any]:
        """Every key ever made, newest first."""
        rows = call.session.execute(select(keys.api_keys).order_by(keys.api_keys.c.id.desc()))
        return {"items": list(rows)}

    @route(
        "POST",
        "/ops/api-keys",
        scope="ops",
        body=ApiKeyRequest,
        returns=NewApiKeyResponse,
        status=201,
        idempotent=False,
    )
    def create_api_key(self, call: Call) -> dict[str, Any]:
        """A key for an integrator. It is shown only in this answer."""
        key_id, key = keys.create_key(call.session, **call.body, actor=call.actor, now=call.now)
        return {"id": key_id, "key": key}

    @route(
        "POST",
        "/ops/api-keys/<uuid:key_id>/rotate",
        scope="ops",
        body=RotationRequest,
        returns=NewApiKeyResponse,
        status=201,
        idempotent=False,
    )
    def rotate_api_key(self, call: Call, *, key_id: UUID) -> dict[str, Any]:
        """A new key for the same integrator; the old one works for a while longer."""
        overlap = timedelta(hours=call.body["overlap_hours"])
        new_id, key = keys.rotate_key(call.session, key_id, overlap=overlap, actor=call.actor, now=call.now)
        return {"id": new_id, "key": key}

    @route("DELETE", "/ops/api-keys/<uuid:key_id>", scope="ops", status=204)
    def revoke_api_key(self, call: Call, *, key_id: UUID) -> None:
        """From now on the key opens nothing."""
        keys.revoke_key(call.session, key_id, now=call.now)

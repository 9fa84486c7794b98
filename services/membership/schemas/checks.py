"""What several schemas check alike."""

from typing import Any, get_args

from marshmallow import fields, validate

from services.membership.identifiers import SCHEME
from services.membership.registers.entries import MAX_LENGTH
from services.membership.vocabulary import SECTORS, STRUCTURES
from shared.contracts.membership import Category, Standing
from shared.i18n import LANGUAGES

COUNTRY = validate.Regexp(r"^[A-Z]{2}\Z", error="Must be two capital letters, as in ISO 3166-1.")
SECTOR = validate.OneOf(list(SECTORS))
STRUCTURE = validate.OneOf(list(STRUCTURES))
LANGUAGE = validate.OneOf(LANGUAGES)
STANDING = validate.OneOf(get_args(Standing))
CATEGORY = validate.OneOf(get_args(Category))
ORG_ID_SCHEME = validate.Regexp(rf"^{SCHEME.pattern}\Z", error="Must be an org-id.guide list code such as AR-CUIT.")
LINE = validate.Length(1, MAX_LENGTH)
TEXT = validate.Length(max=2000)


def line(example: str = "", **options: Any) -> fields.String:
    """Text of one line."""
    return fields.String(validate=validate.Length(max=MAX_LENGTH), metadata={"example": example}, **options)

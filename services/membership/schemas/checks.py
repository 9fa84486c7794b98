"""What several schemas check alike."""

from typing import Any, get_args

from marshmallow import fields, validate

from services.membership.identifiers import SCHEME, Kind
from services.membership.registers.entries import MAX_LENGTH
from services.membership.vocabulary import CONTACT_ROLES, DEGREES, SECTORS, STRUCTURES
from shared.contracts.membership import Category, Standing
from shared.i18n import LANGUAGES

COUNTRY = validate.Regexp(r"^[A-Z]{2}\Z", error="Must be two capital letters, as in ISO 3166-1.")
SECTOR = validate.OneOf(list(SECTORS))
STRUCTURE = validate.OneOf(list(STRUCTURES))
DEGREE = validate.OneOf(list(DEGREES))
CONTACT_ROLE = validate.OneOf(list(CONTACT_ROLES))
IDENTIFIER_KIND = validate.OneOf(get_args(Kind))
LANGUAGE_TAG = validate.Regexp(
    r"^[a-z]{2,3}(-[A-Z]{2})?\Z", error="Must be a language tag of BCP 47 such as es or pt-BR."
)
LANGUAGE = validate.OneOf(LANGUAGES)
STANDING = validate.OneOf(get_args(Standing))
CATEGORY = validate.OneOf(get_args(Category))
ORG_ID_SCHEME = validate.Regexp(rf"^{SCHEME.pattern}\Z", error="Must be an org-id.guide list code such as AR-CUIT.")
LINE = validate.Length(1, MAX_LENGTH)
TEXT = validate.Length(max=2000)


def line(example: str = "", **options: Any) -> fields.String:
    """Text of one line."""
    return fields.String(validate=validate.Length(max=MAX_LENGTH), metadata={"example": example}, **options)

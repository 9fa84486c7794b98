"""Everything that can be done to the membership. Callers own the transaction."""

from services.membership.operations.contacts import add_contact, change_contact, contact_to_change, remove_contact
from services.membership.operations.members import (
    admit_prospect,
    change_standing,
    member,
    member_to_change,
    members,
)
from services.membership.operations.organizations import (
    add_organization,
    organization,
    organization_to_change,
    organizations,
    update_organization,
)
from services.membership.operations.pipeline import board, by_fit, fits_of, load_in_order, today
from services.membership.operations.prospects import (
    advance_prospect,
    history,
    lose_prospect,
    note_prospect,
    open_prospect,
    prospect,
    prospect_to_change,
    prospects,
    reopen_prospect,
    rest_prospect,
    update_prospect,
    wake_prospects,
)
from services.membership.operations.review import review_item, review_item_to_change, review_items
from services.membership.operations.runs import findings, import_run, import_runs
from services.membership.operations.scoring import fit_of

__all__ = [
    "add_contact",
    "add_organization",
    "admit_prospect",
    "advance_prospect",
    "board",
    "by_fit",
    "change_contact",
    "change_standing",
    "contact_to_change",
    "findings",
    "fit_of",
    "fits_of",
    "history",
    "import_run",
    "import_runs",
    "load_in_order",
    "lose_prospect",
    "member",
    "member_to_change",
    "members",
    "note_prospect",
    "open_prospect",
    "organization",
    "organization_to_change",
    "organizations",
    "prospect",
    "prospect_to_change",
    "prospects",
    "remove_contact",
    "reopen_prospect",
    "rest_prospect",
    "review_item",
    "review_item_to_change",
    "review_items",
    "today",
    "update_organization",
    "update_prospect",
    "wake_prospects",
]

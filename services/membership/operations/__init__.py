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
from services.membership.operations.prospects import (
    lose_prospect,
    open_prospect,
    prospect,
    prospect_to_change,
    prospects,
)
from services.membership.operations.review import review_item, review_item_to_change, review_items
from services.membership.operations.runs import findings, import_run, import_runs

__all__ = [
    "add_contact",
    "add_organization",
    "admit_prospect",
    "change_contact",
    "change_standing",
    "contact_to_change",
    "findings",
    "import_run",
    "import_runs",
    "lose_prospect",
    "member",
    "member_to_change",
    "members",
    "open_prospect",
    "organization",
    "organization_to_change",
    "organizations",
    "prospect",
    "prospect_to_change",
    "prospects",
    "remove_contact",
    "review_item",
    "review_item_to_change",
    "review_items",
    "update_organization",
]

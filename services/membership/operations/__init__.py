"""Everything that can be done to the membership. Callers own the transaction."""

from services.membership.operations.affiliations import (
    add_affiliation,
    affiliation_to_change,
    affiliations,
    change_affiliation,
    remove_affiliation,
)
from services.membership.operations.contacts import add_contact, change_contact, contact_to_change, remove_contact
from services.membership.operations.finding import organization, organization_to_change
from services.membership.operations.history import changes
from services.membership.operations.members import (
    admit_prospect,
    change_standing,
    member,
    member_to_change,
    members,
)
from services.membership.operations.merges import (
    merge_of,
    merge_organizations,
    merge_preview,
    merge_to_change,
    merges,
)
from services.membership.operations.organizations import add_organization, organizations, update_organization
from services.membership.operations.prospects import (
    lose_prospect,
    open_prospect,
    prospect,
    prospect_to_change,
    prospects,
)
from services.membership.operations.review import review_item, review_item_to_change, review_items
from services.membership.operations.runs import findings, import_run, import_runs
from services.membership.operations.unmerges import undo_merge

__all__ = [
    "add_affiliation",
    "add_contact",
    "add_organization",
    "admit_prospect",
    "affiliation_to_change",
    "affiliations",
    "change_affiliation",
    "change_contact",
    "change_standing",
    "changes",
    "contact_to_change",
    "findings",
    "import_run",
    "import_runs",
    "lose_prospect",
    "member",
    "member_to_change",
    "members",
    "merge_of",
    "merge_organizations",
    "merge_preview",
    "merge_to_change",
    "merges",
    "open_prospect",
    "organization",
    "organization_to_change",
    "organizations",
    "prospect",
    "prospect_to_change",
    "prospects",
    "remove_affiliation",
    "remove_contact",
    "review_item",
    "review_item_to_change",
    "review_items",
    "undo_merge",
    "update_organization",
]

"""Everything that can be done to the membership. Callers own the transaction."""

from services.membership.operations.attribution import attribution, results_by_source
from services.membership.operations.campaigns import (
    add_prospects,
    campaign,
    campaign_history,
    campaign_results,
    campaign_targets,
    campaign_to_change,
    campaigns,
    change_campaign_state,
    matching_organizations,
    plan_campaign,
    update_campaign,
)
from services.membership.operations.contacts import add_contact, change_contact, contact_to_change, remove_contact
from services.membership.operations.coverage import coverage
from services.membership.operations.funnel import campaign_names, conversion
from services.membership.operations.growth import progress, set_target, target, target_or_none, targets
from services.membership.operations.leads import lead, leads, take_lead
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
    "add_prospects",
    "admit_prospect",
    "advance_prospect",
    "attribution",
    "board",
    "by_fit",
    "campaign",
    "campaign_history",
    "campaign_names",
    "campaign_results",
    "campaign_targets",
    "campaign_to_change",
    "campaigns",
    "change_campaign_state",
    "change_contact",
    "change_standing",
    "contact_to_change",
    "conversion",
    "coverage",
    "findings",
    "fit_of",
    "fits_of",
    "history",
    "import_run",
    "import_runs",
    "lead",
    "leads",
    "load_in_order",
    "lose_prospect",
    "matching_organizations",
    "member",
    "member_to_change",
    "members",
    "note_prospect",
    "open_prospect",
    "organization",
    "organization_to_change",
    "organizations",
    "plan_campaign",
    "progress",
    "prospect",
    "prospect_to_change",
    "prospects",
    "remove_contact",
    "reopen_prospect",
    "rest_prospect",
    "results_by_source",
    "review_item",
    "review_item_to_change",
    "review_items",
    "set_target",
    "take_lead",
    "target",
    "target_or_none",
    "targets",
    "today",
    "update_campaign",
    "update_organization",
    "update_prospect",
    "wake_prospects",
]

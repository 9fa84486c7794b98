"""What membership knows and decides: organizations, prospects, members, imports, reviews."""

from services.membership.model.base import Base
from services.membership.model.imports import Finding, ImportRun, ImportRunning, UnknownImport
from services.membership.model.members import (
    AlreadyMember,
    Member,
    NotAllowedFrom,
    StandingBackdated,
    StandingChange,
    StandingInFuture,
    UnknownMember,
)
from services.membership.model.organizations import (
    Contact,
    Identifier,
    IdentifierTwice,
    Organization,
    OrganizationGone,
    UnknownContact,
    UnknownOrganization,
    Unmatched,
)
from services.membership.model.prospects import AlreadyProspect, Prospect, ProspectClosed, UnknownProspect
from services.membership.model.review import AlreadyDecided, ReviewItem, UnknownReviewItem

__all__ = [
    "AlreadyDecided",
    "AlreadyMember",
    "AlreadyProspect",
    "Base",
    "Contact",
    "Finding",
    "Identifier",
    "IdentifierTwice",
    "ImportRun",
    "ImportRunning",
    "Member",
    "NotAllowedFrom",
    "Organization",
    "OrganizationGone",
    "Prospect",
    "ProspectClosed",
    "ReviewItem",
    "StandingBackdated",
    "StandingChange",
    "StandingInFuture",
    "UnknownContact",
    "UnknownImport",
    "UnknownMember",
    "UnknownOrganization",
    "UnknownProspect",
    "UnknownReviewItem",
    "Unmatched",
]

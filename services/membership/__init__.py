"""Membership: every cooperative known, the ones being won, and the ones that are members.

Owns: organizations, identifiers, contacts, affiliations, merges, prospects, members and their standing, imports of
    registers, reviews
Publishes: ProspectOpened, ProspectLost, MemberAdmitted, MemberUpdated, MemberStandingChanged, ContactChanged,
    RegistryImported, OrganizationMerged, OrganizationUnmerged
Listens to: nothing yet
"""

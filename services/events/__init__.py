"""Events: missions, summits, forums and exchanges (gatherings), and who comes at what price.

Owns: gatherings, registrations; its replicas of members and merges
Publishes: GatheringAnnounced, RegistrationConfirmed
Listens to: MemberAdmitted, MemberUpdated, MemberStandingChanged, OrganizationMerged,
    OrganizationUnmerged (membership)
"""

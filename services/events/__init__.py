"""Events: missions, summits, forums and exchanges (gatherings), and who comes at what price.

Owns: gatherings, registrations, leads; its replicas of members and merges
Publishes: GatheringAnnounced, RegistrationConfirmed, LeadCaptured
Listens to: MemberAdmitted, MemberUpdated, MemberStandingChanged, OrganizationMerged,
    OrganizationUnmerged (membership)
"""

"""Events: missions, summits, forums and exchanges (gatherings), and who comes at what price.

Owns: gatherings, registrations, leads; its replica of members
Publishes: GatheringAnnounced, RegistrationConfirmed, LeadCaptured
Listens to: MemberAdmitted, MemberUpdated, MemberStandingChanged (membership)
"""

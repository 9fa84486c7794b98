"""Events: missions, summits, forums and exchanges (gatherings), and who comes at what price.

Owns: gatherings, registrations; its replica of members
Publishes: GatheringAnnounced, RegistrationConfirmed
Listens to: MemberAdmitted, MemberUpdated, MemberStandingChanged (membership)
"""

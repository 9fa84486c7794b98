"""Funding: who may receive funds of the federation, why not, and the awards that members are offered.

Owns: awards; its replica of members
Publishes: AwardMade, AwardAccepted, AwardDeclined
Listens to: MemberAdmitted, MemberUpdated, MemberStandingChanged (membership)
"""

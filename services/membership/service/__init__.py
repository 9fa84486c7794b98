"""Every way into the membership service, a module per noun."""

from services.membership.service.campaigns import CampaignRoutes
from services.membership.service.coverage import CoverageRoutes
from services.membership.service.imports import ImportRoutes
from services.membership.service.leads import LeadRoutes
from services.membership.service.members import MemberRoutes
from services.membership.service.organizations import OrganizationRoutes
from services.membership.service.pipeline import PipelineRoutes
from services.membership.service.prospects import ProspectRoutes
from services.membership.service.review import ReviewRoutes
from shared.http.standard import StandardRoutes


class MembershipService(
    StandardRoutes,
    OrganizationRoutes,
    ProspectRoutes,
    PipelineRoutes,
    LeadRoutes,
    CampaignRoutes,
    CoverageRoutes,
    MemberRoutes,
    ReviewRoutes,
    ImportRoutes,
):
    """Organizations, prospects, members, and the registers they come from."""

    name = "membership"

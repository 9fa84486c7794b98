"""Every way into the membership service, a module per noun."""

from services.membership.service.accounts import AccountRoutes
from services.membership.service.affiliations import AffiliationRoutes
from services.membership.service.applicant_links import ApplicantLinkRoutes
from services.membership.service.applicant_pages import ApplicantPageRoutes
from services.membership.service.application_documents import ApplicationDocumentRoutes
from services.membership.service.applications import ApplicationRoutes
from services.membership.service.bank import BankRoutes
from services.membership.service.campaigns import CampaignRoutes
from services.membership.service.consents import ConsentRoutes
from services.membership.service.consultation_links import ConsultationLinkRoutes
from services.membership.service.consultation_pages import ConsultationPageRoutes
from services.membership.service.consultations import ConsultationRoutes
from services.membership.service.coverage import CoverageRoutes
from services.membership.service.directory import DirectoryRoutes
from services.membership.service.dues import DuesRoutes
from services.membership.service.dues_runs import DuesRunRoutes
from services.membership.service.engagement import EngagementRoutes
from services.membership.service.facts import FactRoutes
from services.membership.service.formulas import FormulaRoutes
from services.membership.service.growth_report import GrowthReportRoutes
from services.membership.service.imports import ImportRoutes
from services.membership.service.invitations import InvitationRoutes
from services.membership.service.invoice_links import InvoiceLinkRoutes
from services.membership.service.invoices import InvoiceRoutes
from services.membership.service.leads import LeadRoutes
from services.membership.service.members import MemberRoutes
from services.membership.service.merges import MergeRoutes
from services.membership.service.organizations import OrganizationRoutes
from services.membership.service.payments import PaymentRoutes
from services.membership.service.pipeline import PipelineRoutes
from services.membership.service.prospects import ProspectRoutes
from services.membership.service.public_directory import PublicDirectoryRoutes
from services.membership.service.retention import RetentionRoutes
from services.membership.service.review import ReviewRoutes
from services.membership.service.rounds import RoundRoutes
from services.membership.service.simulations import SimulationRoutes
from services.membership.service.standing import StandingRoutes
from services.membership.service.statistic_files import StatisticFileRoutes
from services.membership.service.statistic_links import StatisticLinkRoutes
from services.membership.service.statistic_pages import StatisticPageRoutes
from services.membership.service.statistics import StatisticRoutes
from shared.http.standard import StandardRoutes


class MembershipService(
    StandardRoutes,
    OrganizationRoutes,
    AffiliationRoutes,
    ProspectRoutes,
    PipelineRoutes,
    LeadRoutes,
    CampaignRoutes,
    CoverageRoutes,
    ApplicationRoutes,
    ApplicationDocumentRoutes,
    InvitationRoutes,
    ApplicantLinkRoutes,
    ApplicantPageRoutes,
    ConsultationRoutes,
    ConsultationLinkRoutes,
    ConsultationPageRoutes,
    GrowthReportRoutes,
    MemberRoutes,
    DirectoryRoutes,
    ConsentRoutes,
    PublicDirectoryRoutes,
    FactRoutes,
    StandingRoutes,
    EngagementRoutes,
    RetentionRoutes,
    ReviewRoutes,
    MergeRoutes,
    ImportRoutes,
    RoundRoutes,
    StatisticRoutes,
    StatisticFileRoutes,
    StatisticLinkRoutes,
    StatisticPageRoutes,
    FormulaRoutes,
    DuesRoutes,
    SimulationRoutes,
    DuesRunRoutes,
    InvoiceRoutes,
    InvoiceLinkRoutes,
    PaymentRoutes,
    AccountRoutes,
    BankRoutes,
):
    """Organizations, prospects, members, what they declare and owe, and the registers they come from."""

    name = "membership"

"""The statistic form as a web page, for whoever follows the link in a mail."""

import msgspec
from werkzeug.wrappers import Response

from services.membership import operations, schemas, statistic_form
from services.membership.service.pages import FORM, MOST_BYTES, match_typed, page, sentence, typed_in
from services.membership.service.statistic_links import LINK, opened
from shared.errors import Rejected
from shared.http.call import Call
from shared.http.documentation import HTML
from shared.http.loading import load_body
from shared.http.problems import InvalidInput, PreconditionFailed
from shared.http.routing import route
from shared.i18n import gettext

_FIGURES = schemas.DeclarationRequest()


class StatisticPageRoutes:
    """Declare in a browser, without login."""

    @route("GET", f"{LINK}/form", scope=None, produces=HTML)
    def show_statistic_page(self, call: Call, *, token: str) -> Response:
        """The form as a web page, which is what the link in a mail leads to."""
        return page(call, lambda: _shown(call, token))

    @route("POST", f"{LINK}/form", scope=None, consumes=(FORM,), produces=HTML, max_body=MOST_BYTES)
    def send_statistic_page(self, call: Call, *, token: str) -> Response:
        """What the page sends; what is not right is said on the page."""
        return page(call, lambda: _sent(call, token))


def _shown(call: Call, token: str, notice: str = "", typed: dict[str, str] | None = None) -> str:
    declaration, _ = opened(call, token)
    previous = operations.year_before(call.session, declaration)
    own = statistic_form.known(declaration)
    form = statistic_form.Form(
        declaration=declaration,
        previous=previous,
        typed=typed or own or statistic_form.proposed(previous),
        notice=notice,
    )
    return statistic_form.page(form, call.language)


def _sent(call: Call, token: str) -> str:
    typed = typed_in(call)
    declaration, link = opened(call, token)
    try:
        match_typed(typed, declaration.version)
        figures = load_body(_FIGURES, msgspec.json.encode(statistic_form.read(typed)))
        actor = f"link/{link.id}"
        operations.declare_statistic(call.session, declaration, **figures, actor=actor, now=call.now)
    except (Rejected, InvalidInput, PreconditionFailed) as refusal:
        return _shown(call, token, sentence(refusal, call.language, statistic_form.labels(typed)), typed)
    return _shown(call, token, gettext(call.language, statistic_form.WORDS["thanks"]))

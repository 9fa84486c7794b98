"""The question to a member consulted as a web page, for whoever follows the link in a mail."""

import msgspec
from werkzeug.wrappers import Response

from services.membership import consultation_form, operations, schemas
from services.membership.service.consultation_links import LINK, opened
from services.membership.service.pages import FORM, MOST_BYTES, match_typed, page, sentence, typed_in
from shared.errors import Rejected
from shared.http.call import Call
from shared.http.documentation import HTML
from shared.http.loading import load_body
from shared.http.problems import InvalidInput, PreconditionFailed
from shared.http.routing import route
from shared.i18n import gettext

_OPINION = schemas.OpinionRequest()


class ConsultationPageRoutes:
    """Answer in a browser, without login."""

    @route("GET", f"{LINK}/form", scope=None, produces=HTML)
    def show_opinion_page(self, call: Call, *, token: str) -> Response:
        """The question as a web page, which is what the link in a mail leads to."""
        return page(call, lambda: _shown(call, token))

    @route("POST", f"{LINK}/form", scope=None, consumes=(FORM,), produces=HTML, max_body=MOST_BYTES)
    def send_opinion_page(self, call: Call, *, token: str) -> Response:
        """What the page sends; what is not right is said on the page."""
        return page(call, lambda: _sent(call, token))


def _shown(call: Call, token: str, told: str = "", typed: dict[str, str] | None = None) -> str:
    of, asked, _ = opened(call, token)
    return consultation_form.page(of, asked, call.language, told=told, typed=typed or {})


def _sent(call: Call, token: str) -> str:
    typed = typed_in(call)
    of, asked, link_id = opened(call, token)
    try:
        match_typed(typed, of.version)
        given = {name: typed[name] for name in ("stance", "comment") if name in typed}
        said = load_body(_OPINION, msgspec.json.encode(given))
        operations.say_by_link(call.session, of, asked, **said, link_id=link_id, now=call.now)
    except (Rejected, InvalidInput, PreconditionFailed) as refusal:
        return _shown(call, token, sentence(refusal, call.language), typed)
    return _shown(call, token, gettext(call.language, consultation_form.WORDS["thanks"]))

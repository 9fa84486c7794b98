"""The statistic form as a web page, for whoever follows the link in a mail."""

from uuid import UUID

import msgspec
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from services.membership import operations, schemas, statistic_form
from services.membership.model import SentByStaff, StatisticDeclaration, TooManyFiles, UnknownStatisticFile
from services.membership.service.files import MOST_BYTES
from services.membership.service.pages import FORM, MULTIPART, match_typed, page, sent_in, sentence
from services.membership.service.pages import MOST_BYTES as MOST_TYPED
from services.membership.service.statistic_files import taken_in
from services.membership.service.statistic_links import LINK, actor_of, ensure_signed, opened
from shared.errors import Rejected
from shared.http.call import Call
from shared.http.documentation import HTML
from shared.http.loading import load_body, load_query
from shared.http.problems import InvalidInput, PreconditionFailed
from shared.http.request import Upload
from shared.http.routing import route
from shared.i18n import gettext

_FIGURES, _NAME = schemas.DeclarationRequest(), schemas.EvidenceName()

Typed = dict[str, str]


class StatisticPageRoutes:
    """Declare in a browser, without login."""

    @route("GET", f"{LINK}/form", scope=None, produces=HTML)
    def show_statistic_page(self, call: Call, *, token: str) -> Response:
        """The form as a web page, which is what the link in a mail leads to."""
        return page(call, lambda: _shown(call, token))

    @route(
        "POST",
        f"{LINK}/form",
        scope=None,
        consumes=(FORM, MULTIPART),
        produces=HTML,
        max_body=MOST_BYTES + MOST_TYPED,
        upload=True,
        guard=ensure_signed,
    )
    def send_statistic_page(self, call: Call, *, token: str) -> Response:
        """What the page sends: figures, and a file to add or to remove; what is not right is said on the page."""
        return page(call, lambda: _sent(call, token))


def _shown(call: Call, token: str, notice: str = "", typed: Typed | None = None) -> str:
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
    typed, name, file = sent_in(call, most_typed=MOST_TYPED)
    declaration, link = opened(call, token)
    actor = actor_of(link)
    try:
        match_typed(typed, declaration.version)
        if file:
            taken_in(call, declaration, file, **load_query(_NAME, MultiDict({"name": name})), actor=actor)
        told = _done(call, declaration, typed, file, actor)
    except (Rejected, TooManyFiles, SentByStaff, InvalidInput, PreconditionFailed) as refusal:
        return _shown(call, token, sentence(refusal, call.language, statistic_form.labels(typed)), typed)
    notice = gettext(call.language, statistic_form.WORDS[told])
    return _shown(call, token, notice, None if told == "thanks" else typed)


def _done(call: Call, declaration: StatisticDeclaration, typed: Typed, file: Upload | None, actor: str) -> str:
    """What was done, as the page says it; a file that came with it is there already."""
    if "remove" in typed:
        _remove(call, declaration, typed["remove"], actor)
        return "removed"
    if typed.get("do") == "attach":
        return "attached" if file else "no_file"
    figures = load_body(_FIGURES, msgspec.json.encode(statistic_form.read(typed)))
    operations.declare_statistic(call.session, declaration, **figures, actor=actor, now=call.now)
    return "thanks"


def _remove(call: Call, declaration: StatisticDeclaration, wanted: str, actor: str) -> None:
    try:
        file_id = UUID(wanted)
    except ValueError as error:
        raise UnknownStatisticFile from error
    operations.remove_evidence_by_link(call.session, declaration, file_id=file_id, actor=actor, now=call.now)

"""What a member says to an applicant, as a web page."""

from html import escape
from typing import get_args

from babel import Locale
from babel.dates import format_date

from services.membership.model import MembershipApplication, Opinion
from services.membership.model.consultations import Stance
from services.membership.web_page import document, notice
from shared.i18n import Language, gettext

WORDS = {
    "title": "{applicant} applies for membership",
    "who": "{applicant} ({country}) applies as: {kind}.",
    "ask": "What does {member} say to it? You can answer, and change the answer, until {closes_on}.",
    "silence": "If nothing is said by then, that is recorded, and the application goes on.",
    "comment": "Why? Who objects has to say; otherwise it is up to you.",
    "send": "Send",
    "thanks": "Thank you; the answer has arrived. You can change it here until the day named.",
}
STANCES = {"support": "We support it.", "object": "We object to it.", "abstain": "We abstain."}


def page(of: MembershipApplication, asked: Opinion, language: Language, *, told: str, typed: dict[str, str]) -> str:
    """The whole page; `told` says what happened, `typed` is what was typed, if anything was."""
    assert of.consultation
    applicant, member = of.organization, asked.member.organization.name
    country = Locale(language).territories.get(applicant.country, applicant.country)
    kind = gettext(language, of.form.kinds[of.kind].label)
    closes_on = format_date(of.consultation.closes_on, "long", locale=language)
    parts = [
        _say("who", language, applicant=applicant.name, country=country, kind=kind),
        _say("ask", language, member=member, closes_on=closes_on),
        _say("silence", language),
    ]
    body = "".join(f"<p>{part}</p>" for part in parts)
    title = _say("title", language, applicant=applicant.name)
    return document(title, body + notice(told) + _fields(of, asked, typed, language), language)


def _fields(of: MembershipApplication, asked: Opinion, typed: dict[str, str], language: Language) -> str:
    chosen, comment = typed.get("stance", asked.stance), typed.get("comment", asked.comment)
    radios = "".join(
        f'<p><label><input type="radio" name="stance" value="{stance}" required'
        f"{' checked' if stance == chosen else ''}> {escape(gettext(language, STANCES[stance]))}</label></p>"
        for stance in get_args(Stance)
    )
    text = f'<textarea name="comment" rows="6" cols="60" maxlength="2000">{escape(comment)}</textarea>'
    version = f'<input type="hidden" name="version" value="{of.version}">'
    rest = (
        f"<p><label>{_say('comment', language)}<br>{text}</label></p><p><button>{_say('send', language)}</button></p>"
    )
    return f'<form method="post">{version}{radios}{rest}</form>'


def _say(word: str, language: Language, **params: object) -> str:
    return escape(gettext(language, WORDS[word], **params))

"""Which of the platform's languages a country's organizations are written to in, when nobody said otherwise."""

from shared.i18n import Language

_SPANISH = frozenset("AR BO CL CO CR CU DO EC ES GQ GT HN MX NI PA PE PR PY SV UY VE".split())  # noqa: SIM905 -- a list of codes reads best so
_PORTUGUESE = frozenset("AO BR CV GW MZ PT ST TL".split())  # noqa: SIM905 -- see above


def language_of_country(country: str) -> Language:
    if country in _SPANISH:
        return "es"
    return "pt" if country in _PORTUGUESE else "en"

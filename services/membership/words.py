"""Words of organizations' names in Spanish, Portuguese and English, as `fold` writes them.

Word lists read best as text; each is split once.
"""

LEGAL_FORMS = frozenset(
    """coop coope cooperativa cooperativas cooperative cooperatives cooperativo cooperadora sociedad sociedade soc
    society ltda limitada ltd ldta lda limited responsabilidad responsabilidade suplementada inc incorporated rl srl
    sa sc scl sccl scrl crl scoop cv ca cia compania company corp corporation llc pjs""".split()  # noqa: SIM905 -- word lists
)
"""What the law makes an organization say; it tells nobody apart."""

LITTLE_WORDS = frozenset(
    "a al an and as da das de del do e el en em la las lo los of para por the y".split()  # noqa: SIM905 -- see above
)

WRITTEN_APART = {
    ("co", "op"): "coop",
    ("co", "operative"): "cooperative",
    ("co", "operativa"): "cooperativa",
    ("credit", "union"): "creditunion",
    ("federal", "creditunion"): "creditunion",
    ("nuestra", "senora"): "nuestrasenora",
    ("ntra", "sra"): "nuestrasenora",
    ("nra", "sra"): "nuestrasenora",
    ("nossa", "senhora"): "nossasenhora",
}
"""Two words that are one; an earlier pair's result may begin or end a later one."""

ABBREVIATIONS = {
    "adm": "administracion",
    "agr": "agricola",
    "agric": "agricola",
    "agrop": "agropecuaria",
    "agropec": "agropecuaria",
    "ahorros": "ahorro",
    "aho": "ahorro",
    "asoc": "asociacion",
    "assn": "association",
    "assoc": "association",
    "bros": "brothers",
    "comerc": "comercializacion",
    "conf": "confederacion",
    "confed": "confederacion",
    "coac": "ahorro credito",
    "cons": "consumo",
    "constr": "construccion",
    "creditos": "credito",
    "cred": "credito",
    "cpa": "produccion agropecuaria",
    "cr": "credito",
    "ctral": "central",
    "cu": "creditunion",
    "dept": "department",
    "educ": "educacional",
    "elect": "electrica",
    "electr": "electrica",
    "elec": "electrica",
    "empl": "empleados",
    "fcu": "creditunion",
    "fed": "federacion",
    "gral": "general",
    "hab": "habitacional",
    "hnos": "hermanos",
    "ind": "industrial",
    "intl": "international",
    "mult": "multiple",
    "multiples": "multiple",
    "mun": "municipal",
    "nac": "nacional",
    "natl": "national",
    "nro": "numero",
    "pcial": "provincial",
    "poup": "poupanca",
    "prod": "produccion",
    "prof": "profesor",
    "pub": "publico",
    "publicos": "publico",
    "reg": "regional",
    "serv": "servicio",
    "servicios": "servicio",
    "servicos": "servico",
    "sr": "senor",
    "sra": "senora",
    "sta": "santa",
    "sto": "santo",
    "svcs": "services",
    "svgs": "savings",
    "telef": "telefonica",
    "trab": "trabajo",
    "transp": "transporte",
    "transportes": "transporte",
    "univ": "university",
    "viv": "vivienda",
    "viviendas": "vivienda",
}
"""What people write for a word or two, and its plural where both are common, to the form that is compared."""

ACTIVITIES = frozenset(
    """agraria agricola agrario agricultural agropecuaria agropecuario ahorro artesanal comercializacion
    comercializacao construccion construcao consumer consumers consumo credito credit creditunion dairy educacional
    educativa electric electrica electricidad electrificacion eletrica eletrificacao energia farmaceutica fishing
    forestal ganadera ganadero habitacional health housing industrial insurance laticinios lechera loan marketing
    mineira minera mining multiple obra obras pesca pesquera poupanca produccion producao production provision
    provisao publico rural salud saude savings seguros service services servicio servico social tambera trabajo
    trabalho transport transporte transportation turismo vivienda worker workers""".split()  # noqa: SIM905 -- see above
)
"""What an organization does. Beside another word it tells less: it is often left out, and added as it grows."""

"""Tell from its words whether a text is about news, law, education, art, medicine or language."""

import re

from filters.text_analysis.context_rule import ContextRule

# Words of education, news, law and help, which also write about pornography and abuse.
_INSTRUCTIVE = ContextRule(
    re.compile(
        r"\b(?:addict(?:ion|ed)?|recovery|against|ban(?:s|ned)?|prevent(?:ion|ing)?|protect(?:ion|ing)?|"
        r"awareness|police|court|trial|arrest(?:ed|s)?|jailed|charged|convicted|sentenced|accused|"
        r"prosecutors?|laws?|charity|hotline|helpline|survivors?|victims?|study|studies|research|"
        r"education|therapy|documentary|report(?:ed|s)?|debate|combat(?:ing)?|fight(?:ing)?|"
        r"policía|polizei|verurteilt|condenad[oa]|condamné|arrestato|полиция)\b|逮捕|防止|预防|警察"
    ),
    examples=(
        " police warn against fraud ",
        " victims of abuse ",
        " 防止犯罪 ",
    ),
    counterexamples=(
        " a policeman's red star ",
        " a banner ",
        " lawn mower ",
    ),
)
# Words of art and medicine, which also show nude bodies.
_ART_OR_MEDICINE = ContextRule(
    re.compile(
        r"\b(?:painting|sculpture|statue|fresco|oil on canvas|museum|gallery|renaissance|drawing|"
        r"cherubs?|putt[io]|anatomy|anatomical|medical|health|breastfeeding|bath|gemälde|peinture|"
        r"organs?|cancer|diseases?|symptoms?|doctors?|gyn(?:a)?ecolog(?:y|ist|ical)|"
        r"urolog(?:y|ist|ical)|"
        r"surgery|hiv|stds?|infections?|contracepti(?:on|ve)|pregnan(?:t|cy)|fertility|biology|reproductive|"
        r"physiology|textbook|diagram|hormones?|puberty|midwife|clinic|whales?|species|zoology|"
        r"pintura|dipinto)\b|绘画|絵画"
    ),
    examples=(
        " an oil on canvas ",
        " breast cancer ",
        " an anatomical diagram ",
        " 绘画 ",
    ),
    counterexamples=(
        " a bathroom ",
        " a painted house ",
    ),
)
# Words of health, sex education and dictionaries, which name sexual acts too. They do not lower
# the score `sexual_minors`.
_HEALTH_OR_LANGUAGE = ContextRule(
    re.compile(
        r"\b(?:gonorr?h?[eoöé]\w*|tripper|syphilis|s[ií]filis|sifilide|chlamydia|herpes|hpv|"
        r"aids|vih|"
        r"sida|condoms?|kondome?n?|preservativ[oi]s?|préservatifs?|camisinhas?|verhütung|anticonceptiv\w+|"
        r"sexually transmitted|transmit(?:s|ted)?|transmi(?:te|ten|tir|tem|se)|"
        r"transmet(?:tre|tent)?|trasmette(?:re)?|übertragen|überträgt|infecci(?:ón|ones)|infecç(?:ão|ões)|infezion[ei]|"
        r"infektion(?:en)?|enfermedad(?:es)?|doenças?|maladies?|malatti[ae]|krankheit(?:en)?|"
        r"médic[oa]s?|medic[oi]|médecins?|ärzt(?:e|in|innen)|arzt|urólog[oa]s?|urologue|"
        r"urologe|clínica|clinique|klinik|gesundheit|salud|saúde|salute|santé|"
        r"fertili(?:dad|dade|té|tà)|fruchtbarkeit|schwanger(?:schaft)?|embarazo|gravidez|"
        r"grossesse|gravidanza|parto|accouchement|geburt|tratamiento|tratamento|traitement|behandlung|"
        r"educación|educação|éducation|educazione|sexualkunde|aufklärung|estudios?|estudo|étude|"
        r"studie|researchers?|chercheurs|ricercatori|pesquisadores|investigadores|forscher|"
        r"anatómic[oa]|anatômic[oa]|anatomique|anatomic[oi]|anatomische[rnms]?|"
        r"the word|la palabra|a palavra|le mot|la parola|das wort|слово|etymology|"
        r"гоноре\w+|сифилис\w*|вич|презерватив\w*|врач(?:а|и|ей|у)?|болезн\w+|инфекци\w+|"
        r"заболевани\w+|здоровь\w+|лечени\w+|беременност\w+|воспитани\w+|исследовани\w+|ученые|"
        r"анатомическ\w+)\b"
        r"|淋病|梅毒|艾滋|性病|传播|傳播|感染|安全套|避孕|避妊|コンドーム|性教育|解剖|泌尿|不孕|怀孕|妊娠|"
        r"疾病|病気|症状|医师|医師|医生建议|治疗|治療|研究|论文|論文|教科書|教科书|课本"
    ),
    examples=(
        " oral sex can transmit gonorrhea ",
        " condoms protect ",
        " la palabra viene del latín ",
        " предупреждает врач ",
        " 性教育课本 ",
    ),
    counterexamples=(
        " a busty latina ",
        " the nurse of the clinics ",
        " wordless ",
    ),
)

# Words of guides, laws, essays and art about pornography. They count only in texts whose sexual
# terms all name pornography as a topic: see term_scores.
_ABOUT_PORNOGRAPHY = ContextRule(
    re.compile(
        r"\b(?:block(?:s|ed|ing)?|filter(?:s|ed|ing)?|parental|parents?|teachers?|schools?|"
        r"router|age (?:checks?|verification|limits?)|addict\w*|addiction|quit(?:ting)?|habit|"
        r"harm(?:s|ful)? (?:of|to|for)|affects?|effects? (?:of|on)|impacts? (?:of|on)|"
        r"influences? (?:of|on)|exposure to|industry|"
        r"former|ex|retired|career|talk(?:s|ed|ing)? (?:to|with|about)|speak(?:s|ing)? (?:to|"
        r"with|about|out)|stop(?:s|ped)?|cinema|poster|thesis|essay|feminis[mt]s?|history of|"
        r"senators?|lawmakers?|laws?|bill|campaign|activists?|psychologists?|therap\w+|consent|"
        r"church|warn(?:s|ed|ing)? (?:of|about|against|that)|dangers? of|ban(?:s|ned)?|"
        r"revenge porn|consumption|"
        r"keep(?:s|ing)? .{1,30} (?:off|from|away)|eltern|sucht|gesetz|sperren|jugendschutz|"
        r"schutz|filtern|lehrer|padres|adicción|bloquear|filtro|ley|proteger|dipendenza|"
        r"art school|festival|arte|kunst|museu|museo|musée|literatur|"
        r"genitori|bloccare|legge|vício|pais|proteção|lei|dépendance|bloquer|loi|protéger|"
        r"зависимост\w+|родител\w+|закон\w*|блокиров\w+)\b|沉迷|成瘾|家长|屏蔽|依存|保護者|規制|フィルタ"
    ),
    examples=(
        " how to block porn on a phone ",
        " parents talk about pornography ",
        " the former porn star ",
        " keep teenagers off porn ",
        " 家长如何屏蔽色情网站 ",
    ),
    counterexamples=(
        " free porn for you ",
        " blockbuster porn ",
        " teen porn ",
    ),
)
_PORNOGRAPHY = r"(?:porn|pornography|pornographic (?:content|material|sites?|videos?))"
# Phrases of those who protect children from pornography, with pornography as their object.
_PROTECTIVE = ContextRule(
    re.compile(
        rf"\b(?:block|filter|ban)(?:s|ed|n?ed|n?ing)? (?:out |all |online )*{_PORNOGRAPHY}\b"
        rf"|\b{_PORNOGRAPHY} (?:affects?|harms?|hurts?|damages?)\b"
        rf"|\b(?:talk|speak)(?:s|ed|ing)? (?:to|with) (?:\w+ ){{1,3}}about {_PORNOGRAPHY}\b"
        rf"|\b(?:protect|keep|shield)(?:s|ed|ing)? (?:\w+ ){{1,3}}(?:from|off|away from) "
        rf"(?:online )?{_PORNOGRAPHY}\b"
    ),
    examples=(
        " block porn on your child's phone ",
        " parents talk to kids about porn ",
        " how porn affects teenagers ",
        " keep your children away from online pornography ",
    ),
    counterexamples=(
        " former teacher ",
        " porn with kids ",
        " kids porn block ",
        " kids film porn at home, huge impact ",
        " girls in the dorm block make porn ",
    ),
)
# Words of offers of pornography.
_OFFERING = ContextRule(
    re.compile(
        r"\bporn\w* (?:with|of|featuring|involving|starring|by|from)\b"
        r"|\b(?:free|videos?|watch|downloads?|pics?|photos?|pictures|images|hd|xxx|tube|clips?|links?|"
        r"telegram|trade|collection|pack|hot|horny|sexy|nude|naked|gratis|kostenlos|бесплатно)\b"
    ),
    examples=(
        " free porn ",
        " porn with ",
        " hot ",
    ),
    counterexamples=(
        " how porn affects ",
        " a hotel ",
    ),
)

FACTUAL_RULES = {
    "protective": _PROTECTIVE,
    "offering": _OFFERING,
    "about_pornography": _ABOUT_PORNOGRAPHY,
    "instructive": _INSTRUCTIVE,
    "art_or_medicine": _ART_OR_MEDICINE,
    "health_or_language": _HEALTH_OR_LANGUAGE,
}


def is_instructive(variant: str) -> bool:
    """Return whether a variant has words of education, news, law or help."""
    return bool(_INSTRUCTIVE.regex.search(variant))


def is_about_art_or_medicine(variant: str) -> bool:
    """Return whether a variant has words of art or medicine."""
    return bool(_ART_OR_MEDICINE.regex.search(variant))


def is_about_health_or_language(variant: str) -> bool:
    """Return whether a variant has words of health, sex education or dictionaries."""
    return bool(_HEALTH_OR_LANGUAGE.regex.search(variant))


def is_about_pornography(variant: str) -> bool:
    """Return whether a variant has words of texts about pornography, and none of offers."""
    return bool(_ABOUT_PORNOGRAPHY.regex.search(variant)) and not is_offer(variant)


def is_offer(variant: str) -> bool:
    """Return whether a variant has words of offers of pornography."""
    return bool(_OFFERING.regex.search(variant))


def is_protective(variant: str, start: int, end: int) -> bool:
    """Return whether the word at [start, end) is what somebody protects children from."""
    phrases = _PROTECTIVE.regex.finditer(variant)
    return any(each.start() <= start and end <= each.end() for each in phrases)

"""Words that stand before or behind a telephone number, by language."""

import re

from filters.text_analysis.recognizers.context_words import ContextWords

# Whole words, as regular expressions; an underscore stands for a space that may be missing.
_LABELS = {
    "international": r"tels? ph fax gsm sms whats_?app wa\.me wa viber telegram hotline hp[.:]",
    "en": "telephones? phones? mobiles? mob cell cell_phone calls? ring text dial contact reach",
    "nl": "bereik(?:t|baar|en) telefoon telefoonnummer bel mobiel mobiele mobielnummer",
    "de": "telefon telefonnummer rufnummer ruf anruf anrufen handy handynummer mobil mobilnummer",
    "fr": "t[ée]l[ée]phone t[ée]l portable appelez appeler joindre joignable",
    "es": "tel[ée]fono tfno ll[áa]m(?:a|e|en|anos|enos|ame) m[óo]vil celular contacto",
    "pt": "telefone telef telem[óo]vel ligue celular zap contato",
    "it": "telefono cellulare chiama chiamare chiamate chiamateci chiamaci contatti",
    "pl": "telefonu telefonem telefony kom kom[óo]rka kom[óo]rkowy zadzwo[ńn] dzwo[ńn]",
    "cs": r"telefonn[íi] volejte mobiln[íi] tel\._?č",
    "ro": "suna[țţt]i mobilul",
    "hu": "telefonsz[áa]m mobilsz[áa]m h[íi]vja h[íi]vjon",
    "tr": "telefonu cep aray[ıi]n aray[ıi]n[ıi]z",
    "id": "telp telepon telpon hubungi ponsel",
    "vi": "s?[đd]t [đd]i[ệe]n_tho[ạa]i g[ọo]i li[êe]n_h[ệe]",
    "sv": "tfn ring telefonnummer mobiltelefon",
    "da": "tlf mobilnr telefonnr",
    "fi": "puh puhelin matkapuhelin puhelinnumero soita gsm",
    "ru": "тел(?:ефон(?:а|у|ы|ов)?)? моб(?:ильный)? звони(?:те)? позвоните",
    "uk": "телефону мобільний дзвон[іи]ть подзвоніть",
    "bg": "обадете_се мобилен",
    "own": "(?:my|our)_number_is mijn_nummer_is mein(?:e)?_nummer_ist unsere_nummer_ist "
    "(?:mon|notre)_num[ée]ro_est (?:mi|nuestro)_n[úu]mero_es (?:meu|nosso)_n[úu]mero_[ée] "
    "(?:mio|nostro)_numero_[èe] m[óo]j_numer_to numaram[ıi]z numaram (?:mitt|vårt)_nummer_är "
    "(?:mit|vores)_nummer_er numeroni_on numeromme_on moje_číslo_je naše_číslo_je számom számunk "
    "num[ăa]rul_(?:meu|nostru)_este (?:мой|наш)_номер (?:мій|наш)_номер μου_είναι số_của_tôi_là "
    "nomor_(?:saya|kami)",
    "el": "τηλ(?:[έε]φωνο)? κιν(?:ητ[όο])? καλέστε",
}
# In scripts without spaces, or with words that others are glued to.
_GLUED_LABELS = (
    "☎ 📞 📱 ✆ 電話 电话 手机 手機 携帯 联系方式 致电 お問い合わせ 전화 휴대폰 핸드폰 연락처 문의 "
    "هاتف جوال موبايل تلفون اتصل טלפון נייד טל['’:] התקשר फोन फ़ोन मोबाइल संपर्क कॉल "
    "โทร เบอร์ มือถือ ติดต่อ दूरभाष 番号は 我的号码 我的號碼 번호는 رقمي رقمنا मेरा_नंबर हमारा_नंबर"
)
# Between a label and its number, besides the words that stand before every kind of number.
_LINKS = (
    "ons nous oss os do_mnie do_nas le la les il lo a an op via para pe con sur unter mich uns "
    "me now today ngay even sunt "
    "для справок на говорить číslo cislo szám numărul nummeret numeret numeron"
)
_GLUED_LINKS = "هو على عبر رقم על नंबर करें पर 번호 หมายเลข"

# Behind a number: in brackets, or at the end of a line or of an item of a list.
_PLACE = (
    r"(?:office|home|mobile|mob|cell|fax|tel|phone|work|direct|whats ?app|wa|sms|handy|mobil|büro"
    r"|priv(?:at|é)|domicile|fixe|portable|bureau|móvil|oficina|casa|trabajo|офис|моб|дом|раб|факс"
    r"|kantoor|kantor|biuro|γραφείο|escritório|ufficio|ofis|kontor(?:et)?|toimisto|kancelář|iroda"
    r"|birou|офіс|рабочий|สำนักงาน[\u0e00-\u0e7f]*|văn phòng|办公室|辦公室|事務所|المكتب|مكتب"
    r"|कार्यालय"
    r"|携帯|手机|手機|自宅|会社|사무실|집|[homwft])"
)


def _any_of(words: str) -> str:
    """Return a regular expression for any of the words, which tries those with one first letter.

    A search for 300 alternatives in turn takes three times as long.
    """
    by_letter: dict[str, list[str]] = {}
    alternatives: list[str] = []
    for word in (word.replace("_", " ?") for word in words.split()):
        if word[0].isalpha() and word[1:2] not in ("?", "*"):
            by_letter.setdefault(word[0], []).append(word[1:])
        else:
            alternatives.append(word)
    alternatives += (f"{letter}(?:{'|'.join(rest)})" for letter, rest in by_letter.items())
    return "|".join(alternatives)


PHONE_LABELS = ContextWords(
    rf"\b(?:{_any_of(' '.join(_LABELS.values()))})(?!\w)|{_any_of(_GLUED_LABELS)}",
    links=rf"\b(?:{_any_of(_LINKS)})\b|{_any_of(_GLUED_LINKS)}",
)
PLACE_IN_BRACKETS = re.compile(rf"\s?[(\[]\s?{_PLACE}\.?\s?[)\]]", re.IGNORECASE)
PLACE_AT_END = re.compile(rf"\s?[-,:]?\s{_PLACE}\b\.?\s*(?=[,;/|\n]|\Z)", re.IGNORECASE)
EXTENSION = re.compile(
    r"(?:x|[, ]{1,2}x(?=\d\d)"
    r"|[, ]{0,2}(?:ext(?:n|ension)?\.?|доб\.?|poste|durchwahl|dw|int\.|wew\.?) ?)"
    r"\d{1,6}(?![A-Za-z0-9_])",
    re.IGNORECASE,
)

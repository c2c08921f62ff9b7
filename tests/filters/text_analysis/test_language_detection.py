"""Detected languages are right where certain; texts without evidence stay uncertain."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.filters.language_captions import generated, written
from filters.text_analysis.language_detection import (
    _detect,
    detect_language,
    is_in_languages,
    is_supported,
    most_likely_language,
)
from filters.text_analysis.language_models import KNOWN_LANGUAGES
from filters.text_analysis.language_tables import (
    CYRILLIC_LETTERS,
    NEIGHBORS,
    NOT_RUSSIAN,
    RUSSIAN_ONLY,
    SUPPORTED_LANGUAGES,
    SupportedLanguage,
)
from filters.text_analysis.scripts import LANGUAGE_OF_SCRIPT
from schemas.sample import Text

CAPTIONS = [
    ("en", "A red car parked in front of a house"),
    ("en", "Woman holding an umbrella in the rain"),
    ("en", "Two dogs playing on the beach at sunset"),
    ("es", "Un coche rojo aparcado delante de una casa"),
    ("es", "Mujer con un paraguas bajo la lluvia"),
    ("es", "Dos perros jugando en la playa al atardecer"),
    ("de", "Ein rotes Auto vor einem Haus"),
    ("de", "Frau mit Regenschirm im Regen"),
    ("de", "Zwei Hunde spielen am Strand bei Sonnenuntergang"),
    ("fr", "Une voiture rouge garée devant une maison"),
    ("fr", "Femme tenant un parapluie sous la pluie"),
    ("fr", "Deux chiens jouent sur la plage au coucher du soleil"),
    ("pt", "Um carro vermelho estacionado em frente de uma casa"),
    ("pt", "Mulher com um guarda-chuva na chuva"),
    ("pt", "Dois cães brincando na praia ao pôr do sol"),
    ("it", "Una macchina rossa parcheggiata davanti a una casa"),
    ("it", "Donna con un ombrello sotto la pioggia"),
    ("it", "Due cani che giocano sulla spiaggia al tramonto"),
    ("nl", "Een rode auto voor een huis"),
    ("nl", "Vrouw met een paraplu in de regen"),
    ("nl", "Twee honden spelen op het strand"),
    ("ru", "Женщина с зонтом под дождём"),
    ("ru", "Две собаки играют на пляже"),
    ("ru", "Винтажная кожаная сумка"),
    ("uk", "Жінка з парасолькою під дощем"),
    ("uk", "Дві собаки граються на пляжі"),
    ("uk", "Як приготувати шоколадне печиво"),
    ("zh", "停在房子前面的红色汽车"),
    ("zh", "雨中打伞的女人"),
    ("zh", "两只狗在海滩上玩耍"),
    ("ja", "家の前に停まっている赤い車"),
    ("ja", "雨の中で傘を持つ女性"),
    ("ja", "海辺で遊ぶ二匹の犬"),
    ("ar", "امرأة تحمل مظلة تحت المطر"),
    ("ar", "كلبان يلعبان على الشاطئ"),
    ("pl", "Czerwony samochód przed domem"),
    ("pl", "Kobieta z parasolem w deszczu"),
    ("pl", "Dwa psy bawią się na plaży"),
    ("tr", "Bir evin önünde kırmızı araba"),
    ("tr", "Yağmurda şemsiye tutan kadın"),
    ("tr", "Sahilde oynayan iki köpek"),
    ("vi", "Một chiếc xe đỏ trước ngôi nhà"),
    ("vi", "Hai con chó chơi trên bãi biển"),
    ("id", "Mobil merah di depan rumah"),
    ("id", "Dua anjing bermain di pantai"),
    ("sv", "En röd bil framför ett hus"),
]


@pytest.mark.parametrize(("language", "caption"), CAPTIONS)
def test_captions(language: str, caption: str) -> None:
    assert detect_language(caption) == language
    assert most_likely_language(caption) == language
    assert is_supported(Text(caption), SUPPORTED_LANGUAGES) == (language in SUPPORTED_LANGUAGES)


# Captions that were taken for a neighbor: Wu, Aragonese, Luxembourgish, Nigerian Pidgin, Galician,
# Bulgarian, Macedonian, Ukrainian.
TAKEN_FOR_NEIGHBORS = [
    ("zh", "几名男子在搭帐篷。"),
    ("es", "un hombre con casco sube con su monopatín por una rampa"),
    ("de", "Zwei Männer beim Klettern."),
    ("en", "Daily Horoscope October 12, 2014 for all Zodiac signs"),
    ("zh", "三個小孩在公園裡放風箏"),
    ("es", "Un niño cae en la nieve"),
    ("es", "Perros corriendo por el campo nevado"),
    ("de", "Ein Kind beim Malen"),
    ("ru", "Дети красят забор около дома"),
    ("ru", "Карта средних осадков по областям"),
    ("ru", "Утка плавает на пруду около парка"),
    ("en", "Two boys playing ball, the man said"),
]


@pytest.mark.parametrize(("language", "caption"), TAKEN_FOR_NEIGHBORS)
def test_captions_are_not_taken_for_neighbors(language: SupportedLanguage, caption: str) -> None:
    assert is_supported(Text(caption), (language,))
    assert detect_language(caption) in (language, "")


def test_no_caption_of_a_supported_language_is_lost() -> None:
    """Less than 0.1 %: at most one of 1,350."""
    captions = [*generated(50), *written("tuned"), *written("held out")]
    supported = [caption for caption in captions if caption.language in SUPPORTED_LANGUAGES]
    assert len(supported) >= 1350
    lost = [c for c in supported if not is_supported(Text(c.text), SUPPORTED_LANGUAGES)]
    assert lost == []
    wrong = [c for c in supported if detect_language(c.text) not in (c.language, "")]
    assert len(wrong) < 0.01 * len(supported)


def test_captions_of_unsupported_languages_are_not_judged() -> None:
    captions = [*written("tuned"), *written("held out")]
    foreign = [caption for caption in captions if caption.language not in SUPPORTED_LANGUAGES]
    assert len({caption.language for caption in foreign}) >= 15
    passed = [c for c in foreign if is_supported(Text(c.text), SUPPORTED_LANGUAGES)]
    assert len(passed) <= 0.02 * len(foreign)
    # Of the languages that no model knows, or that are written without their accents, too.
    for language in ("hi-Latn", "tl", "id", "sw", "yo"):
        assert not [caption for caption in passed if caption.language == language]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("빨간 차", "ko"),
        ("รถ", "th"),
        ("σκύλος", "el"),
        ("כלב", "he"),
        ("ძაღლი", "ka"),
        ("շուն", "hy"),
        ("நாய்", "ta"),
        ("狗追鹿。", ""),  # or Japanese without Kana
        ("一只狗追鹿。", "zh"),
        ("優の良品專賣店", "zh"),  # a single Kana is a decoration
        ("犬が走る", "ja"),
        ("ドッグ", "ja"),
        ("iPhone 手机保护壳新款", "zh"),
        ("Пес біжить", "uk"),
        ("Дзяўчынка", "be"),
        ("Ѓорѓи оди дома", "mk"),
        ("Пас трчи ка њему", "sr"),
        ("Ескі үйдің алдында тұрған қызыл көлік", "kk"),
        ("Хуучин байшингийн өмнө улаан машин зогсож байна", "mn"),
    ],
)
def test_scripts_and_letters_of_one_language_decide(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_two_foreign_letters_do_not_turn_russian_into_ukrainian() -> None:
    text = "Новый магазин «Їжа» открылся на соседней улице, и мы его посетили"
    assert is_supported(Text(text), ("ru",))


@pytest.mark.parametrize(
    "text",
    [
        "dilli ke purane bazaar mein garam jalebi bech raha tha halwai",  # Hindi
        "mera bhai kal subah gaadi lekar nikla tha",
        "qonqoro brizant melfu sontaka drivelun pastoki",  # no language
    ],
)
def test_a_text_of_many_words_in_no_known_language_is_not_judged(text: str) -> None:
    assert not is_supported(Text(text), SUPPORTED_LANGUAGES)
    assert not is_in_languages(Text(text), ["en", "de"])


def test_neighbors_are_known_languages_of_the_same_script() -> None:
    assert NEIGHBORS.keys() <= KNOWN_LANGUAGES
    assert not NEIGHBORS.keys() & {*SUPPORTED_LANGUAGES}
    assert {*LANGUAGE_OF_SCRIPT.values()} <= KNOWN_LANGUAGES
    assert NOT_RUSSIAN.isdisjoint(RUSSIAN_ONLY)
    assert all(NOT_RUSSIAN.issuperset(letters) for letters in CYRILLIC_LETTERS.values())


@pytest.mark.parametrize("text", ["\0", "a\0b the \0 red house and the garden", "\ud800 a b c d"])
def test_characters_that_eldc_refuses_or_stops_at(text: str) -> None:
    assert detect_language(text) in ("", "en")


@pytest.mark.parametrize(
    "text",
    ["", "   ", "😀😀😀", "12345", "DSC_0042.JPG", "Nike Air Max 90", "rotes Auto",
     "Rolex Submariner 116610LN", "iPhone 13 Pro Max 256GB Sierra",
     "https://example.com/de/urlaub/ferienwohnung-am-see-mit-garten.jpg",
     "IMG_2034", "WhatsApp Image 2020-03-11 at 10.22.33", "Audi A4 Avant Quattro 2.0 TDI",
     "Samsung Galaxy S22 Ultra 5G SM-S908B", "Bosch GSR 18V-55 Professional",
     "Lionel Messi Cristiano Ronaldo Neymar Kylian Mbappe", "jpg png gif", "XL XXL XXXL"],
)  # fmt: skip
def test_texts_with_too_little_evidence_are_uncertain_and_judged(text: str) -> None:
    assert detect_language(text) == ""
    assert is_supported(Text(text), ("en",))


def test_texts_without_letters_have_no_most_likely_language() -> None:
    assert most_likely_language("12 - 34 😀") == ""


@pytest.mark.parametrize(
    ("text", "covered"), [("سيارة", False), ("빨간 차", False), ("машина", True), ("รถ", False)]
)
def test_scripts_decide_where_words_do_not(text: str, covered: bool) -> None:
    assert is_supported(Text(text), SUPPORTED_LANGUAGES) == covered


def test_half_of_the_letters_may_be_of_another_script() -> None:
    assert is_supported(Text("car بيت"), ("en",))
    assert not is_supported(Text("car بيتي"), ("en",))


def test_the_end_of_long_texts_is_ignored() -> None:
    english = "A red car parked in front of the house. " * 25
    assert len(english) == 1000
    assert detect_language(english + "Ein rotes Auto vor einem alten Haus. " * 1000) == "en"


@given(st.text())
def test_the_answer_is_the_same_every_time(text: str) -> None:
    assert detect_language(text) == detect_language("".join(text))
    assert most_likely_language(text) == most_likely_language("".join(text))
    first = _detect(text)
    _detect.cache_clear()
    assert _detect(text) == first


@pytest.mark.parametrize(("language", "caption"), CAPTIONS)
def test_normal_forms_do_not_matter(language: str, caption: str) -> None:
    assert detect_language(unicodedata.normalize("NFD", caption)) == language

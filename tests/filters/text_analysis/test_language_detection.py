"""Detected languages are right where certain; texts without evidence stay uncertain."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.text_analysis.language_detection import (
    SUPPORTED_LANGUAGES,
    detect_language,
    is_supported,
    most_likely_language,
)
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


@pytest.mark.parametrize(
    "text",
    ["", "   ", "😀😀😀", "12345", "DSC_0042.JPG", "Nike Air Max 90", "rotes Auto",
     "Rolex Submariner 116610LN", "iPhone 13 Pro Max 256GB Sierra",
     "https://example.com/de/urlaub/ferienwohnung-am-see-mit-garten.jpg"],
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


@pytest.mark.parametrize(("language", "caption"), CAPTIONS)
def test_normal_forms_do_not_matter(language: str, caption: str) -> None:
    assert detect_language(unicodedata.normalize("NFD", caption)) == language

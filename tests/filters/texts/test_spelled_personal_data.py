"""Digits as words or letters, and words for @ and the dot, do not hide personal data."""

import pytest

from filters.text_analysis.normalization import NormalizedText
from filters.text_analysis.recognizers.table import RECOGNIZERS
from filters.text_analysis.redaction import merge
from filters.text_analysis.spelled_digits import decode_digits
from filters.texts.personal_data import find_matches


def found(text: str) -> list[tuple[str, str]]:
    matches = merge(find_matches(text, RECOGNIZERS))
    return [(match.infotype, text[match.start : match.end]) for match in matches]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Call me: {}", "four one five, seven three eight, two nine one six"),
        ("Call me: {}!", "FOUR-ONE-FIVE-SEVEN-THREE-EIGHT-TWO"),
        ("Call me: {}", "four.one.five.seven.three.eight.two.nine.one.six"),
        ("Tel: {} x", "four 1 five 738 two nine one six"),
        ("Write to {} now", "+four nine one seven one three eight four seven two nine six"),
        ("Write to {}", "plus four nine one seven one three eight four seven two nine six"),
        ("Teléfono: {}", "nueve uno cuatro, tres siete dos ocho uno seis"),
        ("Telefon: {}", "null eins sieben eins drei acht vier sieben zwo neun sechs"),
        ("Téléphone : {}", "zéro six sept deux quatre huit trois neuf un cinq"),
        ("Telefono: {}", "tre tre otto quattro sette due nove uno cinque sei"),
        ("Telefone: {}", "nove um sete três oito quatro dois meia cinco"),
        ("Telefoon: {}", "nul zes vier een acht zeven twee drie zes vijf"),
        ("Telefon: {}", "sześć dziewięć jeden trzy osiem dwa pięć siedem cztery"),
        ("Телефон: {}", "восемь девять два шесть семь один три восемь четыре два пять"),
        ("电话：{}", "一三八一二三四五六七九"),
        ("전화번호: {}", "공일공 이삼사오 육칠팔일"),
        ("Tel. {}", "4l5 738 29l6"),
        ("Tel. {}", "4I5-738-O9I6"),
        ("Contact {}", "+l 415 738 2916"),
        ("Contact {}", "+49 171 384729О"),  # Cyrillic
        ("Contact {}", "+49 і71 3847296"),
        ("Contact {}", "1️⃣ 4️⃣1️⃣5️⃣ 7️⃣3️⃣8️⃣ 2️⃣9️⃣1️⃣6️⃣"),
    ],
)
def test_a_spelled_telephone_number_is_found_as_a_whole(text: str, number: str) -> None:
    [(infotype, value)] = found(text.format(number))
    assert infotype == "PHONE_NUMBER"
    # The enclosing marks behind the last digit are removed characters at the end of the span.
    assert value.rstrip("️⃣") == number.rstrip("️⃣")


@pytest.mark.parametrize(
    "number",
    [
        "4539 l488 O343 6467",
        "4539 1488 О343 6467",  # Cyrillic
        "four five three nine one four eight eight zero three four three six four six seven",
        "4 5 3 9 1 4 8 8 0 3 4 3 6 4 6 7",
        "4.5.3.9.1.4.8.8.0.3.4.3.6.4.6.7",
    ],
)
def test_a_spelled_card_number_is_found_as_a_whole(number: str) -> None:
    assert found(f"Card: {number}, thanks") == [("CREDIT_CARD_NUMBER", number)]


@pytest.mark.parametrize(
    "address",
    [
        "jonas punto falk arroba kettelworks punto org",
        "jonas.falk arroba kettelworks.org",
        "jonas.falk [arroba] kettelworks [punto] org",
        "jonas ponto falk arroba kettelworks ponto org",
        "jonas.falk (ät) kettelworks (punkt) org",
        "jonas.falk Klammeraffe kettelworks Punkt org",
        "jonas point falk arobase kettelworks point org",
        "jonas chiocciola kettelworks punto org",
        "jonas apenstaartje kettelworks punt org",
        "jonas собака kettelworks точка ru",
        "jonas małpa kettelworks kropka pl",
        "jonas zavináč kettelworks tečka cz",
        "jonas kukac kettelworks pont hu",
        "jonas snabel-a kettelworks punkt se",
    ],
)
def test_an_address_spelled_in_another_language_is_found_as_a_whole(address: str) -> None:
    assert found(f"Info: {address}, Büro") == [("EMAIL_ADDRESS", address)]


@pytest.mark.parametrize(
    "text",
    [
        "Call us: one two three four five six seven eight nine",  # counting
        "phone: nine eight seven six five four three",
        "Call of duty one two three",
        "one two three, one two three, let us dance",
        "Text: four five six seven seven",  # too short
        "Six of one and half a dozen of two, three or four phones",
        "Moja małpa kettelworks.org",
        "Наша собака на сайте example.com",
        "El punto de vista, un point de vente, der Punkt",
        "20l9-2O2O",
        "Model IO1 lO 4500 l0",
        "Il 20 000 000 10",
        "一二三四五六七八九",
        "二〇一九年一月",
        "Sudoku row 5 3 4 6 7 8 9 1 2",
        "1 0 1 1 0 1 0 1 1 1 0 1 0 0 1 0",
    ],
)
def test_other_words_and_letters_hide_no_number(text: str) -> None:
    assert found(text) == []


def test_each_digit_maps_back_to_its_word() -> None:
    text = "Tel: plus four, nine-one seven three 84 seven"
    decoded = decode_digits(NormalizedText(text))
    assert decoded.text == "Tel: +4917384" + "7"
    words = ["plus ", "four", "nine", "one", "seven", "three", "8", "4", "seven"]
    spans = [decoded.span(index, index + 1) for index in range(5, len(decoded.text))]
    assert [text[start:end] for start, end in spans] == words


def test_a_text_without_digits_in_disguise_is_returned_as_it_is() -> None:
    text = NormalizedText("One of two dogs at 10 o'clock")
    assert decode_digits(text) is text

"""Telephone numbers without a known label are found in formats of the countries of a language."""

import phonenumbers
import pytest

from benchmarks.filters.personal_data_held_out.generated import DATA, harmless_lines, look_alikes
from filters.text_analysis.recognizers.area_codes import EXAMPLES
from filters.text_analysis.recognizers.national_formats import (
    NationalFormat,
    group_sizes,
    national_formats,
)
from filters.text_analysis.recognizers.table import RECOGNIZERS
from filters.text_analysis.redaction import merge
from filters.texts.personal_data import find_matches

PHONE = [each for each in RECOGNIZERS if each.infotype == "PHONE_NUMBER"]
FORMATS = [form for group in national_formats().values() for form in group]
# A word without telephones, in each script or language of the table.
SENTENCES = {
    "arabic": "للحجز {}",
    "armenian": "Ամրագրում {}",
    "bengali": "বুকিং {}",
    "cyrillic": "Запись {}",
    "devanagari": "बुकिंग {}",
    "georgian": "დაჯავშნა {}",
    "greek": "Κρατήσεις {}",
    "gujarati": "બુકિંગ {}",
    "gurmukhi": "ਬੁਕਿੰਗ {}",
    "han": "预约 {}",
    "hangul": "예약 {}",
    "hebrew": "להזמנות {}",
    "kana": "ご予約は {}",
    "kannada": "ಬುಕಿಂಗ್ {}",
    "malayalam": "ബുക്കിംഗ് {}",
    "oriya": "ବୁକିଂ {}",
    "tamil": "முன்பதிவு {}",
    "telugu": "బుకింగ్ {}",
    "thai": "จองโต๊ะ {}",
    "cs": "Objednávky přijímáme každý den: {}",
    "da": "Bestil gerne et bord hos os på {}",
    "de": "Anmeldung bitte bis Freitag unter {}",
    "en": "For bookings and questions please write to {}",
    "es": "Mándame un mensaje esta tarde al {}",
    "fi": "Varaukset ja lisätietoja: {}",
    "fr": "Envoyez un message avant midi au {}",
    "hr": "Narudžbe primamo svaki dan: {}",
    "hu": "Írjon nekünk bármikor ide: {}",
    "it": "Prenotazioni per la cena: {}",
    "lt": "Rezervacija ir klausimai: {}",
    "ms": "Tempahan dan pertanyaan: {}",
    "nl": "Voor een afspraak met de dokter: {}",
    "no": "Bestill gjerne et bord hos oss på {}",
    "pl": "Rezerwacje przyjmujemy codziennie: {}",
    "pt": "Marcações e informações: {}",
    "ro": "Rezervări și informații: {}",
    "sk": "Objednávky prijímame každý deň: {}",
    "sl": "Naročila sprejemamo vsak dan: {}",
    "sv": "Bokning av bord hos oss: {}",
    "tl": "Para sa mga katanungan, magpadala ng mensahe sa: {}",
    "tr": "Rezervasyon ve sorular için: {}",
    "vi": "Nhắn tin qua Zalo: {}",
}


def found(text: str) -> list[str]:
    return [text[match.start : match.end] for match in merge(find_matches(text, PHONE))]


def is_valid(form: NationalFormat) -> bool:
    number = phonenumbers.parse(form.example, form.region)
    return phonenumbers.is_valid_number_for_region(number, form.region)


def test_each_example_is_a_number_of_its_region() -> None:
    assert [form for form in FORMATS if not is_valid(form)] == []


def test_each_example_is_found_in_a_text_of_its_languages_and_scripts() -> None:
    missed = []
    for form in FORMATS:
        for name in form.evidence & SENTENCES.keys():
            text = SENTENCES[name].format(form.example)
            if not any(form.example.strip("()") in number for number in found(text)):
                missed.append((form.region, name, text))
    assert missed == []


@pytest.mark.parametrize("line", EXAMPLES.strip().splitlines())
def test_a_number_behind_its_area_code_is_found_in_any_groups(line: str) -> None:
    head, numbers = line.split(": ")
    region, name = head.split()
    for number in numbers.split(", "):
        parsed = phonenumbers.parse(number, region)
        assert phonenumbers.is_valid_number_for_region(parsed, region), number
        assert found(SENTENCES[name].format(number)) == [number]


def test_each_format_has_a_sentence() -> None:
    assert all(form.evidence & SENTENCES.keys() for form in FORMATS)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Stuur een appje naar 06 5183 7294", "06 5183 7294"),
        ("Пишите в вотсап 89051739264", "89051739264"),
        ("Запись к врачу 8 (301) 212-34-56 с утра", "8 (301) 212-34-56"),
        ("(12) 427 36 81 - biuro w Krakowie", "(12) 427 36 81"),
        ("微信同号 15891842735", "15891842735"),
        ("문자 주세요 010-9184-2735, 하늘꽃집", "010-9184-2735"),
        ("Manda um zap no (85) 99183-4726", "(85) 99183-4726"),
        ("86 47 29 31 (kontor i Aarhus) eller 86 47 29 31 (kontor)", "86 47 29 31"),
        ("Írjon ide: 06 30 918 4273, 3. emelet", "06 30 918 4273"),
        ("Vi svarar gärna på frågor, 08-14 47 48 hela veckan", "08-14 47 48"),
        ("Tavattavissa arkisin numerossa 09-12 34 56 koko päivän", "09-12 34 56"),
        ("Anmeldung im Büro 030-28 74 91 36 bis Freitag", "030-28 74 91 36"),
    ],
)
def test_a_number_in_a_format_of_the_language_needs_no_known_label(text: str, number: str) -> None:
    assert found(text) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "Bus 90 stops at 05.31 10.22 15.42",
        "Winning numbers: 04-16-22-30-48",
        "Euromillions 03 14 23 34 45 stars 03 12",
        "Loto 04 13 21 39 46",
        "Températures 01 02 03 04 05 de la série",
        "Speed 299 792 458 m/s",
        "Størrelser: 36 38 40 42",
        "El presupuesto fue de 654 718 236 pesos",  # no lead-in
        "Población: 654 718 236",
        "Referencia: 654 718 236",
        "Nr katalogowy: 691-382-574",
        "Артикул 8 301 212 34 56",
        "订单号 13812345678",
        "주문번호 010-2123-4567",
        "รหัส 089-417-3625",
        "Öppet vardagar 08-14 och 16-18, lunch 11-13",
        "Bussen går den 05-12 14 30 från torget i byn",  # 05 is no area code of Sweden
        "Lotto: 04-12-23-34-45 den här veckan",
        "Säsongen 07-08 14 47 48 mål av laget i serien",
        "Wir spielten 21-38 47 29 in der letzten Runde",  # no area code
        "Gemeten maten in centimeter 12-34 56 78 voor de kast",
        "For this sofa: 691 382 574",  # English: no country writes numbers so
        "Rezerwacje: 00 000 00 00",  # not in the numbering plan
        "Rezerwacje: 71 582 93 14.5",  # digits follow
        "Запись 8 (301) 212-34-56-78",
    ],
)
def test_other_numbers_in_the_same_languages_are_no_telephone_numbers(text: str) -> None:
    assert found(text) == []


def test_harmless_lines_have_no_telephone_number() -> None:
    lines = (DATA / "harmless.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if found(line)] == []


def test_one_of_a_hundred_generated_harmless_lines_at_most_has_a_telephone_number() -> None:
    lines = list(harmless_lines(seed=1, copies=4))
    changed = [line for line in lines if found(line)]
    assert len(changed) <= len(lines) / 100, changed


def test_group_sizes_are_numbers_of_digits() -> None:
    assert group_sizes("8 (301) 212-34-56") == (1, 3, 3, 2, 2)


@pytest.mark.parametrize("half", [0, 1])
def test_numbers_of_collections_and_files_are_no_telephone_numbers(half: int) -> None:
    lines = list(look_alikes(half))
    assert len(lines) == (164, 136)[half]
    assert sum(bool(found(line)) for line in lines) <= 0.12 * len(lines)  # 0.41 and 0.36 before


@pytest.mark.parametrize(
    "text",
    [
        "Booking: 212-736-5000",
        "Museum: 212-736-5000",
        "Membership: 212-736-5000",
        "Contact form: 212-736-5000",
        "Rufen Sie die 0221 4738291 an",
    ],
)
def test_telephone_numbers_follow_words_like_those_of_other_numbers(text: str) -> None:
    assert len(found(text)) == 1

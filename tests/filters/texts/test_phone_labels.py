"""Telephone numbers behind labels of many languages are found, and other numbers are not."""

import re

import phonenumbers
import pytest

from filters.text_analysis.recognizers.table import RECOGNIZERS
from filters.text_analysis.redaction import merge
from filters.texts.personal_data import find_matches

PHONE = [each for each in RECOGNIZERS if each.infotype == "PHONE_NUMBER"]
# A region, whose numbers phonenumbers makes up, and sentences around a number.
SENTENCES = {
    "NL": ("Telefoonnummer: {}", "Je kunt ons bereiken, bel {}", "mobiel {}"),
    "DE": ("Telefonnummer {}", "Rufnummer: {}", "Ruf mich an: {}", "Handynummer ist {}"),
    "FR": ("Téléphone : {}", "Appelez le {}", "Numéro de portable : {}", "Joignable au {}"),
    "ES": ("Llámanos al {}", "Para reservas llama al {}", "Móvil: {}", "mi teléfono es {}"),
    "PT": ("Ligue para {}", "Telemóvel {}", "Telef. {}", "Contato: {}"),
    "IT": ("Chiama il {}", "Cellulare {}", "Chiamateci al numero {}"),
    "PL": ("numer telefonu: {}", "tel. kom. {}", "Zadzwoń: {}"),
    "CZ": ("Volejte {}", "telefonní číslo {}", "Mobil: {}"),
    "RU": ("номер телефона: {}", "Звоните {}", "Телефон для справок {}", "моб.: {}"),
    "UA": ("дзвоніть {}", "номер телефону {}", "тел.: {}"),
    "GR": ("Τηλ. {}", "Κινητό {}", "Καλέστε {}"),
    "TR": ("Cep: {}", "Arayın: {}", "Telefon numarası yok, GSM {}"),
    "IL": ("טלפון: {}", "נייד {}", "טל' {}"),
    "AE": ("هاتف: {}", "اتصل على {}", "رقم الهاتف {}"),
    "IN": ("मोबाइल नंबर {}", "संपर्क करें {}", "फोन: {}"),
    "TH": ("โทร. {}", "เบอร์โทร {}", "ติดต่อ {}"),
    "VN": ("ĐT {}", "Gọi ngay {}", "Liên hệ {}"),
    "ID": ("Hubungi {}", "WA {}", "HP: {}", "No. telepon {}"),
    "SE": ("Ring {}", "telefonnummer {}", "Mobil: {}"),
    "HU": ("Hívja a {}", "telefonszám: {}"),
    "RO": ("Sunați la {}", "număr de telefon {}"),
    "JP": ("電話番号：{}", "携帯：{}", "お問い合わせ {}"),
    "CN": ("联系电话 {}", "致电 {}", "手机：{}"),
    "KR": ("전화번호: {}", "문의 {}", "휴대폰 {}"),
    "FI": ("Puh. {}", "Matkapuhelin: {}", "Soita {}"),
    "US": ("Fax: {}x11144", "Call {}x89 today", "{} (office)", "{} office", "Text me at {}"),
}
OTHER_NUMBERS = """
    Timetable 06 12 18 24 30 36 | Lottery 04 12 23 35 41 49 | Ph 7.35 7.45 8.00 strips
    Canon EOS 5D Mark IV 24-105 | 1920 x 1080 px wallpaper 4096x2160 | Flight LH 1234 on 12-05-2019
    ISBN 978-3-16-148410-0 | order number 123456789012 | serial no. 0123 4567 8901
    Sao Paulo, CEP 01310-100 | Seattle, WA 98101-1234 | 1234 5678 views | score 21-15 21-18 19-21
    World Cup 1998 2002 2006 2010 | 12.05.2019 13.05.2019 | 3,141,592,653 dots
    vintage postcard 1905-1915 | Инвентарный номер 1234567 | номер заказа 20191234567
    batch 2019 0456 7812 | © 123456789 (c) studio | frame 0001 of 0240 | 50.1109 8.6821
    48°51'24\"N 2°21'03\"E | 100 200 300 400 500 600 | IMG_20190405_123456 | dpi 300 600 1200 2400
    RAL 9005 7016 9010 3020 | 7/8 15/16 31/32 63/64 | bus 100, 187, 245 and M29 | 1-800 runners
    sizes 36 37 38 39 40 41 42 | years 1914 1918 1939 1945 | M6 x 20 mm 100 pcs | 6 300 000 km
    model 2210-45-7788-1 | article 4006381333931 | patent US 6,285,999 | doi 10.1000/182 1234
    stock photo 123456789 | stock photo 1234567890, home | image 98765432 | ticket 0012 3456 7890
    8:30 9:30 10:30 11:30 | population 8 336 817 | EAN 4 006381 333931 | route 66 77 88 99
    0.12 0.34 0.56 0.78 | 1 2 3 4 5 6 7 8 9 10 | 01 02 03 04 05 06 07 08 09 10 | A4 210 x 297 mm
"""


def found(text: str) -> list[str]:
    return [text[match.start : match.end] for match in merge(find_matches(text, PHONE))]


def numbers_of(region: str) -> set[str]:
    """Numbers of a region as they are written at home: in groups, and without groups."""
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    national = phonenumbers.PhoneNumberFormat.NATIONAL
    numbers = [phonenumbers.example_number_for_type(region, kind) for kind in kinds]
    grouped = {phonenumbers.format_number(number, national) for number in numbers if number}
    spaced = {text.replace("-", " ") for text in grouped}
    return grouped | spaced | {re.sub(r"\D", "", text) for text in grouped}


def test_nine_of_ten_numbers_are_found_behind_labels_of_each_language() -> None:
    for region, sentences in SENTENCES.items():
        numbers = numbers_of(region)
        texts = [(sentence.format(number), number) for sentence in sentences for number in numbers]
        missed = [text for text, number in texts if number.strip("(") not in "".join(found(text))]
        assert len(missed) <= len(texts) / 10, (region, missed)


@pytest.mark.parametrize("text", re.split(r"\s*[|\n]\s*", OTHER_NUMBERS.strip()))
def test_other_numbers_are_no_telephone_numbers(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Call 415-555-0132x89 today", "415-555-0132x89"),
        ("Fax: 978-645-9740x11144", "978-645-9740x11144"),
        ("Tel 212-736-5000 ext. 12, room 3", "212-736-5000 ext. 12"),
        ("тел. 8 301 123-45-67 доб. 12", "8 301 123-45-67 доб. 12"),
        ("Anna 0812 3456 7890 (WA)", "0812 3456 7890"),
    ],
)
def test_an_extension_belongs_to_its_number(text: str, number: str) -> None:
    assert found(text) == [number]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Mijn nummer is 0612345678", "0612345678"),
        ("Nuestro número es 612345678", "612345678"),
        ("Наш номер 89161234567", "89161234567"),
        ("Vårt nummer är 0701234567", "0701234567"),
        ("0362 123 456 (iroda)", "0362 123 456"),
        ("0212 123 456 (birou)", "0212 123 456"),
    ],
)
def test_my_number_is_and_native_words_for_an_office_are_labels(text: str, number: str) -> None:
    assert found(text) == [number]


@pytest.mark.parametrize("text", ["Mijn nummer 1 is 2019", "Naše číslo 5 z 12", "12 34 (kantoor)"])
def test_short_numbers_behind_such_words_are_no_telephone_numbers(text: str) -> None:
    assert found(text) == []

"""Both sides of every validator's bounds, and inputs that commonly break recognizers."""

import itertools
from collections.abc import Sequence

import pytest

from filters.text_analysis.recognizers.birth_and_address import is_date
from filters.text_analysis.recognizers.identity import is_itin, is_mrz_line, is_ssn
from filters.text_analysis.recognizers.network import is_machine_address
from filters.text_analysis.recognizers.payment import is_card, is_iban, passes_luhn
from filters.text_analysis.recognizers.phone import is_phone_number
from filters.text_analysis.recognizers.table import RECOGNIZERS
from filters.text_analysis.redaction import merge
from filters.texts.personal_data import Infotype, find_matches

SSN = "US_SOCIAL_SECURITY_NUMBER"
ITIN = "US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER"
CARD = "CREDIT_CARD_NUMBER"
IBAN = "IBAN_CODE"
EMAIL = "EMAIL_ADDRESS"
PHONE = "PHONE_NUMBER"
IP = "IP_ADDRESS"
MAC = "MAC_ADDRESS"
LICENSE = "US_DRIVERS_LICENSE_NUMBER"
TOKEN = "AUTH_TOKEN"
# Assembled here, so that secret scanners do not report them.
ABC = "abcDEF012345GHI"
JWT = f"eyJ{ABC}.eyJ{ABC}{ABC}.{ABC}"
PEM = "-----BEGIN {0}PRIVATE KEY-----\nMIIBVQIBADANBg\nkqhkiG9w0=\n-----END {0}PRIVATE KEY-----"


def matches_in(text: str, infotypes: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The infotype and text of each match, for all infotypes or for some."""
    recognizers = [each for each in RECOGNIZERS if not infotypes or each.infotype in infotypes]
    matches = merge(find_matches(text, recognizers))
    return [(match.infotype, text[match.start : match.end]) for match in matches]


def with_check_digit(body: str) -> str:
    return next(body + digit for digit in "0123456789" if passes_luhn(body + digit))


@pytest.mark.parametrize(
    ("infotype", "before", "value", "after"),
    [
        (SSN, "it is ", "536-22-1234", "."),
        (SSN, "", "536 22 1234", " on file"),
        (SSN, "ssn ", "536221234", ""),
        (SSN, "Social Security Number: ", "536.22.1234", ""),
        (SSN, "", "５３６-２２-１２３４", ""),
        (SSN, "", "٥٣٦-٢٢-١٢٣٤", ""),
        (SSN, "", "536–22–1234", ""),
        (SSN, "", "536‑22‑1234", ""),
        (SSN, "", "536−22−1234", ""),
        (SSN, "", "5\u200b36-22\u2060-12\u00ad34", " x"),
        (SSN, "", "536 - 22 - 1234", ""),
        (SSN, "", "536\n22\n1234", ""),
        (SSN, "番号", "536-22-1234", "です"),
        (SSN, '{"ssn": "', "536 22 1234", '"}'),
        (ITIN, "", "900-70-0001", ""),
        (ITIN, "taxpayer id ", "912881234", ""),
        (CARD, "", "4111111111111111", ""),
        (CARD, "card ", "4111 1111 1111 1111", " 12/27"),
        (CARD, "", "4111-1111-1111-1111", " 123"),
        (CARD, "", "4111 1111\n1111 1111", ""),
        (CARD, "", "4111.1111.1111.1111", "."),
        (CARD, "", "3782 822463 10005", ""),
        (CARD, "", "4111\u00a01111\u202f1111\u30001111", ""),
        (CARD, "", "４１１１１１１１１１１１１１１１", ""),
        (CARD, "卡号", "4111111111111111", "请"),
        (CARD, "scan_", "4111111111111111", ".jpg"),
        (IBAN, "", "GB82 WEST 1234 5698 7654 32", ", please"),
        (IBAN, "", "DE89370400440532013000", ""),
        (IBAN, "", "de89 3704 0044 0532 0130 00", ""),
        (IBAN, "", "NL91ABNA0417164300", ""),
        (IBAN, "", "NO93 8601\n1117 947", ""),
        (IBAN, "", "MT84-MALT-0110-0001-2345-MTLC-AST0-01S", ""),
        (EMAIL, "", "ana.lee+prints@mail.example.co.uk", "."),
        (EMAIL, "<", "a@b.io", ">"),
        (EMAIL, "'", "o'neil@example.com", "'"),
        (EMAIL, "联系", "ana@example.com", "请"),
        (EMAIL, "", "ana@example.com", "请访问www.example.cn"),
        (EMAIL, "", "用户@例子.广告", ""),
        (EMAIL, "", "ana@bücher.example", ""),
        (EMAIL, "", "ana@例え.jp", ""),
        (EMAIL, "", "ana@abc日本.jp", ""),
        (EMAIL, "", "ana@xn--bcher-kva.xn--p1ai", ""),
        (EMAIL, "", "аnа@exаmple.cоm", ""),
        (EMAIL, "", "ana＠example．com", ""),
        (EMAIL, "", "a\u200bna@exa\u200dmple.com", ""),
        (EMAIL, "https://x.example/?to=", "ana@example.com", "&n=1"),
        (EMAIL, "https://x.example/?to=", "ana%40example.com", ""),
        (EMAIL, "mailto:", "ana@example.com", "?subject=hi"),
        (EMAIL, "", "ana@\nexample.com", ""),
        (EMAIL, "", "ana @ example.com", ""),
        (EMAIL, "", "ana [at] example.com", ""),
        (EMAIL, "", "ana(AT)example(DOT)com", ""),
        (EMAIL, "", "ana {at} example {dot} com", ""),
        (EMAIL, "", "ana <at> example <dot> org", ""),
        (EMAIL, "", "ana.lee at example dot com", ", or call"),
        (EMAIL, "", "ana [dot] lee [at] mail [dot] example [dot] org", ""),
        (EMAIL, "", "ana@example [dot] com", ""),
        (EMAIL, "", "ana&#64;example.com", ""),
        (PHONE, "", "+44 20 7946 0958", ", London"),
        (PHONE, "", "+1 (212) 736-5000", ""),
        (PHONE, "", "(212) 736-5000", " in New York"),
        (PHONE, "", "212-736-5000", " x5"),
        (PHONE, "", "1-800-275-2273", ""),
        (PHONE, "Orders: ", "212-736-5000", ""),
        (PHONE, "photo: ", "(212) 736-5000", ""),
        (PHONE, "to order, call ", "212-736-5000", ""),
        (PHONE, "", "0033 6 12 34 56 78", ""),
        (PHONE, "", "06 12 34 56 78", ""),
        (PHONE, "", "020 7946 0958", ""),
        (PHONE, "Tel.: ", "736-5000", ""),
        (PHONE, "phone no. is ", "7365000", ""),
        (PHONE, "tel:", "2127365000", ""),
        (PHONE, "https://wa.me/", "12127365000", ""),
        (PHONE, "电话：", "13812345678", ""),
        (PHONE, "тел. ", "8 (916) 123-45-67", ""),
        (PHONE, "Tel. ", "+44 7911 123456", " 20 prints"),
        (PHONE, "", "＋４４ ２０ ７９４６ ０９５８", ""),
        (IP, "from ", "203.0.113.7", "."),
        (IP, "http://", "10.1.2.3", ":8080/cam"),
        (IP, "", "192.168.1.0", "/24"),
        (IP, "", "2001:db8::ff00:42:8329", ""),
        (IP, "", "fe80::1", " up"),
        (IP, "[", "2001:db8:0:0:1:0:0:1", "]:80"),
        (MAC, "", "00:1B:44:11:3a:b7", ""),
        (MAC, "", "00-1b-44-11-3A-B7", ""),
        (MAC, "", "001b.4411.3ab7", ""),
        (MAC, "MAC: ", "10-20-30-40-50-60", ""),
        ("PASSPORT", "passport no. ", "C01X00T47", ""),
        ("PASSPORT", "Passport Number: ", "123456789", ""),
        ("PASSPORT", "Reisepass ", "L01X00047", ""),
        ("PASSPORT", "护照号码：", "E12345678", ""),
        (
            "PASSPORT",
            "",
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n"
            "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
            "",
        ),
        (LICENSE, "Driver's License No. ", "D1234567", ""),
        (LICENSE, "DL# ", "F255-9215-0094", ""),
        (LICENSE, "driver license (CA) ", "Y9876543", ""),
        (TOKEN, "", f"ghp_{ABC}{ABC}012345", ""),
        (TOKEN, "", f"github_pat_{ABC}_{ABC}{ABC}", ""),
        (TOKEN, "", f"glpat-{ABC}01234", ""),
        (TOKEN, "", f"xoxb-123456789012-{ABC}", ""),
        (TOKEN, "", f"sk_live_{ABC}", ""),
        (TOKEN, "", f"sk-proj-{ABC}{ABC}", ""),
        (TOKEN, "", f"sk-ant-api03-{ABC}-{ABC}", ""),
        (TOKEN, "", f"hf_{'abcdefghij' * 3}klmn", ""),
        (TOKEN, "", f"npm_{ABC}{ABC}012345", ""),
        (TOKEN, "", JWT, ""),
        (TOKEN, "Authorization: Bearer ", f"{ABC}{ABC}", ""),
        (TOKEN, "https://x.example/a.jpg?access_token=", f"{ABC}", "&w=3"),
        (TOKEN, "ftp://", "ana:hunter2@files.example.com", "/a"),
        (TOKEN, "password: ", "hunter2hunter2", ""),
        (TOKEN, "https://hooks.slack.com/services/", f"T0000000{'0'}/B00000000/{ABC}012", ""),
        ("AWS_CREDENTIALS", "", "AKIA" + "IOSFODNN7EXAMPLE", ""),
        ("AWS_CREDENTIALS", "aws_secret_access_key = ", f"{ABC}/{ABC}+01234567", ""),
        ("GCP_API_KEY", "key=", f"AIza{ABC}_{ABC}-012", ""),
        ("ENCRYPTION_KEY", "see ", PEM.format("RSA "), " there"),
        ("ENCRYPTION_KEY", "", PEM.format(""), ""),
        ("ENCRYPTION_KEY", "", PEM.format("")[:50], ""),
        ("DATE_OF_BIRTH", "born on ", "12 March 1984", ""),
        ("DATE_OF_BIRTH", "DOB: ", "03/12/1984", ""),
        ("DATE_OF_BIRTH", "date of birth ", "1984-03-12", ""),
        ("DATE_OF_BIRTH", "geb. ", "12.03.84", ""),
        ("STREET_ADDRESS", "at ", "1600 Pennsylvania Avenue NW, Washington, DC 20500", "."),
        (TOKEN, "", "110201543:AA" + "HdqTcvCH1vGWJxfSe1ofSAs0K5PALDsaw", ""),
        (TOKEN, "", "glimt-" + ABC + ABC, ""),
        (TOKEN, "", "glffct-" + ABC + ABC, ""),
        (TOKEN, "", "GR1348941" + ABC + ABC, ""),
        (TOKEN, "", "api_org_" + ABC + ABC + ABC, ""),
        (TOKEN, "", "ABSKQmVkcm9ja0FQSUtleS" + ABC + ABC + "==", ""),
        (
            TOKEN,
            "https://hooks.slack.com/workflows/",
            f"T0123ABCD/A0123ABCD/123456789012/{ABC}x",
            "",
        ),
        (TOKEN, "Authorization: Token ", "9944b09199c62bcf9418ad846dd0e4bb", ""),
        (TOKEN, "curl -u ", "ann:secretPass", " https://host.example"),
        ("AWS_CREDENTIALS", "", "ABIA" + "QWERTYUIOPASDFGH", ""),
        ("AWS_CREDENTIALS", "", "ACCA" + "QWERTYUIOPASDFGH", ""),
        ("PASSPORT", "Mi pasaporte es ", "AAA123456", ""),
        ("PASSPORT", "Mein Reisepass ist ", "C01X00T47", "."),
        ("PASSPORT", "여권번호: ", "M12345678", ""),
        (MAC, "MAC ", "AA:BB:CC:DD:EE:FF", ""),
        ("STREET_ADDRESS", "", "221 N Main St, Apt 4", ""),
        ("STREET_ADDRESS", "", "350 5th Ave", ""),
    ],
)
def test_exactly_the_value_is_matched(infotype: str, before: str, value: str, after: str) -> None:
    assert matches_in(before + value + after) == [(infotype, value)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A dog at the beach, 3 years old, in 2024.",
        # numbers given by states
        "000-22-1234",
        "666-22-1234",
        "536-00-1234",
        "536-22-0000",
        "078-05-1120",
        "219-09-9999",
        "457-55-5462",
        "900-49-1234",
        "900-66-1234",
        "900-69-1234",
        "900-89-1234",
        "900-93-1234",
        "part no. 536-22-1234",
        "P/N 536-22-1234",
        "536-22-1234-B",
        "536-22-12345",
        "1536-22-1234",
        "X536-22-1234",
        "536-22 1234",
        "536221234",
        "536 22 1234 mm",
        # cards
        "4111111111111112",
        "4111 1111 1111 1112",
        "order 4111111111111111",
        "tracking no. 4111 1111 1111 1111",
        "0.4111111111111111",
        "1234567812345670",
        "41111111111111111111",
        "tracking 4111 1111 1111 1111 1111 11",
        "a4111111111111111",
        # bank accounts
        "GB82 WEST 1234 5698 7654 33",
        "GB82 WEST 1234 5698 7654 3",
        "GB82 WEST 1234 5698 7654 321",
        "GB82 1234 WEST 5698 7654 32",
        "XX82 WEST 1234 5698 7654 32",
        # e-mail
        "icon@2x.png",
        "@ana on Instagram",
        "ana@localhost",
        "ana@example",
        "meet me @ the bar",
        "look at example.com",
        "dinner at a polka dot party",
        "a dress at noon dot red",
        "12:30 @ noon.",
        # telephone numbers
        "555-1234",
        "1939-1945",
        "call 2019-2020",
        "call 2024-05-17",
        "012-345-6789-0",
        "12345678",
        "order 212-736-5000",
        "+12",
        "40.712776, -74.005974",
        "1.234.567.890",
        "978-0-306-40615-7",
        "call of duty 3",
        "100 200 300 400",
        # network addresses
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.400",
        "01.02.03.04",
        "0.1.2.3",
        "127.0.0.1",
        "255.255.255.0",
        "version 4.3.2.1",
        "v4.3.2.1",
        "Firmware: 4.3.2.1",
        "Chrome/96.0.46.110",
        "section 3.4.1.2",
        "x4.3.2.1",
        "12:30:45",
        "::1",
        "std::string a::b c::add",
        "16:9 4:3",
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "00:1b:44:11:3a:b7:99",
        "00:1b:44:11:3a",
        "00:1b:44-11:3a:b7",
        "10-20-30-40-50-60",
        # documents
        "passport photo 35x45 mm",
        "passport 2015-2025",
        "my passport is blue",
        "driver's license renewal 2024",
        "L898902C37UTO7408122F1204159ZE184226B<<<<<10",
        # credentials
        "ghp_short",
        "hf_hub_download",
        "sk-learn",
        "password protected",
        "password: required",
        "token ring",
        "AKIAEXAMPLE",
        "AIzaShort",
        "eyJhbGci.not.one",
        "https://example.com:8080/a@b",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        # dates of birth and street addresses
        "born in 1984",
        "built 12 March 1984",
        "born 31 February 1984",
        "born 12 March 1784",
        "350 people",
        "5 Happy Dogs",
        # placeholders
        "[US_SOCIAL_SECURITY_NUMBER] and [EMAIL_ADDRESS], password: [AUTH_TOKEN]",
        "[PASSPORT] [PHONE_NUMBER] [IP_ADDRESS] [CREDIT_CARD_NUMBER] [IBAN_CODE]",
    ],
)
def test_look_alikes_do_not_match(text: str) -> None:
    assert matches_in(text) == []


@pytest.mark.parametrize("joint", [" ", ",", ", ", "\n", "; ", " / "])
@pytest.mark.parametrize(
    ("infotype", "value"),
    [
        (SSN, "536-22-1234"),
        (SSN, "536 22 1234"),
        (CARD, "4111111111111111"),
        (CARD, "4111 1111 1111 1111"),
        (EMAIL, "ana@example.com"),
        (PHONE, "212-736-5000"),
        (PHONE, "212 736 5000"),
        (PHONE, "+44 20 7946 0958"),
        (PHONE, "020 7946 0958"),
        (IP, "203.0.113.7"),
        (MAC, "00:1b:44:11:3a:b7"),
        (IBAN, "DE89370400440532013000"),
    ],
)
def test_lists(infotype: str, value: str, joint: str) -> None:
    assert matches_in(joint.join([value] * 6)) == [(infotype, value)] * 6


def test_a_context_word_holds_for_a_second_number() -> None:
    assert matches_in("Tel. 736-5000 or 736-5001, 20 prints") == [
        (PHONE, "736-5000"),
        (PHONE, "736-5001"),
    ]


def test_a_value_of_two_infotypes_is_named_once() -> None:
    assert matches_in("https://ana:secret99@example.com/") == [(TOKEN, "ana:secret99@example.com")]
    assert matches_in("mail ana@203.0.113.7") == [(IP, "203.0.113.7")]


def test_every_recognizer_can_be_selected() -> None:
    assert {each.infotype for each in RECOGNIZERS} == set(Infotype.__args__)


@pytest.mark.parametrize(
    ("area", "group", "serial", "valid"),
    [
        ("000", "01", "0001", False),
        ("001", "01", "0001", True),
        ("665", "01", "0001", True),
        ("666", "01", "0001", False),
        ("667", "01", "0001", True),
        ("899", "99", "9999", True),
        ("900", "01", "0001", False),
        ("536", "00", "0001", False),
        ("536", "99", "0000", False),
        ("078", "05", "1119", True),
        ("078", "05", "1120", False),
    ],
)
def test_bounds_of_social_security_numbers(area: str, group: str, serial: str, valid: bool) -> None:
    assert is_ssn(area, group, serial) is valid


def test_groups_of_taxpayer_numbers() -> None:
    valid = {int(group) for group in (f"{n:02}" for n in range(100)) if is_itin("900", group, "0")}
    assert valid == {*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)}
    assert not is_itin("899", "70", "0001")


@pytest.mark.parametrize(
    ("prefix", "length", "valid"),
    [
        ("4", 16, True),
        ("4", 15, False),
        ("4", 19, True),
        ("50", 16, False),
        ("51", 16, True),
        ("55", 16, True),
        ("56", 16, False),
        ("2220", 16, False),
        ("2221", 16, True),
        ("2720", 16, True),
        ("2721", 16, False),
        ("33", 15, False),
        ("34", 15, True),
        ("37", 15, True),
        ("37", 16, False),
        ("643", 16, False),
        ("644", 16, True),
        ("3527", 16, False),
        ("3528", 16, True),
        ("3589", 16, True),
        ("36", 14, True),
        ("1", 16, False),
    ],
)
def test_ranges_of_issuers(prefix: str, length: int, valid: bool) -> None:
    assert is_card(with_check_digit(prefix.ljust(length - 1, "0"))) is valid


def test_one_wrong_digit_or_two_swapped_digits_are_detected() -> None:
    card, iban = "4539578763621486", "DE89370400440532013000"
    assert is_card(card)
    assert is_iban(iban)
    for index, digit in itertools.product(range(16), "0123456789"):
        if digit != card[index]:
            assert not passes_luhn(card[:index] + digit + card[index + 1 :])
    for index, digit in itertools.product(range(2, 22), "0123456789"):
        if digit != iban[index]:
            assert not is_iban(iban[:index] + digit + iban[index + 1 :])
    for index in range(4, 21):
        swapped = iban[:index] + iban[index + 1] + iban[index] + iban[index + 2 :]
        assert is_iban(swapped) is (iban[index] == iban[index + 1])


@pytest.mark.parametrize(
    ("address", "valid"),
    [
        ("0.255.255.255", False),
        ("1.0.0.0", True),
        ("126.255.255.255", True),
        ("127.0.0.1", False),
        ("128.0.0.1", True),
        ("254.255.255.255", True),
        ("255.255.255.255", False),
        ("1.2.3.256", False),
        ("::", False),
        ("::1", False),
        ("::2", True),
        ("1::2::3", False),
    ],
)
def test_network_addresses(address: str, valid: bool) -> None:
    assert is_machine_address(address) is valid


@pytest.mark.parametrize("position", [9, 19, 27])
def test_check_digits_of_passports(position: int) -> None:
    line = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
    assert is_mrz_line(line)
    wrong = str((int(line[position]) + 1) % 10)
    assert not is_mrz_line(line[:position] + wrong + line[position + 1 :])


@pytest.mark.parametrize(
    ("year", "month", "day", "valid"),
    [
        ("1850", "1", "1", True),
        ("1849", "12", "31", False),
        ("2000", "2", "29", True),
        ("1999", "2", "29", False),
        ("1999", "12", "13", True),
        ("1999", "13", "12", True),
        ("1999", "13", "13", False),
        ("1999", "June", "30", True),
        ("1999", "jun", "31", False),
        ("84", "3", "12", True),
    ],
)
def test_dates(year: str, month: str, day: str, valid: bool) -> None:
    assert is_date(year, month, day) is valid


def test_numbering_plans() -> None:
    assert is_phone_number("+442079460958")
    assert not is_phone_number("+44207946095")
    assert is_phone_number("2127365000", "US")
    assert not is_phone_number("1127365000", "US")

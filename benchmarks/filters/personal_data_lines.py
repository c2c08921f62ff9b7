"""Made-up captions with personal data or with look-alikes.

They were written from the published formats before the recognizers, and share nothing with them.
`lines` yields each line with its planted values; the half without a value has numbers and signs
that look like personal data.
"""

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random


def _words(listed: str) -> list[str]:
    return listed.split()


_NOUNS = _words(
    "barn lighthouse sunset bicycle kitten teapot harbour mural ferry dress sofa guitar bridge "
    "orchid camper statue market skyline waterfall tractor violin quilt canoe bakery poster"
)
_ADJECTIVES = _words("old red quiet wooden rusty bright hand-painted vintage small foggy polished")
_FIRST = _words("anna luis wei priya tom fatima jürgen chloé oleg mary noor kenji sofia björn ada")
_LAST = _words("okafor smith garcía li novak dubois khan tanaka silva o'neil jensen rossi weber")
_HOSTS = _words(
    "mailbox studio-north gallery fotohaus pixelworks oldtownframes riverbend kunst-atelier "
    "sunnyside printshop"
)
_AREAS = _words("212 305 312 404 415 503 617 702 808 919 416 604")
_ENDINGS = _words("com net org de co.uk fr io photography com.br co.jp info eu")


@dataclass(frozen=True, slots=True)
class Line:
    """A text, and its planted values as (infotype, start, end)."""

    text: str
    planted: tuple[tuple[str, int, int], ...] = ()


def lines(count: int, seed: int = 0) -> Iterator[Line]:
    """Yield `count` lines; every other one has a planted value, each infotype equally often."""
    random = Random(seed)
    kinds = list(_PLANTED)
    for index in range(count):
        if index % 2:
            yield Line(_around(random, random.choice(_LOOK_ALIKES)(random))[0])
            continue
        infotype = kinds[index // 2 % len(kinds)]
        label, value = _PLANTED[infotype](random)
        text, start = _around(random, label + value, len(label))
        yield Line(text, ((infotype, start, start + len(value)),))


def captions(count: int, seed: int = 0) -> Iterator[str]:
    """Yield ordinary captions of 15 words; one in five has a year or a number."""
    random = Random(seed)
    small = _words("a the of in on with and near by for")
    for _ in range(count):
        words = [random.choice(random.choice([_NOUNS, _ADJECTIVES, small])) for _ in range(15)]
        if random.random() < 0.2:
            words[random.randrange(15)] = str(random.choice([2, 12, 1920, 2024]))
        yield " ".join(words).capitalize() + random.choice(["", "."])


def _around(random: Random, middle: str, offset: int = 0) -> tuple[str, int]:
    """A caption around `middle`, and the position of `middle` in it plus `offset`."""
    scene = f"{random.choice(_ADJECTIVES)} {random.choice(_NOUNS)}"
    before, after = random.choice(
        [
            (f"A {scene} in the rain. ", ""),
            (f"{scene.title()}, ", f", {random.randint(2, 30)} prints left"),
            (f"photo of a {scene} | ", f" | {random.choice(_NOUNS)}"),
            ("", f" - {scene} for sale"),
            (f"{scene}\n", "\nall rights reserved"),
            (f"For this {scene}: ", ". Thank you!"),
            (f"{scene} (", ")"),
        ]
    )
    return before + middle + after, len(before) + offset


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices(string.digits, k=count))


def _dressed(random: Random, value: str) -> str:
    """Sometimes vary the Unicode form: full-width digits, other dashes, invisible characters."""
    match random.randrange(12):
        case 0:
            return value.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
        case 1:
            return value.replace("-", "\u2011")
        case 2:
            return value.replace(" ", "\u00a0")
        case 3:
            middle = len(value) // 2
            return f"{value[:middle]}\u200b{value[middle:]}"
    return value


def _grouped(value: str, sizes: tuple[int, ...], separator: str) -> str:
    pieces, position = [], 0
    for size in sizes:
        pieces.append(value[position : position + size])
        position += size
    return separator.join(piece for piece in pieces if piece)


def _card(random: Random) -> tuple[str, str]:
    length, prefix = random.choice(
        [
            (16, "4"),
            (16, "51"),
            (16, "55"),
            (16, "2345"),
            (16, "6011"),
            (15, "37"),
            (15, "34"),
            (16, "3540"),
            (14, "36"),
            (16, "648"),
        ]
    )
    body = prefix + _digits(random, length - len(prefix) - 1)
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in body[::-2])
    value = body + str(-(doubled + sum(map(int, body[-2::-2]))) % 10)
    sizes = {16: (4, 4, 4, 4), 15: (4, 6, 5), 14: (4, 6, 4)}[length]
    value = _grouped(value, sizes, random.choice(["", " ", "-"]))
    return random.choice(["", "paid with ", "card: ", "CC# ", "visa ending in full "]), _dressed(
        random, value
    )


def _iban(random: Random) -> tuple[str, str]:
    letters = "".join(random.choices(string.ascii_uppercase, k=4))
    country, account = random.choice(
        [
            ("DE", _digits(random, 18)),
            ("GB", letters + _digits(random, 14)),
            ("FR", _digits(random, 23)),
            ("ES", _digits(random, 20)),
            ("NL", letters + _digits(random, 10)),
            ("IT", letters[0] + _digits(random, 22)),
            ("CH", _digits(random, 17)),
            ("NO", _digits(random, 11)),
            ("PL", _digits(random, 24)),
            ("MT", letters + _digits(random, 23)),
            ("BR", _digits(random, 23) + "C1"),
            ("SA", _digits(random, 20)),
        ]
    )
    number = int("".join(str(int(char, 36)) for char in f"{account}{country}00"))
    value = f"{country}{98 - number % 97:02}{account}"
    if random.random() < 0.5:
        value = _grouped(value, (4,) * 9, random.choice([" ", " ", "-"]))
    if random.random() < 0.1:
        value = value.lower()
    return random.choice(["", "IBAN ", "transfer to ", "a/c "]), _dressed(random, value)


def _ssn(random: Random) -> tuple[str, str]:
    area = random.choice([*range(1, 666), *range(667, 900)])
    pieces = (f"{area:03}", f"{random.randint(1, 99):02}", f"{random.randint(1, 9999):04}")
    if random.random() < 0.2:
        return random.choice(["SSN ", "social security number: "]), "".join(pieces)
    label = random.choice(["", "", "SSN: ", "ss# ", "his number "])
    return label, _dressed(random, random.choice("-- ").join(pieces))


def _itin(random: Random) -> tuple[str, str]:
    group = random.choice([*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)])
    pieces = (f"9{_digits(random, 2)}", str(group), f"{random.randint(1, 9999):04}")
    return random.choice(["", "ITIN ", "taxpayer id: "]), _dressed(random, "-".join(pieces))


def _email(random: Random) -> tuple[str, str]:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    local = random.choice(
        [
            f"{first}.{last}",
            f"{first}_{random.randint(1, 99)}",
            f"{first[0]}{last}",
            first,
            f"{first}+prints",
            f"{first}-{last}",
            f"{last.upper()}",
        ]
    )
    host, ending = random.choice(_HOSTS), random.choice(_ENDINGS)
    domain = random.choice([f"{host}.{ending}", f"{host}.{ending}", f"mail.{host}.{ending}"])
    plain = f"{local}@{domain}"
    return random.choice(
        [
            lambda: ("", plain),
            lambda: ("write to ", plain),
            lambda: ("e-mail:", plain),
            lambda: ("https://shop.example/contact?from=", plain),
            lambda: ("mailto:", plain),
            lambda: ("请联系", plain),
            lambda: ("© ", f"{local}@bücher-{host}.de"),
            lambda: ("", f"{local}@xn--bcher-kva.{ending}"),
            lambda: ("", f"{local} [at] {domain}"),
            lambda: ("", f"{local}(at){host} [dot] com"),
            lambda: ("", f"{local} at {host} dot com"),
            lambda: ("", plain.replace("o", "о").replace("a", "а")),
            lambda: ("", plain.replace("@", "＠").replace(".", "．")),
            lambda: ("", f"{plain[:2]}\u200b{plain[2:]}"),
        ]
    )()


def _phone(random: Random) -> tuple[str, str]:
    def some(pattern: str) -> str:
        """N for 2 to 9, X for any digit."""
        return "".join(
            str(random.randint(2, 9)) if c == "N" else _digits(random, 1) if c == "X" else c
            for c in pattern
        )

    area = random.choice(_AREAS)
    abroad = random.choice(
        [
            "+44 7700 9XXXXX",
            "+49 1512 XXXXXXX",
            "+33 6 XX XX XX XX",
            "+34 612 XXX XXX",
            "+91 98XXX XXXXX",
            "+81 90-NXXX-XXXX",
            "+55 11 9NXXX-XXXX",
            "+61 4XX XXX XXX",
            "+1 {area}-NXX-XXXX",
            "+39 347 XXX XXXX",
            "+86 138 XXXX XXXX",
            "+7 916 XXX-XX-XX",
            "0044 20 7946 0XXX",
            "+4420 7946 0XXX",
            "+1({area})NXXXXXX",
            "+46 70 XXX XX XX",
        ]
    )
    american = random.choice(
        [
            "({area}) NXX-XXXX",
            "{area}-NXX-XXXX",
            "{area}.NXX.XXXX",
            "1-{area}-NXX-XXXX",
            "{area} NXX XXXX",
            "({area})NXX-XXXX",
        ]
    )
    labelled = random.choice(
        [
            "{area}NXXXXXX",
            "07700 9XXXXX",
            "0151 2XXXXXXX",
            "06.XX.XX.XX.XX",
            "090-NXXX-XXXX",
            "04XX XXX XXX",
            "138XXXXXXXX",
            "020 7946 0XXX",
            "NXX-XXXX",
        ]
    )
    label, pattern = random.choice(
        [
            ("", abroad),
            (random.choice(["Tel. ", "WhatsApp: ", "ring "]), abroad),
            ("", american),
            (random.choice(["call ", "text us at ", "ph: ", "fax "]), american),
            (random.choice(["Tel: ", "phone ", "Call ", "mobile: ", "tél. ", "电话："]), labelled),
        ]
    )
    return label, _dressed(random, some(pattern.replace("{area}", area)))


def _ip_address(random: Random) -> tuple[str, str]:
    four = ".".join(str(random.randint(1, 254)) for _ in range(4))
    groups = [f"{random.randint(1, 0xFFFF):x}" for _ in range(7)]
    six = random.choice(
        [":".join(["2a02", *groups]), f"2a02:{groups[0]}:{groups[1]}::{groups[2]}", "fe80::1ff:2"]
    )
    label = random.choice(["", "uploaded from ", "camera at http://", "ip "])
    return label, f"[{six}]"[1:-1] if random.random() < 0.4 and "//" not in label else four


def _mac(random: Random) -> tuple[str, str]:
    octets = [f"{random.randint(0, 255):02x}" for _ in range(5)] + [f"{random.randint(10, 15):02x}"]
    value = random.choice([":".join(octets), "-".join(octets)])
    return random.choice(["", "MAC ", "webcam "]), random.choice([value, value.upper()])


def _passport(random: Random) -> tuple[str, str]:
    label = random.choice(["passport no. ", "Passport number: ", "passport #", "Reisepass-Nr. "])
    letters = random.choices(string.ascii_uppercase, k=2)
    return label, random.choice(
        [_digits(random, 9), letters[0] + _digits(random, 8), "".join(letters) + _digits(random, 7)]
    )


def _license(random: Random) -> tuple[str, str]:
    label = random.choice(["driver's license ", "DL# ", "Driver License No: ", "drivers licence "])
    letter = random.choice(string.ascii_uppercase)
    value = random.choice(
        [
            letter + _digits(random, 7),
            _digits(random, 8),
            f"{letter}{_digits(random, 3)}-{_digits(random, 4)}-{_digits(random, 4)}",
            letter + _digits(random, 12),
        ]
    )
    return label, value


def _some(random: Random, count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(random.choices(alphabet, k=count))


def _token(random: Random) -> tuple[str, str]:
    hexadecimal = string.digits + "abcdef"
    return random.choice(
        [
            lambda: ("", f"ghp_{_some(random, 36)}"),
            lambda: ("export GH=", f"github_pat_{_some(random, 22)}_{_some(random, 59)}"),
            lambda: ("", f"glpat-{_some(random, 20)}"),
            lambda: (
                "bot ",
                f"xoxb-{_digits(random, 12)}-{_digits(random, 13)}-{_some(random, 24)}",
            ),
            lambda: ("", f"sk_live_{_some(random, 24)}"),
            lambda: ("key ", f"sk-proj-{_some(random, 48)}"),
            lambda: ("", f"sk-ant-api03-{_some(random, 60)}"),
            lambda: ("HF_TOKEN=", f"hf_{_some(random, 34, string.ascii_letters)}"),
            lambda: ("", f"eyJ{_some(random, 30)}.eyJ{_some(random, 60)}.{_some(random, 43)}"),
            lambda: ("Authorization: Bearer ", _some(random, 40)),
            lambda: ("https://cdn.example/i.jpg?access_token=", _some(random, 32, hexadecimal)),
            lambda: ("https://", f"{_some(random, 6)}:{_some(random, 12)}@cdn.example.org"),
        ]
    )()


def _aws(random: Random) -> tuple[str, str]:
    upper = string.ascii_uppercase + "234567"
    if random.random() < 0.5:
        return "", f"{random.choice(['AKIA', 'ASIA'])}{_some(random, 16, upper)}"
    label = random.choice(["aws_secret_access_key = ", "AWS_SECRET_ACCESS_KEY="])
    return label, _some(random, 40, string.ascii_letters + string.digits + "/+")


def _gcp(random: Random) -> tuple[str, str]:
    label = random.choice(["", "https://maps.example/static?key="])
    return label, f"AIza{_some(random, 35, string.ascii_letters + string.digits + '_-')}"


def _private_key(random: Random) -> tuple[str, str]:
    kind = random.choice(["RSA ", "", "EC ", "OPENSSH ", "ENCRYPTED "])
    body = "\n".join(_some(random, 64) for _ in range(random.randint(2, 6)))
    return "", f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"


_PLANTED: dict[str, Callable[[Random], tuple[str, str]]] = {
    "US_SOCIAL_SECURITY_NUMBER": _ssn,
    "US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER": _itin,
    "CREDIT_CARD_NUMBER": _card,
    "IBAN_CODE": _iban,
    "EMAIL_ADDRESS": _email,
    "PHONE_NUMBER": _phone,
    "IP_ADDRESS": _ip_address,
    "MAC_ADDRESS": _mac,
    "PASSPORT": _passport,
    "US_DRIVERS_LICENSE_NUMBER": _license,
    "AUTH_TOKEN": _token,
    "AWS_CREDENTIALS": _aws,
    "GCP_API_KEY": _gcp,
    "ENCRYPTION_KEY": _private_key,
}

_LOOK_ALIKES: tuple[Callable[[Random], str], ...] = (
    lambda r: f"order {_digits(r, r.choice([8, 10, 12, 16]))}",
    lambda r: f"Order no. {_digits(r, 3)}-{_digits(r, 7)}-{_digits(r, 7)}",
    lambda r: f"item {_digits(r, 12)}",
    lambda r: f"tracking {_grouped(_digits(r, 22), (4,) * 6, ' ')}",
    lambda r: f"1Z{_some(r, 6).upper()}{_digits(r, 10)}",
    lambda r: f"part no. {_digits(r, 3)}-{_digits(r, 2)}-{_digits(r, 4)}",
    lambda r: f"P/N {_digits(r, 3)}-{_digits(r, 4)}-{_digits(r, 2)}",
    lambda r: f"spare part {_digits(r, 5)}-{_some(r, 3).upper()}-{_digits(r, 3)}",
    lambda r: f"SKU {_some(r, 3).upper()}{_digits(r, 8)}",
    lambda r: f"serial {_some(r, 4).upper()}-{_digits(r, 4)}-{_digits(r, 4)}-{_digits(r, 4)}",
    lambda r: (
        f"version {r.randint(1, 20)}.{r.randint(0, 20)}.{r.randint(0, 99)}.{r.randint(0, 99)}"
    ),
    lambda r: f"firmware v{r.randint(1, 9)}.{r.randint(0, 9)}.{r.randint(0, 9)}.{r.randint(0, 30)}",
    lambda r: f"Chrome/{r.randint(70, 130)}.0.{r.randint(3000, 6000)}.{r.randint(10, 200)}",
    lambda r: f"released in {r.randint(1, 9)}.{r.randint(0, 30)}.{r.randint(0, 9)}",
    lambda r: f"section {r.randint(1, 9)}.{r.randint(1, 9)}.{r.randint(1, 9)}.{r.randint(1, 9)}",
    lambda r: f"{datetime.fromtimestamp(r.randrange(1_900_000_000), UTC):%Y-%m-%d %H:%M:%S}",
    lambda r: f"{r.randint(1, 28):02}.{r.randint(1, 12):02}.{r.randint(1980, 2026)}",
    lambda r: f"{r.randint(1, 28)}/{r.randint(1, 12)}/{r.randint(1980, 2026)}",
    lambda r: f"{r.randint(1950, 1999)}-{r.randint(2000, 2026)}",
    lambda r: f"${r.randint(1, 999)},{_digits(r, 3)}.{_digits(r, 2)}",
    lambda r: f"Rs. {_digits(r, 2)},{_digits(r, 2)},{_digits(r, 3)}",
    lambda r: f"{r.randint(100, 999)} {_digits(r, 3)} {_digits(r, 3)} kr",
    lambda r: f"{r.uniform(-90, 90):.6f}, {r.uniform(-180, 180):.6f}",
    lambda r: f"{r.randint(0, 89)}°{r.uniform(0, 60):.4f}'N {r.randint(0, 179)}°{_digits(r, 2)}'W",
    lambda r: f"ISBN 978-{_digits(r, 1)}-{_digits(r, 3)}-{_digits(r, 5)}-{_digits(r, 1)}",
    lambda r: f"ISBN: 978{_digits(r, 10)}",
    lambda r: f"ISBN {_digits(r, 1)}-{_digits(r, 4)}-{_digits(r, 4)}-{_digits(r, 1)}",
    lambda r: f"EAN {_digits(r, 13)}",
    lambda r: f"ISSN {_digits(r, 4)}-{_digits(r, 4)}",
    lambda r: f"doi:10.{_digits(r, 4)}/{_digits(r, 3)}.{_digits(r, 2)}-{_digits(r, 4)}",
    lambda r: f"arXiv {_digits(r, 4)}.{_digits(r, 5)}",
    lambda r: f"{r.choice(['1920x1080', '3840 x 2160', '800 x 600 x 450 mm', '35x45 mm'])}",
    lambda r: (
        f"ISO {r.choice([100, 200, 3200])} f/{r.uniform(1, 20):.1f} 1/{r.randint(30, 8000)} s"
    ),
    lambda r: f"zip {_digits(r, 5)}-{_digits(r, 4)}",
    lambda r: f"IMG_{r.randint(2010, 2026)}{_digits(r, 4)}_{_digits(r, 9)}.jpg",
    lambda r: f"DSC_{_digits(r, 4)}.NEF",
    lambda r: f"shutterstock_{_digits(r, 10)}",
    lambda r: f"stock photo {_digits(r, 9)}",
    lambda r: f"https://img.example/{_digits(r, 13)}/{_some(r, 40, string.digits + 'abcdef')}.png",
    lambda r: f"https://example.com/{_digits(r, 10)}-{r.choice(_NOUNS)}-{_digits(r, 6)}.html",
    lambda r: f"commit {_some(r, 40, string.digits + 'abcdef')}",
    lambda r: f"md5 {_some(r, 32, string.digits + 'abcdef')}",
    lambda r: "-".join(_some(r, size, string.digits + "abcdef") for size in (8, 4, 4, 4, 12)),
    lambda r: ":".join(_some(r, 2, string.digits + "abcdef") for _ in range(20)),
    lambda r: f"icon@{r.randint(2, 3)}x.png",
    lambda r: f"@{r.choice(_FIRST)}{_digits(r, 3)} on Instagram",
    lambda r: f"{r.randint(1, 12)}:30 @ the {r.choice(_NOUNS)}",
    lambda r: "a polka dot dress seen at home",
    lambda r: "look at example dot patterns",
    lambda r: "std::vector a::before ul::after 10::20",
    lambda r: f"passport photo {r.randint(35, 51)} mm, {r.randint(2, 8)} pieces",
    lambda r: f"driver's license renewal {r.randint(2015, 2026)}",
    lambda r: "password protected: gallery and token ring 802.11",
    lambda r: f"call of duty {r.randint(2, 4)}, {_digits(r, 6)} copies",
    lambda r: f"mobile {r.randint(320, 480)} x {r.randint(600, 900)} wallpaper",
    lambda r: f"model {_some(r, 2).upper()}-{_digits(r, 3)}-{_digits(r, 4)}",
    lambda r: f"lottery {' '.join(str(r.randint(1, 49)) for _ in range(6))}",
    lambda r: f"sizes {' '.join(str(size) for size in range(34, 34 + 2 * r.randint(4, 8), 2))}",
    lambda r: f"scores {r.randint(0, 9)}-{r.randint(0, 9)} {r.randint(0, 9)}-{r.randint(0, 9)}",
    lambda r: f"population {r.randint(1, 99)} {_digits(r, 3)} {_digits(r, 3)}",
    lambda r: f"timestamp {r.randint(1_500_000_000, 1_800_000_000)}",
    lambda r: f"timestamp {r.randint(1_500_000_000_000, 1_800_000_000_000)}",
    lambda r: f"resistor {_digits(r, 2)}-{_digits(r, 3)}-{_digits(r, 4)}",
    lambda r: f"Ref. {_digits(r, 3)}.{_digits(r, 3)}.{_digits(r, 2)}",
    lambda r: f"NSN {_digits(r, 4)}-{_digits(r, 2)}-{_digits(r, 3)}-{_digits(r, 4)}",
    lambda r: f"{_digits(r, 16)}",
    lambda r: f"{_digits(r, 9)}",
    lambda r: f"IMEI {r.choice(['35', '86', '01'])}{_digits(r, 13)}",
    lambda r: f"Windows 10.0.{r.randint(10000, 22000)}.{r.randint(1, 900)}",
    lambda r: f"hours 09:00-17:00 12:30:45 {r.randint(1, 12)}:15",
    lambda r: f"pi 3.14159265358979323846, e {r.uniform(2, 3):.15f}",
    lambda r: f"{r.choice(_NOUNS)}-{_some(r, 24)}",
    # Numbers without a context word.
    lambda r: f"{_digits(r, 3)}-{_digits(r, 3)}-{_digits(r, 4)}",
    lambda r: f"0{_digits(r, 3)} {_digits(r, 3)} {_digits(r, 3)}",
    lambda r: f"{_digits(r, 3)} {_digits(r, 2)} {_digits(r, 4)} mm",
    lambda r: f"{_digits(r, 10)}",
    lambda r: f"{_digits(r, 2)}.{_digits(r, 2)}.{_digits(r, 2)}.{_digits(r, 3)}",
    lambda r: f"{_digits(r, 4)}-{_digits(r, 4)}-{_digits(r, 4)}",
    lambda r: f"+{_digits(r, 2)}% on {_digits(r, 7)} views",
)

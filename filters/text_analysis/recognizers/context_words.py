"""Context words: words before a number that say what the number is."""

import re

_REACH = 48  # characters searched before the number
# Punctuation and short words that may separate a context word from its number.
_SEPARATORS = (
    r"[\s:;#=.,\-/\"'(*|>]|[：、]"
    r"|\b(?:no|nos|nr|num|number|numbers|nummer|numer|numero|número|numéro|n|is|was|are|of|at|on|us|me"
    r"|to|the|my|our|her|his|id|code|es|ist|est|é|è|jest|är|er|lautet|al|au|aux|ao|de|del|do|da|di|nu"
    r"|номер|это|на|по|số|là|nomor)\b|[№º°]|号码|号碼|番号|号|번호|은|는|は|是"
)


class ContextWords:
    """Context words, given as one regular expression in lower case.

    The text is converted to lower case instead of ignoring case in the search, which is four times
    as fast for many words.
    """

    def __init__(self, words: str, links: str = r"(?!)") -> None:
        """`links` are words that may separate these words from their number, besides others."""
        between = rf"(?:{_SEPARATORS}|{links})*"
        self._pattern = re.compile(rf"(?:{words}){between}\Z")

    def precede(self, position: int, text: str) -> bool:
        """Return whether a context word comes before `position`, within `_REACH` characters.

        Only punctuation and short words such as "no.", "is" and "at" may lie between.
        """
        first = max(0, position - _REACH)
        before = text[max(0, first - 1) : position].lower()  # with one character before the reach
        return self._pattern.search(before, 1 if first else 0) is not None


# Groups of digits before a unit are a quantity. Inches are left out: "in" is also a word, and the
# inch sign is also a quotation mark.
_UNIT = re.compile(
    r"\s?(?:[mck]m|m/s|km/h|ft|kg|lbs?|oz|ml|px|pcs|pieces|kr|zł|eur|usd|sek|nok|dkk|czk|huf|rub|views|likes"
    r"|copies)\b|\s?[€$£¥₹₽%°]",
    re.IGNORECASE,
)


def is_quantity(start: int, end: int, text: str) -> bool:
    """Return whether text[start:end] is groups of digits separated by spaces, before a unit."""
    groups = text[start:end].split(" ")
    return all(map(str.isdecimal, groups)) and _UNIT.match(text, end) is not None


# Words before numbers of collections, files, contracts and parts. Words such as "stock" and
# "booking" count with "number" or the like behind them: telephone numbers follow them too.
_RECORD_WORDS = (
    r"accession|inventory|docket|permit|policy|claim|engine|chassis|casting|negatives?|specimen|sample"
    r"|plate|gasket(?: set)?|lego(?: set)?|filter|yarn|colou?r|coupon|voucher|gift card"
    r"|confirmation|grid reference|coordinates|seed|checksum|asteroid|ndc|lccn|pmid|bates|hs|vin"
    r"|shelf ?mark|cartridge|folio|(?<!contact )form"
    r"|(?:museum|membership|stock|booking|reservation|file|job|listing|auction|member|contract|account"
    r"|meter|kit|survey) (?:code|no|number|id|ref|reference)"
    r"|(?:inventar|zähler|vorgangs?|lieferschein|rechnungs?|vertrags?|mitglieds?|policen?|fall|akten)"
    r"-?(?:nr|nummer)|inventar|aktenzeichen|lieferschein|rechnung|akte"
    r"|(?:d'|n° )?inventaire|dossier|cote|facture|contrat|planche"
    r"|expediente|lote|matr[íi]cula|inventario|factura|cat[áa]logo|p[óo]liza|albar[áa]n"
    r"|protocollo|lotto|fattura|pratica|matricola|polizza"
    r"|processo|invent[áa]rio|fatura|nota fiscal|ap[óo]lice|protocolo"
    r"|(?:inventaris|dossier|factuur|polis|zaak|contract)(?:nummer|nr)|inventaris|factuur"
    r"|(?:inventarie|diarie|faktura|ärende|sags?|journal)(?:nummer|nr)"
    r"|sygnatura|(?:numer )?inwentarza|faktur[ay]|umow[ay]|polis[ay]|(?:numer )?sprawy"
    r"|инв|инвентарный|лот|дело|сч[её]т|договор|накладная|полис|шифр"
    r"|demirbaş|dosya|poliçe|envanter"
)
# Words before numbers that do not identify a person, such as order and serial numbers. Plurals,
# "photo" and "model" are left out: a telephone number follows in "orders: 212-..." and
# "photo: 212-...". So is "order" in other languages: orders by telephone follow it.
OTHER_NUMBER_WORDS = ContextWords(
    rf"\b(?:{_RECORD_WORDS})\b"
    r"|管理番号|登録番号|整理番号|受付番号|請求番号|登录号|登記號|登记号|档案号|索书号|批号|合同号|发票号"
    r"|保单号|관리번호|등록번호|사건번호"
    r"|\b(?:order|bestell|invoice|tracking|parcel|shipment|serial|s/n|sn|isbn(?:-1[03])?|issn|imei|sku"
    r"|item|article|ean|upc|gtin|asin|nsn|oclc|batch|lot|ticket|case|ref|reference|part|p/n|pn|mpn"
    r"|product|catalogu?e|barcode|timestamp|patent|doi|arxiv|version|shutterstock"
    r"|lott(?:ery|o|ozahlen)|lotos?|loter[íi]a|euromillions|(?:power|mega)ball|mega-sena|loter[ii]je"
    r"|winning|sportslotto|лото|спортлото"
    r"|(?:art(?:ikel|\.)?|bestell?|serien|kunden|auftrags)-?(?:nr|nummer|num)|artikel|art"
    r"|r[ée]f[ée]rence|r[ée]f|article|refer[êe]ncia|riferimento|rif|c[óo]d(?:igo|ice)?|kod|pedido"
    r"|artículo|artigo|articolo|nr (?:katalogowy|seryjny|zam[óo]wienia)|indeks"
    r"|číslo (?:objednávky|zboží)"
    r"|cikkszám|rendelésszám|articol|sipariş no|ürün(?: kodu)?|s[ıi]ra no|tilausnumero|tuotenumero"
    r"|varenummer|varenr|ordrenr|ordrenummer|mã(?: sản phẩm| đơn hàng)?|kode(?: produk)?|no pesanan"
    r"|артикул|арт|(?:номер|код) (?:заказа|товара|изделия)|серийный|инвентарный|гост|заказ №"
    r"|κωδικός|κωδ)\b|商品番号|品番|型番|注文番号|型号|型號|货号|貨號|订单号|訂單編號|编号|編號"
    r"|상품번호|주문번호|품번|모델|彩票|双色球|ロト|로또|رقم الطلب|كود|מק״?ט|מספר הזמנה|รหัส|คำสั่งซื้อ"
    r"|ऑर्डर नंबर|कोड"
)
# Words before amounts, which are written in the groups of some telephone numbers.
AMOUNT_WORDS = ContextWords(
    r"\b(?:budget|population|total|price|prices?|pages?|scores?|sizes?|counts?|values?|weights?|samples"
    r"|einwohner|preis|größen?|maße|seiten|prix|tailles?|prezzo|misure|taglie|precio|tallas?|medidas"
    r"|población|preço|tamanhos?|população|ceny|rozmiar|rozmiary|velikosti?|prijs|maten|maat|pris"
    r"|storlek(?:ar)?|størrelser?|hinta|koot|koko|méret(?:ek)?|ár|mărimi|preț|fiyat|beden|ölçüler|giá"
    r"|harga|ukuran|kích thước)\b"
)

"""Words for children, looked for only in texts with sexual terms; alone they mean nothing."""

import re

from filters.text_analysis.term_lists.term import terms

TERMS = terms(
    "minor",
    1.0,
    en="child, children, kid, kids, toddler, toddlers, infant, infants, preteen, preteens, pre "
    "teen, teen, teens, teenage, teenager, teenagers, underage, minors, a minor, schoolgirl, "
    "schoolgirls, school girl, school girls, schoolboy, schoolboys, school boy, little girl, "
    "little girls, little boy, little boys, young girl, young girls, young boy, young boys, "
    "lolita, lolitas, kindergarten, preschooler, daughter, middle school, high school",
    es="niña, niñas, niño, niños, menor de edad, menores, colegiala, colegialas, adolescente, "
    "adolescentes",
    de="kinder, kindern, kleines mädchen, kleine mädchen, minderjährig, minderjährige, "
    "schulmädchen",
    fr="enfant, enfants, fillette, fillettes, mineure, mineures, écolière, écolières, adolescente",
    pt="criança, crianças, menina, meninas, menor de idade, novinha, novinhas, adolescente",
    it="bambina, bambine, bambino, bambini, adolescenti, minorenne, minorenni, ragazzina, "
    "ragazzine",
    ru="ребенок, ребенка, ребенку, ребенком, дети, детей, детям, детьми, девочка, девочки, "
    "девочку, девочек, девочкой, школьница, школьницы, школьницу, школьниц, подросток, "
    "подростки, подростков, малолетка, малолетки, несовершеннолетняя",
    zh="儿童, 兒童, 幼女, 女童, 男童, 小女孩, 小学生, 初中生, 未成年, 萝莉",
    ja="児童, 幼女, 少女, 小学生, 中学生, 女子高生, 未成年, ロリ",
    th="เด็ก",
)
# Ages below 18: "12 year old", "15yo", "aged 14".
AGE = re.compile(
    r"(?<!\d)(?:[0-9]|1[0-7])\s?(?:yo|y/o|yrs? old|years? old|year olds?)(?!\w)"
    r"|(?<!\w)age[ds]? (?:[0-9]|1[0-7])(?!\d)"
)

"""Names and phrases in which a term means something else; terms inside them do not count."""

from filters.text_analysis.term_lists.term import terms

TERMS = terms(
    "innocent",
    0.0,
    en="dick van dyke, moby dick, dick cheney, dick tracy, philip k dick, spotted dick, "
    "pussy willow, pussy willows, pussy cat, pussy riot, great tits, blue tits, coal tits, "
    "willow tits, (long tailed|marsh|crested|bearded|azure) tits, cock of "
    "the rock, cock a leekie, turkey cock, weather cock, "
    "maine coon, maine coons, coon cat, coon hound, bitches brew, cum laude, horny toad, "
    "horny goat weed, chink in the, chinks in, chink of, chinks of, spic and span, fag end, "
    "fag packet, wild ass, wild asses, food porn, earth porn, car porn, ruin porn, "
    "cabin porn, word porn, book porn, naked eye, naked mole rat, naked mole rats, naked "
    "cake, naked juice, naked gun, "
    "naked truth, "
    "nude lipstick, nude heels, nude color, nude colour, nude pumps, nude nails, nude palette, "
    "adult dating (the|a|an|from|of|their|these), until he comes (home|back|to|in|out), "
    "until she comes (home|back|to|in|out), bareback (riding|rider|riders|horse|horses), one night "
    "stand (lamp|table), adult video (game|games), sex education, sex ed, same sex, sex of the "
    "baby, opposite sex, sex and the city, "
    "sex pistols, sex discrimination, sex chromosome, sex chromosomes, oilseed rape, rape field, "
    "golden shower tree, golden shower trees, rape seed, high school musical, teen titans, "
    "hate crime, hate speech, sieg heil salute, chuj (people|language|maya|speakers)",
    fr="se fait prendre en (photo|flagrant), art nègre, tapette à souris, en retard, de retard, "
    "du retard, le retard, un retard, sans "
    "retard, au retard, mon retard, son retard, aucun retard, grand retard, retard de, retards "
    "de, de troie, à troie, plan à trois (ans|mois|niveaux)",
    pt="punheta de bacalhau",
    sv="slut på, till slut, före slut, efter slut, ta slut, tar slut, är slut, slut med, slut för",
    de="arsch der welt",
    es="(busca|buscan|quiere) sexo (del|seguro), sexo del bebé, sexo seguro, sexo de "
    "(las|los|la), culo de botella, (|a )(|la |su )verga "
    "(mayor|seca|del palo|de mesana|de gavia), "
    "(|a )(|la |su )verga de trinquete, de la verga (mayor|seca|y), verga del (barco|mástil)",
    ja="フェラ・クティ, フェラクティ, マンコ・カパック, マンコカパック, 音痴女, 乱交(差|通|換), "
    "(途|日|夜|年|空)中出し, 中出しっぱなし, 性交(際|換), (支|救|増|声|応|後|外|求)援交, "
    "(が|肉|あん|つ|じ|す)まんこ, (鶏|豚)肉棒, 正常位置, 騎乗位置, ポルノグラフィティ, 死ねない, "
    "死ねば, 死ねる, 裸足, 裸眼, 赤裸々, 裸電球, ゴミ箱, ゴミ袋, ばかり",
    # A term of two characters is also the end of one word and the beginning of the next one.
    zh="(路|街|港|出|进|接|窗|门|河|入|关|海|洞|渡|山|缺)口交, "
    "口交(通|汇|匯|叉|界|易|互|接|换|換|谈|談|流|警|付|货|给|会|會|费|替|错|錯|代|渉|際), "
    "口爆(炸|满|发|竹|米|料|胎|裂|破|出), (男|女|异|同|个|知)性爱, (男|女)性奴, "
    "性交(往|流|谈|友|易|替|通|互|叉|换|给), 性爱(好|国|美|情|上|人|护), 做(爱|愛)(情|心|好|吃), "
    "(叫|当|称|當|稱)做(爱|愛), (角|景|特)色情, "
    "色情(侣|侶|人|怀|懷|感|节|節|绪|緒|景|调|調|缘|緣|况|況|报|報|形|势|勢|熱), "
    "人妻(子|儿|兒|女|妾|小), (蛋|金|硫|枯)黄片, 黄片岩, (成|早|半|常|眼)熟女, 熟女性, 巨乳酪, "
    "(蟹|鸡|雞|牛|猪|鱼|烤)肉棒, 聊以自慰, (独|亲|各)自慰, 自慰问, "
    "(发|發|注|反|折|放|投|照)射精, 射精(确|准|度|华|華), (林|树)阴道, 阴道路, "
    "(列|火|汽|开)车震, 车震(动|撼|颤|惊|荡|慑|源), (混|动)乱交, 骑乘位置, 騎乘位置, 楼凤凰, "
    "(纽|条|大)约炮, 鸡巴(黎|西|士|基|拿), (花|白|情|路|愚)痴女, 乱伦(敦|巴), 垃圾桶, 垃圾箱, "
    "垃圾车, 垃圾袋, 垃圾分类, 废物利用",
)

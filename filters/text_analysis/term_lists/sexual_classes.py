"""Sexual acts that count near a word for a person, and vocabulary made of classes of words.

An act means something else in most texts (`gets drilled`). Near a word for a person, it is mostly
pornography. `(a|b) (c|d)` combines two classes of words: who or what, and how.
"""

from filters.text_analysis.term_lists.term import terms

PERFORMERS = terms(
    "performer",
    0.0,
    any="(|house|hot)wife, (|house)wives, milf(|s), gilf(|s), grann(y|ies), matures, blonde(|s), "
    "blond, brunette(|s), redhead(|s), babe(|s), slut(|s), slutty, whore(|s), bimbo(|s), stepmom, "
    "stepsister, stepsis, stepdad, stepson, stepbro, coed(|s), nurse, secretary, maid, landlady, "
    "latina(|s), ebony, amateur(|s), couple(|s), lesbian(|s), bisexual, twink(|s), hunk(|s), "
    "stud(|s), shemale(|s), femdom, mistress, dominatrix, cougar(|s), girlfriend(|s), boyfriend, "
    "husband, neighbo(|u)r(|s), stranger(|s), roommate, boss, college girl(|s), girl(|s), woman, "
    "women, lady, ladies, man, men, guy, guys, chick(|s), dude(|s), wench, nympho(|s), bbw, "
    "schoolmistress, cheerleader(|s), pornstar(|s), camgirl(|s), redneck, goth, curvy, busty",
)
ACTS = terms(
    "act",
    0.6,
    any="(gets|getting|got) (pounded|drilled|spanked|boned|creampied|fingered|pegged|gangbanged), "
    "(gets|getting|got) (deepthroated|rimmed), (pounded|boned|screwed) (hard|from behind|deep), "
    "cuckold(|s|ed), strapon(|s), butt plug(|s), butthole, anal (scene|play|action), "
    "(first|hard|deep|rough|painful) anal, (takes|loves|wants) anal, buttfuck(|ed|ing), "
    "(sucks|sucking|blows|blowing) (him off|stranger|strangers|her off), cumload(|s), "
    "(swallow|swallows|swallowing) (huge|big|a|a huge|a big|the whole) load, "
    "(rides|riding|straddles) his face, (plays with|pinches|licks|sucks|sucking) her nipples, "
    "(spreads|spreading|opens) (her|her wet) legs, (wet|dripping) panties, horny, nympho, "
    "(kinky|rough|wild|passionate) sex, sexcapades, sex romp, threesome(|s) with (two|his|her|my), "
    "(licks|licking|eats) (her|his) (ass|asshole|snatch|clit), (rubs|rubbing) her (clit|pussy), "
    "pleasures (herself|himself), moans loudly, (fat|phat|juicy|huge) (ass|asses), bubble butt, "
    "(huge|perky|bouncing|juicy) boobs, (firm|perky|natural|juicy|saggy|bouncing) (tits|titties), "
    "titties, cunt, twat, (throbbing|hard|veiny) (cock|dick), "
    "(huge|big|thick|throbbing) (dick|dicks|cocks), boner, having intercourse, x rated, "
    "explicit (photo|photos|pics), foreplay, (bare|exposed) (genitals|pussy|tits), "
    "(shows|showing|flashes|flashing) (her|off) (pussy|tits|boobs), "
    "(shows|showing|flashes|flashing) her (genitals|nipples|ass), bare breasts and genitals, "
    "pussy (closeup|play|pics)",
)
# What is pornographic whoever it is about.
VOCABULARY = (
    *terms(
        "sexual",
        0.9,
        any="(porn|sex|xxx|fuck|milf|hentai|adult xxx) "
        "(tube|clip|clips|gallery|galleries|gif|gifs), (xxx|sex) "
        "(scene|scenes|movie|film|films|stream|streams|album), (hentai|tentacle) (porn|sex), "
        "hentai (tentacle|manga xxx|pics|pictures|uncensored), (wet|hairy|shaved) "
        "(cunt|twat|snatch), (fucks|fucking|fucked) (his|her|my|a) "
        "(wife|stepmom|stepsister|secretary|maid), (fucks|fucking) "
        "(guy|guys|girl|girls|couple|hard|blonde|babe|teacher|neighbor|neighbour), gay "
        "twink(|s), twinks (barebacking|fucking|sucking), strap on (pegging|femdom|lesbian), "
        "(cum|jizz|spunk) (dripping|dumpster|guzzler|soaked|drenched), cocksucker sex, "
        "(free|live|hot) (nude|naked|porn|xxx) (cams|cam|webcams|chat|shows), nude webcam, "
        "(naked|nude) (on|in) (webcam|cam), glory hole, cum eating, cock worship, ball busting "
        "porn, pussy (pounding|pounded|stretching|spread|juice), (anal|ass) "
        "(gape|gaping|creampie), (cock|dick) (sucker|riding), titty fucking, threesome "
        "(sex|porn|ffm|mmf), foursome sex, orgy (sex|porn|night pics|party xxx)",
        de="(fick|porno|sex) (clips|bilder|treffen|filmchen), (bläst|lutscht) "
        "(schwanz|schwänze|ihn), (lässt|lassen) sich (ficken|bumsen|durchficken|besamen), "
        "(hart|geil|richtig) (gefickt|durchgefickt|ficken), durchgefickt, vollgewichst, "
        "(geile|feuchte|nasse|enge) (fotzen|muschis|löcher), (nackt|nackte) (vor der cam|vor "
        "der webcam), fickluder, fickstute, spermaschlampe, wichsvorlage(|n), deutsche pornos, "
        "kostenlose pornos",
        fr="(se fait|se faire) (prendre le cul|démonter le cul), "
        "(salope|cochonne|chienne|beurette|milf) (baisée|enculée|suce|sodomisée|défoncée), "
        "(baise|sodomie|gangbang|partouze) (hard|amateur|sauvage|à trois), suce (une bite|des "
        "bites), (porno|sexe) (gratuit|français|amateur), se branle la chatte, éjac faciale, "
        "plan cul (gratuit|ce soir|rapide)",
        es="(follando|follada|follan|follar) (duro|a pelo|rico|por el culo|con), cog(iendo|ida) "
        "(rico|duro|delicioso), (madura|madre|rubia|culona|tetona) (follando|follada), "
        "(mama|mamando|chupando|comiendo) (polla|pollas|verga|vergas|coño), xxx "
        "(casero|gratis|latino), (se come|come) una (polla|verga), sexo anal casero, "
        "porno (casero|amateur|latino|español), coño (abierto|rosado|apretado), corridas faciales, "
        "pajote, desnuda (en|por) (la webcam|webcam), (se "
        "masturba|masturbándose) (en la|en|con)",
        it="(si fa|si fanno) (sfondare il culo), (porca|milf) (scopata|inculata|sfondata), "
        "(scopata|inculata) (duro|selvaggia|anale), "
        "(figa|fica|figone) (bagnata|aperta|rasata|spanata), cazzo (enorme|in bocca|in culo|nel "
        "culo), (video|film) (porno xxx|hot xxx), nuda in (webcam|cam), porno "
        "(italiano|gratis|amatoriale), pompino (in|con|a|profondo)",
        pt="(gostosa|novinha|loira|morena|coroa|casada|safada) (fodendo|transando|dando o cu), "
        "(dando|deu|dar) o cu, (foda|fodendo|fodida) (gostoso|no cu|na buceta|dura), buceta "
        "(molhada|peluda|apertada|rosinha), (vídeos|vídeo|videos|filmes) (pornô|porno|xxx), "
        "pornô (caseiro|amador|brasileiro), putaria (no|na|em|com|caseira), porno "
        "(caseiro|amador|brasileiro)",
        ru="порно (видео|ролики|фото|фильмы|онлайн|бесплатно|hd|русское|домашнее|анал), "
        "(трахает|трахают|трахнул|ебет|ебут|выебал|отымел) "
        "(в|жену|соседку|мачеху|девушку|тетку|раком), (сосет|сосёт|отсасывает|лижет) "
        "(член|хуй|киску|яйца|пизду), (голые|большие|огромные) "
        "(сиськи|жопы|дойки|попки|письки), "
        "(анальный|жесткий|групповой|домашний) трах, трахается (с|в|на), проститутк(и|а) "
        "(москвы|москва|спб|питера|недорого|выезд|индивидуалки), "
        "(зрелые|зрелая|молодая|сисястая) (шлюха|шлюхи|давалка|мамка трахается), "
        "(кончает|кончил|кончают) (в рот|на лицо|внутрь), минет от первого лица, секс за "
        "деньги, интим (знакомства|услуги|фото), секс знакомств(а|о)",
        zh="无码中出, 巨乳人妻, 美女裸聊, 国产自拍偷拍, 高清av, 成人av, "
        "免费av, 在线av, av在线, 强奸片, "
        "人妻(无码|中出), (美女|少妇|人妻|熟女)(做爱|口交|潮吹|内射), 约炮(软件|平台|视频), "
        "色情(直播|影片|网站|小说), 啪啪视频, 做爱视频, 做爱(直播|视频|图片)",
        ja="無修正(av|動画|中出し), 素人(中出し|ハメ撮り|av), "
        "av(無料|無修正|動画), 人妻(不倫|中出し|av), "
        "巨乳(人妻|ギャル|av), (中出し|ハメ撮り|フェラ)(動画|av|無料), エロ(av|動画|サイト|画像), "
        "風俗サイト, アダルト(サイト|動画|ビデオ), 生ハメ, 潮吹き動画",
        ko="야동, 야한동영상, 섹스동영상, 성인동영상, 몰카영상, 야설, 노모야동",
        ar="سكس, سكس عربي, افلام سكس, مقاطع سكس, صور سكس, بورنو, شراميط, قحبة, كس, طيز",
        tr="porno izle, porno film, sikiş, sikişme, sikiş izle, ifşa porno, türk ifşa, götten "
        "sikiş, amatör porno, seks videoları, azgın (kadın|kadınlar|dul), yarak, amcık, orospu "
        "porno",
        vi="phim sex, sex không che, phim sex không che, clip sex, phim người lớn, địt nhau, bú "
        "cu, lồn",
        hi="सेक्स वीडियो, देसी सेक्स, चुदाई, चुदाई वीडियो, ब्लू फिल्म, भोजपुरी सेक्स, चूत, लंड, "
        "गांड, नंगी फोटो, अश्लील वीडियो",
        pl="darmowe porno, porno filmiki, filmy porno, amatorskie porno, ruchan(a|ie|ko), ruchana "
        "w dupę, (robi|zrobiła) loda, cycat(a|e), cipka, cipki, jebanie, seks kamerki, sex "
        "oferty",
        nl="porno gratis, gratis seks, sekschat, (dikke|grote) tieten, natte kut, "
        "geneukt worden, neukende",
        cs="porno zdarma, české porno, sex videa, prcání, šukání, kundička, kozatá, amatérské "
        "porno",
        sv="porrfilm, porrfilmer, gratis porr, knulla, knullar, fitta, kåta fruar, sexfilm",
        id="video bokep, bokep, ngentot, memek, kontol, bokep indo, toket gede",
        uk="порно відео, порно онлайн, трахає, мінет",
        ro="filme porno, porno gratis, futut(ă|e|i), pizdă, muie, sex gratis",
        hu="ingyen porno, szexvideó, baszás, punci",
        el="τσόντες, ελληνικό πορνό, γαμήσι, μουνί",
        th="หนังx, หนังเอ็กซ์, เย็ด, คลิปหนังโป๊",
    ),
    *terms(
        "sexual",
        0.6,
        any="(adult|xxx|amateur) cams, sex webcam(|s), "
        "(milf|twink|hentai|creampie) (videos|movies|compilation|party), "
        "(london|paris|dubai|berlin|madrid) "
        "escorts, call girl service, independent call girls, (pussy|dick) (pics|shots), "
        "(vaginal|penile) penetration, (masturbation|vagina|pussy) (cup|toy|sleeve|pump), "
        "suction cup dildo, realistic (vagina|dildo), buy (viagra|cialis|cheap viagra), "
        "(harder|longer) erections, cheap viagra, sexy escorts, "
        "(vulva|anus|penis|vagina|genitals|clitoris) (uncensored|closeup|close up|photo), close "
        "up of (vulva|anus|vagina|penis|pussy), vulva and anus, explicit photo of, "
        "cuckold (husband|wife|couple), (husband|hubby) watches (wife|her), bdsm "
        "(slave|porn), naked (celebs|selfies), leaked sextape, sextape(|s), femdom "
        "(mistress|slave), (mistress|femdom) pegging",
        de="(geile|versaute|willige) (weiber|ladies), sexcam(|s), (huren|nutten) "
        "(privat|kontakte), huren und nutten, (fetter|geiler) arsch, geiler dreier, telefonsex, "
        "sexcam chat, fickt",
        fr="escort girl (paris|lyon|marseille), nue en (webcam|cam), (grosse|petite) salope",
        es="(putas|escorts) (en|madrid|barcelona), desnuda en cam",
        it="casalinghe porche, annunci hot, webcam erotica",
        pt="(mulher|casada|loira) (pelada|gozando)",
        ru="голые (красотки|телки), (шлюх|шлюхи|бляди) (москвы|питера|сосет|сосут)",
        ja="エロ",
        pl="nagie (laski|dupy|cycki), gorąca mamuśka, erotyczne ogłoszenia",
        tr="çıplak kızlar",
        ko="섹스, 조건만남, 포르노",
        nl="hete huisvrouw",
    ),
)
TERMS = (*PERFORMERS, *ACTS, *VOCABULARY)

"""Hints at sex that count only in the settings of pornographic spam: adverts and video titles.

A hint means something else in most texts (`on all fours`, `full service`), and so does a setting
(`full video`, `in your area`). A text that has both is mostly spam.
"""

from filters.text_analysis.term_lists.term import terms

HINTS = terms(
    "hint",
    0.6,
    any="🍆💦, 💦🍆, 🍑🍆, 🍆🍑, 🍑💦, 💦🍑, 🍆👅, 👅💦, 🍒💦, onlyfans, only fans, fansly, "
    "spicy content, spicy (pics|videos|chat), escort lad(y|ies), girlfriend experience, "
    "stepbro, stepsis, step (bro|sis|daddy)",
    # People as adverts and titles name them.
    en="(sexy|horny|naughty) (singles|women|wives|housewives|moms|milfs|cougars), hot "
    "(singles|wives|housewives|milfs|cougars), (lonely|bored|cheating|unsatisfied|frustrated) "
    "(wives|housewives|milfs), big booty (mom|wife|latina|girl|babe), thick latina, "
    # Offers.
    "(vip|elite|independent|female|busty|asian|luxury|russian) (escort|escorts), escorts in "
    "your, companion for the night, adult (fun|chat|friends|encounters), discreet "
    "(fun|encounters|affair|affairs|hookups), (casual|discreet|local) "
    "(hookup|hookups|encounters|flings), naughty (fun|chat|pics|texts), snapchat "
    "(leak|leaks|nudes), "
    # Acts in other words.
    "(touching|touches|pleasures|fingering|playing with|plays with) herself, "
    "(takes|took|taking) (it deep|it all the way|him deep), (eat|eating) her out, "
    "(goes|going|went) down on (him|her), (gets|getting|drops) (down on|to) her knees for, "
    "swallow(s|ing) (every drop|it all|the load), (hot|sticky) load (on|in|all over), "
    "(finishes|finishing|finish) (on|inside) her (face|chest|tits|back|mouth), till he "
    "finishes, until he finishes, (banged|railed|plowed|dicked down) by, (gets|getting|got) "
    "(banged|railed|plowed), (takes|taking) a pounding from, (grinding|twerking|dancing) "
    "naked, drops her (robe|towel|panties), (no|without) panties, lifts her skirt, "
    "seduc(es|ed|ing) (her|his) (student|boss|stepson|neighbor), seduc(es|ed|ing) (the|her) "
    "(plumber|tutor|coach|landlord|roommate|stepdad|delivery guy)",
    es="escorts (independientes|de lujo|vip|maduras), nalgas (enormes|grandes), "
    "(señoras|mujeres|chicas|maduras|casadas) (ardientes|fogosas|insatisfechas), damas de "
    "compañía, chicas de compañía, masaje con final feliz, encuentro(|s) "
    "(discreto|discretos|íntimo|íntimos|ardientes), se la mete(|n), le da por detrás, de "
    "rodillas para él, se lo traga(|n) todo, leche caliente, vecina "
    "(caliente|cachonda|ardiente), culazo, chuparla, chupársela, gime(|n) de placer, packs "
    "filtrados",
    de="escort damen, begleitdamen, (heiße|willige|scharfe|unbefriedigte) "
    "(frauen|hausfrauen|ladies|damen), nimmt ihn (tief |ganz |)in den mund, geht auf die knie "
    "und, von hinten genommen, befriedigt sich, besorgt es (ihr|sich), volle ladung, pralle "
    "hintern, ohne höschen, erotische (abenteuer|kontakte|treffen), sinnliche "
    "(stunden|massage|massagen), diskrete (treffen|hausbesuche|abenteuer)",
    fr="accompagnatrice(|s) (de charme|de luxe|sexy), escort girl(|s), femmes "
    "(chaudes|coquines), se fait prendre (par derrière|en levrette|sauvagement), aventure "
    "sans lendemain, rencontre(|s) (sans lendemain|discrète|discrètes), massage "
    "(naturiste|body body|avec finition), avale tout, grosses fesses, voisine "
    "(chaude|coquine), gémit de plaisir, vidéos privées fuitées",
    it="accompagnatric(e|i) (di lusso|di alto livello|sexy), escort (di lusso|trans), donne "
    "(vogliose|calde), avventure piccanti, incontri (piccanti|hot|discreti|bollenti), la "
    "prende da dietro, a pecorina, a novanta, in ginocchio davanti a lui, ingoia tutto, "
    "culone, vicina (calda|vogliosa|porca), massaggio con finale, geme di piacere",
    pt="acompanhante(|s) (de luxo|com local|completa|completas|independente), garotas de "
    "luxo, (mulheres|casadas|coroas) carentes, senta (com vontade|gostoso|forte|no colo), "
    "rebola(|ndo|r), leva(|ndo) (leitinho|vara), engole tudo, bundão, encontro(|s) (sem "
    "compromisso|quente|quentes|casual|casuais), massagem (tântrica|relaxante com final), "
    "geme gostoso, vizinha (gostosa|safada), completinha, pack do onlyfans",
    nl="escortdame, escort dames, (geile|hete|ondeugende) "
    "(huisvrouwen|vrouwen|meiden|dames|vrouw), erotische massage(|s), pijpt, gepijpt, "
    "spannende date, laat zich nemen, van achteren genomen, ondeugende (foto's|filmpjes), "
    "slikt alles, dikke kont, vingert zichzelf, gelekte naaktfoto's",
    ru="девушк(и|а) на выезд, горячие (женщины|дамы|девушки|соседки), встреч(а|и|у) (на одну "
    "ночь|без обязательств|для взрослых), взяла в рот, встала раком, поставил раком, ласкает "
    "себя, пышные попки, проглотила все, стонет от удовольствия, залил (ей|все лицо), горячая "
    "соседка, интимный массаж, массаж с окончанием",
    zh="外围模特, 寂寞(少妇|人妻|女人|熟女), 饥渴(少妇|人妻|熟女), 含住, 全部吞下, 玩弄, "
    "磨豆腐, 大屁股, 翘臀, 私密(视频|照片|照|影片), 福利视频, 性感(少妇|女神|主播), 良家少妇, "
    "制服诱惑, 一丝不挂, 娇喘, 欲仙欲死",
    ja="欲求不満(な奥様|の人妻|な人妻|な女), 割り切り, 裏垢, 素人(妻|美女|女子大生), "
    "顔にかけ, イってしまう, イク, 自分を慰める, 貝合わせ, 白濁液, 巨尻, 美尻, 口で奉仕, "
    "夜のお相手, 即会い, 寂しい(人妻|奥様|若妻), 淫ら",
)
# Hints that captions have as often: two of them count.
WEAK_HINTS = terms(
    "hint",
    0.3,
    en="(hot|sexy|naughty|busty|asian|russian|slutty) (girls|ladies|babes), petite "
    "(blonde|brunette|redhead|asian|latina), interracial, mature (ladies|women|couples), "
    "(hot|naughty|shy|slutty|busty|curvy|sexy) "
    "(secretary|teacher|nurse|maid|aunt|boss|neighbor|roommate|babysitter|landlady|mom|wife), "
    "(hot|naughty|shy|slutty|sexy) librarian, (brunette|blonde|redhead) babe(|s), amateur "
    "(couple|wife|girl|girlfriend), on all fours, bent over (the|a|his|her) "
    "(desk|couch|table|sofa|counter|bed|car), banged, body rub(|s), courtesan, scissoring, "
    "(rides|riding) him, begs for (it|more), bbc (destroys|wrecks|stretches|fucks), "
    "(destroys|wrecks|stretches) (petite|tiny), leaked (pics|snapchat|snaps|tape|private), "
    "tape leaked, talk(|ing|s) dirty, dirty talk(|ing), local (singles|women|wives|moms), "
    "(lonely|bored) (women|ladies|moms), gets lucky, nuru, moaning",
    es="en cuatro, se toca, en tanga, (mujeres|señoras|chicas) "
    "(solas|solteras|maduras|casadas), gemidos",
    de="auf allen vieren, im tanga, (einsame|reife) (frauen|damen|hausfrauen), stöhnen",
    fr="à quatre pattes, en string, se caresse, femmes (seules|mûres|mariées|célibataires), "
    "gémissements",
    it="in perizoma, si tocca, donne (sole|sposate|mature), gemiti",
    pt="novinha(|s), de quatro, se toca, (mulheres|casadas|coroas) (solteiras|sozinhas), gemidos",
    nl="(eenzame|rijpe) (vrouwen|dames|huisvrouwen), op handen en voeten",
    ru="в стрингах, на четвереньках, (одинокие|замужние|зрелые) (женщины|дамы|девушки), "
    "попка, стоны",
    zh="丁字裤, 邻居太太, 跪下来, 呻吟",
    ja="tバック, 四つん這い, 喘ぎ",
)
SETTINGS = terms(
    "setting",
    0.0,
    any="xxx, nsfw, 18+ only, 18+ content, 🔞, 1080p, 720p, pov, onlyfans "
    "(leak|leaks|leaked), leak onlyfans, incall, outcall, gfe, nuru, mega folder, dms open, "
    "uncensored, uncut, xxx hd",
    en="in your (area|city|town), near you, tonight, waiting for you, are waiting, hotel "
    "visits, verified (photos|pics), text for rates, walk ins welcome, open late, full "
    "service, no sign up, adults only, chat free, free chat, no strings, no strings attached, "
    "satisfaction guaranteed, discretion (guaranteed|assured), link in bio, available now, "
    "hook up, hookup, full (video|length video|length clip|clip|scene|tape), free "
    "(videos|clips|pics|video|clip|access), for free, watch (free|him|her|them|how), explicit "
    "(clip|video|scene|content|pics), homemade (tape|video|clip), (hidden|spy|security) cam, "
    "on (cam|webcam), caught on camera, (her|while) husband (films|watches|works|is away), "
    "compilation, (then|and) joins in, whole (office|team|crew), raw footage",
    es="en tu (zona|ciudad|barrio), cerca de ti, esta noche, salidas a hotel, discreción "
    "(total|absoluta|garantizada), (video|vídeo) (completo|filtrado|casero), sin censura, "
    "descarga gratis, gratis, mientras (el|su) marido, filtrad(o|os), pack completo, (su|el) "
    "vecino, fotos reales",
    de="in deiner (nähe|stadt|region), für eine nacht, heute nacht, jederzeit erreichbar, "
    "diskret, diskretion, kostenlos, ungeschnitten, unzensiert, ganzes video, alle videos, in "
    "voller länge, während ihr mann, vom nachbarn, den nachbarn, ins gesicht, tief in den "
    "mund, hotelbesuche, abenteuer, rund um die uhr, ohne tabus",
    fr="près de chez (vous|toi), sans lendemain, cette nuit, ce soir, discrétion "
    "(assurée|totale), reçoit et se déplace, vidéo(|s) (intégrale|complète|privée|non "
    "censurées), non censuré(|e|s|es), gratuitement, accès gratuit, pendant que son mari, "
    "sous les yeux de son mari, fuite, dans ta ville",
    it="nella tua (zona|città), vicino a te, stasera, massima discrezione, riceve in, "
    "appartamento riservato, video (completo|integrale|amatoriale|privato), senza censura, "
    "gratis, mentre il marito, foto reali, alto livello, anche in hotel",
    pt="perto de você, na sua cidade, hoje à noite, local próprio, atendo em, hotéis e "
    "motéis, sigilo (total|absoluto), vídeo completo, sem censura, grátis, vazou, "
    "vazad(o|a|os|as), enquanto o marido, fotos reais, sem compromisso",
    nl="bij jou in de buurt, in jouw buurt, vannacht, hotelbezoek, gratis, ongecensureerd, "
    "volledige video, gelekt(|e), terwijl haar man, de buurman, ook voor trio",
    ru="рядом с тобой, в твоем городе, на одну ночь, сегодня ночью, круглосуточно, "
    "апартаменты, на выезд, без цензуры, смотреть (полностью|бесплатно|онлайн), бесплатно, "
    "слив, полное видео, пока муж, фото реальные, выезд, все лицо, встала на колени",
    zh="同城, 上门, 等你(来|约), 不设限, 包夜, 免费(看|观看|下载), 完整版, 未删减, 无删减, "
    "流出, 偷拍, 吞下去, 喷了, 下体",
    ja="近所の, ホテル派遣, 流出, モザイクなし, フル動画, 見放題, 無料動画, 本番あり, 素人娘, "
    "夫の留守, 個人撮影, 浴びる",
)
# What mostly names sexual services or pornography by itself.
STRONG_HINTS = terms(
    "sexual",
    0.6,
    any="incall(|s), outcall(|s), nuru massage, cumslut(|s), nsfwtwitter, hentaivideo(|s), "
    "leaked onlyfans, onlyfans (leak|leaks|leaked|nudes|mega), onlyfans pack, escort girls, "
    "escort services, sugar daddy sex, cam girl(|s), nude leaks, nsfw leak(|s), nsfw "
    "(leaked|onlyfans|snapchat), xxx hd, hd xxx, camshow(|s), sexcam(|s), pornhd, "
    "pornvideo(|s), freeporn, nudegirls",
    en="slutwife, hotwife, (takes|took|taking) every inch, gets (railed|dicked "
    "down|creampied), (hot|horny|sexy) singles (near you|in your area|in your city|waiting), "
    "naughty girls talk, girls (talk|talking) dirty, pleasuring (herself|himself), eats her "
    "out, swallow(s|ing) the whole load, dirty snapchat(|s)",
    es="trato de novia, comerse el chocho, se come(|n) el (chocho|coño), servicios sexuales, "
    "putas a domicilio",
    de="girlfriendsex, escortdame, escortdamen, umschnalldildo(|s), hobbyhuren, hobbyhure, "
    "hausbesuche mit escort",
    fr="escort girl indépendante, services sexuels, broute(|nt) le minou, plan q",
    it="servizi sessuali, donna cerca uomo per sesso, accompagnatrice di alto livello",
    pt="serviços sexuais, acompanhante completinha, acompanhantes completas",
    nl="gratis porno, pijpt hem, pijpen, neukt, neuken, geneukt, kutje, kut nat, escortdames, "
    "geile (huisvrouw|huisvrouwen|slet|sletten|milf), seksfilm(|s|pjes), sekscontact(|en), "
    "klaarkomen",
    ru="досуг для мужчин, интимные услуги, секс услуги, проститутки на выезд, взяла в рот член",
    zh="外围女, 高端外围, 可包夜, 上门服务美女, 无套服务",
    ja="人妻デリバリー, 本番あり, 割り切り募集, ハメ撮り流出",
)
TERMS = (*HINTS, *WEAK_HINTS, *SETTINGS, *STRONG_HINTS)

"""Names of sexual acts and organs, clinical and vulgar, in the wording of pornographic spam."""

from filters.text_analysis.term_lists.term import terms

TERMS = (
    # Acts and offers that hardly anything but pornography is worded with.
    *terms(
        "sexual",
        0.9,
        any="(sucks|sucking|strokes|stroking|rides|riding|jerks|jerking|licks|licking) (his|my|a "
        "big|a huge|a hard|off his) (cock|dick), (huge|monster|thick|massive) "
        "(cock|cocks|dick|dicks), (lick|licks|licking|eating|fucking|fingering|fingers) "
        "(her|my|his|a|her wet) pussy, (hairy|shaved|juicy|spread|dripping|creamy) pussy, pussy "
        "(licking|licked|fucked|fucking|fingering|fingered|closeup|eating), facial "
        "ejaculation(|s), cum (swallow|swallowing|covered|filled|slut|sluts|on tits|on her "
        "face), (swallows|swallowing|swallow) (cum|his cum|his load|sperm|semen), rimjob(|s), "
        "footjob(|s), titjob(|s), gloryhole(|s), facesitting, reverse cowgirl, (gets|getting) "
        "fucked, fucked (hard|from behind|in the ass|by two), ass (fuck|fucked|fucking), "
        "bareback (sex|fuck|fucking), (fetish|anal|amateur|lesbian|mature|milf|granny) "
        "(porn|fuck|fucking), begs for (cum|cock|a creampie), (huge|massive|saggy|bouncing|fake) "
        "tits, hardcore (fuck|fucking|anal), uncensored (sex|hardcore|porn), sex orgy, "
        "(horny|nude|naked) (milf|milfs|sluts|slut), jerk off instructions, fuck buddy, fuck "
        "buddies, squirting (pussy|milf|orgasms)",
        es="eyaculaci(ón facial|ones faciales), corrida(|s) (en la boca|en la "
        "cara|facial|faciales|dentro|interna|internas), doble penetración, chup(a|an|ar|ando) "
        "(la|una|su|mi) (polla|verga), chupapollas, (se|me) foll(a|an|o), deja(|n) follar, "
        "(bien|ser) follada, coño(|s) (peludo|mojado|depilado|húmedo|abierto|peludos|mojados), "
        "verga(|s) (gigante|grande|enorme|dura|negra|gruesa), polla(|s) "
        "(gigante|enorme|grande|dura|negra|gorda|gordas|grandes|enormes), tetas "
        "(enormes|gigantes|naturales), putas (baratas|calientes|cachondas|gratis), "
        "(vídeo|video|vídeos|videos) (sexual|sexuales|calientes|de folladas), hac(e|er|iendo) "
        "(una|una buena) paja, tragando (semen|leche)",
        de="gesichtsbesamung(|en), doppelpenetration, arschfick(|en|s), analfick(|en|s), "
        "schwanzlutscher(|in), (lutscht|bläst) (den|seinen|einen|meinen|ihm den|ihm einen) "
        "schwanz, schwanz (lutschen|blasen|lutscht|reiten|wichsen), "
        "(dicker|harter|geiler|riesiger|steifer) schwanz, "
        "(dicken|harten|geilen|riesigen|steifen) (schwanz|pimmel), riesenschwanz, muschi "
        "(lecken|fingern|geleckt|ficken|rasiert), (leckt|lecken|fingert) (ihre|ihr die|sich "
        "die|die|ihre nasse) muschi, (feuchte|nasse|enge|rasierte|behaarte|geile) "
        "(muschi|fotze|möse), (dicke|große|riesige|fette|pralle) titten, sperma (schlucken|im "
        "mund|im gesicht|ins gesicht), schluckt (das|sein|ihr|das ganze|sein ganzes) sperma, "
        "notgeil(|e|en|er), sexgeil(|e|en|er), sexvideo, sextreffen, spritzt ihr ins gesicht",
        fr="éjac(|ulation|ulations|s) facial(e|es), double pénétration, suc(e|er|ent|ant) "
        "(la|une|sa|ma|des|une grosse|sa grosse) (bite|bites), suceuse(|s) de bites, "
        "(grosse|énorme|grosses|énormes) bite(|s), se (fait|font|faire) "
        "(baiser|enculer|sodomiser|doigter|défoncer), (lécher|lèche|lèchent) la chatte, "
        "partouze(|s), partouzer, branlette(|s) espagnole(|s), taill(e|er|ent) une pipe, "
        "pipe(|s) (profonde|baveuse|baveuses), aval(e|er) (le|son|tout le|du) sperme, sperme "
        "(dans la bouche|sur le visage|sur les seins), se doigt(e|ent), doigtage, rencontre(|s) "
        "(sexe|coquine|coquines), vidéo(|s) (coquine|coquines|de cul|de baise), chevauch(e|er) "
        "(sa|une|la|une grosse) bite",
        pt="bucetuda(|s), bucetinha(|s), bucetas, cuzinho(|s), chup(a|am|ando|ar) "
        "(o|um|meu|seu|uma|a) (pau|cacete|rola|pica), (rola|pica) (grossa|dura|enorme|gigante), "
        "d(ando|ar) o (cu|cuzinho), gozada(|s) (na boca|na cara|dentro|interna|internas), "
        "goz(ar|ando|ou|a) (na boca|na cara|dentro|gostoso), ejaculação (no rosto|na "
        "cara|facial|na boca), dupla penetração, suruba(|s), putinha(|s), xoxota(|s), "
        "punheta(|s), siririca(|s), porra na (boca|cara), engol(e|indo) (a porra|porra|o "
        "sêmen|todo o sêmen), cavalgando (na|no|um|uma) (rola|pau|pica|cacete), nudes "
        "vazad(os|as), caiu na net pelada",
        it="(si fa|farsi) (scopare|inculare|trombare|sborrare|chiavare), pompinar(a|e), grosso "
        "cazzo, grossi cazzi, cazz(o|i) (grosso|enorme|duro|nero|grossi|enormi|neri), "
        "succhi(a|are|ano|ando) (il|un|un grosso|i) cazz(o|i), succhiacazzi, "
        "sborr(a|ata|ate|are|ando|ano), eiaculazion(e facciale|i facciali), doppia penetrazione, "
        "(figa|fica) (pelosa|bagnata|rasata|aperta|stretta), lecc(a|are|ano|ando) (la|una) "
        "(figa|fica), tette enormi, arrapat(a|e|i|o), ingoi(a|are|ano) (lo|tutto lo|il suo) "
        "sperma, sperma in (bocca|faccia), video (hard|hot di sesso), sega con i piedi",
        ru="групповух(а|и|у|е), группов(ой|ого|ым) секс(|а|ом), двойн(ое|ого|ым) "
        "проникновени(е|я|ем), (глубокий|горловой) минет, минетчиц(а|ы|у), "
        "(сосет|сосут|сосала|сосать) (член|хуй), (глотает|проглотила|глотать|глотают) (всю "
        "|)сперму, сперм(а|у|ой|ы) (в рот|на лицо|внутрь|во рту|на лице|на груди), "
        "кончи(л|ли|ть) (внутрь|в рот|на лицо|в нее), кончает (внутрь|в рот|на лицо), "
        "ебл(я|и|ю|е), ебут, выебал(|и), дроч(ит|ат|ить|ка|ку|ила), (лижет|лижут|лизать|лижущие) "
        "(киску|пизду|клитор), (бритая|волосатая|бритую|волосатую) киск(а|у), "
        "(большие|огромные|большими|огромными) сиськ(и|ами), (на|в рот) толст(ом|ый) член(|е), "
        "толст(ый|ого|ым) член(|а|ом), интим (услуги|досуг|знакомства), секс (знакомства|на одну "
        "ночь|без обязательств), сквирт(|инг), страпон(|ом|а), отсосала, домашнее порно",
        zh="颜射, 顏射, 吞精, 无套内射, 無套內射, 内射中出, 被内射, 被操得, 狂操(她|我|美女), "
        "帮(他|我)打飞机, 操逼, 操屄, 舔阴, 舔陰, 舔逼, 舔穴, 舔屄, 蜜穴, 嫩穴, 骚穴, 骚逼, "
        "騷逼, 嫩逼, 淫水, 大肉棒, 鸡巴, 雞巴, 巨屌, 大奶子, 车震, 車震, 骑乘位, 騎乘位, 后入式, "
        "楼凤, (美女|裸体|女子)自慰, 自慰(视频|直播|影片), 高清无码, 无码高清, 高清無碼, "
        "无码视频, 性交视频, 性交影片, 群交派对, 群交视频, 口交视频, 肛交视频, "
        "成人(直播|小说|网站|影片), 黄色(视频|网站|电影|小说), 裙底偷拍, 操到高潮, 插到高潮",
        ja="顔射, 口内射精, 膣内射精, 手コキ, 足コキ, パイズリ, 騎乗位, 淫乱, 痴女, おまんこ, "
        "マンコ, オマンコ, チンポ, ちんぽ, イラマチオ, ザーメン, 我慢汁, 乱交パーティー, "
        "セフレ募集, 性感マッサージ, アナルファック, エロ(漫画|アニメ), 盗撮動画, 何度もイク, "
        "クンニ, エッチ動画",
    ),
    # Clinical names of acts, which medicine and dictionaries use too, and coarse words.
    *terms(
        "sexual",
        0.6,
        any="fellatio, cunnilingus, cunilingus, anilingus, analingus, (anal|vaginal|oral) "
        "penetration, mutual masturbation, female ejaculation, fisting, golden shower(|s), "
        "doggystyle, jizz, cumming, cums, jerking off, jerks off, pussies, big dick(|s), casual "
        "sex, sex tonight, no strings sex, erotic massage(|s), escort girl(|s), horny "
        "(women|men|mom|moms|stepmom|couple), horny (couples|nurse|secretary|girlfriend), horny "
        "(lesbian|lesbians|mature|granny|ladies), (naked|nude) "
        "(wives|wife|housewife|housewives|moms|chicks|babes), (huge|massive) (boobs|breasts), "
        "well hung (men|man|stud|guy|guys), (covered|filled) (in|with) (cum|sperm|semen), "
        "masturbat(ing|es|e) (live|on cam|on webcam), wife swapping, partner swapping, clit, "
        "strap on sex, hardcore action, moan(s|ing) with pleasure, sex with strangers, ball gag",
        es="felaci(ón|ones), penetraci(ón|ones) (anal|vaginal|anales), tetona, culona(|s), "
        "nalgona(|s), cachondos, cachondo, guarra(|s) (caliente|folladora), (por el|en el) culo, "
        "culo(|s) (enorme|grande|gordo|enormes|grandes), sexo (sin compromiso|casual|en vivo|en "
        "grupo|grupal|lésbico|salvaje|casero|en directo|en público), parejas "
        "(liberales|swinger), intercambio de parejas, trío(|s) (caliente|sexual|lésbico), se "
        "corr(e|en) (dentro|en su), (se|que) masturba(|n), masturbarse en directo, mamada "
        "profunda, traga(|n) (el semen|toda la leche), madura(|s) "
        "(caliente|cachonda|infiel|calientes|cachondas), (chicas|señoras|mujeres) "
        "(calientes|cachondas), se abre de piernas",
        de="oralverkehr, analverkehr, (harter|harten|steifer|steifen|erigierter) penis, "
        "swingerclub(|s), (titten|gesicht) vollgespritzt, alle spritzen ab, "
        "versaut(|e|en|er|es), geile(|r|n) "
        "(milf|weiber|sekretärin|studentin|oma|ehefrau|blondine|schlampe|nachbarin), stöhnt "
        "(laut|vor lust|vor geilheit), spreizt ihre beine, macht die beine breit, nackte "
        "(weiber|girls|hausfrau|hausfrauen|mädels|ehefrau), flotter natursekt, große brüste, "
        "große (möpse|oberweite), wichst, gevögelt, durchgevögelt, bis zum orgasmus, erotische "
        "massage(|n), (wollen|sucht|suchen) sex, sexdate(|s), sex im (auto|büro|freien), "
        "hausfrauen privat",
        fr="fellations, sodomis(ée|ées|er|e), cunni, plan (à trois|à 3|sexe), gros "
        "(nichons|cul|nibards), énormes seins, sexe (en groupe|à trois|en direct|hard|torride), "
        "pénétration(|s) (vaginale|anale|vaginales|anales), branlette(|s), se branl(e|ent|er), "
        "se masturb(e|ent), échangist(e|es), échangisme, écart(e|er|ent) les cuisses, "
        "godemichet(|s), cyprine, en levrette, photos nues, salope(|s) (en "
        "chaleur|soumise|soumises), chatte(|s) (poilue|mouillée|humide|rasée|épilée|trempée), "
        "sperme partout, femme(|s) (chaude|chaudes|en chaleur|infidèle|infidèles), couple(|s) "
        "libertin(|s), massage érotique, brunes coquines, blondes coquines",
        pt="felaç(ão|ões), cunilíngua, cunilíngus, penetração (anal|vaginal), sexo (grupal|em "
        "grupo|casual|ao vivo|gostoso|caseiro|explícito|lésbico), transando, transar, "
        "peitud(a|as), rabud(a|as), bundud(a|as), bunda(|s) (enorme|grande|gostosa|enormes), "
        "xereca(|s), xota(|s), se masturba(|m|ndo), pau (duro|grosso|gostoso), (no meu|meu) cu, "
        "no cu dela, tesud(a|as|o), fod(endo|er|ida|eu), até gozar, coroa(|s) "
        "(safada|gostosa|peituda|casada|safadas|gostosas), mulher pelada, mulheres peladas, "
        "garota(|s) de programa, acompanhantes de luxo, (swing|troca) de casais, safada(|s) "
        "(abre|dando|mostra|mostrando|chupando), boquetes, massagem erótica",
        it="penetrazion(e|i) (anale|vaginale|anali|vaginali), tette, tetton(a|e), "
        "inculat(a|e|o), (in|nel) culo, (culo enorme|grosso culo|culi enormi|bel culo), "
        "ditalino, zoccol(a|e), mignott(a|e), troie, troia (calda|vogliosa|scopata|dal), "
        "casalingh(e|a) (infedeli|vogliose|calde), casalinga (infedele|vogliosa|calda|porca), "
        "moglie (infedele|troia|puttana|porca|scopata), scambist(a|e|i), scambio di copp(ia|ie), "
        "si masturb(a|ano), ragazze nude, foto (hot|osé|nude), (in cerca|cerca|cercano) (di "
        "sesso|sesso), sesso (stasera|occasionale|di gruppo|a tre|dal vivo|estremo|lesbico|in "
        "auto), annunci erotici, massaggi(o|) erotic(o|i), trombat(a|e), chiavat(a|e), sega "
        "spagnola, cunnilinguo",
        ru="минет(а|ом|ы|ов|у), кунилингус(|а|ом), куннилингус(|а|ом), фелляц(ия|ии|ию), "
        "(анальн|оральн|вагинальн)(ый|ого|ым|ом) секс(|а|ом|е), (анальн|вагинальн)(ое|ого|ым) "
        "проникновени(е|я|ем), трах(ать|аться|ал|ала|али|аются|ается|нули|нуть|нула), "
        "сиськ(и|ами|ам), сисек, грудаст(ая|ую|ой|ые|ых), похотлив(ая|ой|ую|ые|ых), "
        "развратн(ая|ой|ую|ые|ых), мастурбиру(ет|ют|ющая|ющие), раздвин(ула|ув) ноги, раздвигает "
        "ноги, индивидуалк(и|а), (в|в ее) жопу, (большой|огромной|большая|огромная) "
        "(жопой|задницей|жопа|задница), эротическ(ий|ого) массаж(|а), порнозвезд(а|ы), "
        "(голые|голая) (жены|телки|бабы|жена|баба), мокр(ая|ую|ой|ые) (киск|пизд|щелк)(а|у|и), "
        "фистинг(|а), куколд, секс (втроем|чат|в машине|в душе|игрушки), шлюшк(а|и|у), шлюх(у|ой)",
        zh="口交, 肛交, 手淫, 骚货, 騷貨, 淫荡, 淫蕩, 淫乱, 叫床, 浪叫, 肉棒, 小穴, 巨乳, 爆乳, "
        "丰满少妇, 熟女, 潮喷, 援交, 情趣用品, av女优, 乱伦, 射在(嘴里|体内), 精液射, "
        "湿润的阴户, 裸体直播, 国产自拍视频, 性奴, 无码片, 淫妻",
        ja="フェラチオ, フェラ, クンニリングス, アナルセックス, オーラルセックス, 口淫, 乱交, "
        "輪姦, 後背位, シックスナイン, 熟女, 爆乳, 寝取られ, デリヘル, ソープランド, 援助交際, "
        "援交, エロい, av女優, 喘ぎ声, まんこ, パンチラ, 大人のおもちゃ, 緊縛, 肉棒, 電マ, "
        "素人娘, チンコ, 中イキ, 性奴隷",
    ),
    # Clinical and plain words that are as often harmless.
    *terms(
        "sexual",
        0.3,
        any="anal intercourse, coitus, sodomy, missionary position, hookers, cuckold, deep "
        "throat(|ing), (in|takes) both holes, wanking",
        es="pene, penes, clítoris, esperma, eyaculación, eyacula(|n|r), masturbaci(ón|ones), "
        "masturba(|n|r|rse), penetrada(|s), orgía(|s), guarra(|s), relaciones sexuales, acto "
        "sexual, sodomía, esposa infiel, orgasmos, lluvia dorada, garganta profunda",
        de="sperma, samenerguss, ejakulation(|en), klitoris, kitzler, schamlippen, "
        "geschlechtsverkehr, vaginalverkehr, vollbusig(|e|en|er), masturbation, "
        "masturbier(t|en|te), dreier, dominas, orgie(|n), seitensprung, orgasmen, penisse",
        fr="sperme, vagin(|s), pénis, éjacul(e|ent|er), éjaculations, masturbation, masturber, "
        "orgasmes, rapports sexuels, libertin(|e|s|es), gorge profonde, beurette(|s), "
        "cochonne(|s), prostituée(|s), épouse infidèle, énorme queue, fait jouir",
        pt="esperma, ejaculação, ejacul(a|am|ar|ando), masturbação, masturb(ar|ando|arem), "
        "clitóris, orgia(|s), relações sexuais, esposa infiel, sodomia, transa(|s)",
        it="sperma, pene, clitoride, vaginale, vaginali, eiaculazion(e|i), masturbazion(e|i), "
        "masturb(a|ano|arsi|ando), orgasmi, orgia, figa, gola profonda, cosce aperte, vogliosa, "
        "rapporti sessuali, sodomia, donne mature, bocchino, maiala",
        ru="сперм(а|ы|у|ой|е), семяизвержени(е|я), эякуляц(ия|ии|ию), полов(ой|ого) член(|а), "
        "пенис(|а|ом|ы), влагалищ(е|а), вагин(а|ы|у|е), вагинальн(ое|ый|ая|ого), клитор(|а), "
        "мастурбац(ия|ии|ию), мастурбировать, оргазм(а|ом|ы|е), орги(я|и|ю), "
        "проститутк(а|и|у|ой), проституток, интим, полов(ой|ого) акт(|а), бдсм, свингер(ы|ов), "
        "изменяет мужу",
        zh="自慰, 射精, 精液, 阴茎, 陰莖, 阴道, 陰道, 阴户, 陰戶, 阴部, 阴唇, 阴蒂, 人妻, "
        "不打码, 无码, 無碼, 潮吹, 床戏, 一夜情, 高潮连连",
        ja="自慰, マスターベーション, 射精, 精液, 陰茎, ペニス, 膣, ヴァギナ, 陰部, 陰唇, "
        "クリトリス, 性交, 性行為, 絶頂, 人妻, 潮吹き, ごっくん, 盗撮, 風俗店, 正常位, "
        "オーガズム, オルガスム, アナル, 肛門性交, 出会い系",
    ),
)

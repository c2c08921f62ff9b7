"""Pornographic terms, and suggestive terms that count only near words for children."""

from filters.text_analysis.term_lists.term import terms

TERMS = (
    *terms(
        "sexual",
        0.9,
        en="porn video, porn videos, porn movie, porn movies, porn pics, porn site, hardcore porn, "
        "free porn, teen porn, gay porn, lesbian porn, hardcore sex, xxx video, xxx videos, "
        "xxx movies, free xxx, sex video, sex videos, sex cam, sex cams, live sex, pornhub, "
        "xvideos, xhamster, redtube, blowjob, blowjobs, blow job, blow jobs, handjob, handjobs, "
        "cumshot, cumshots, gangbang, gangbangs, gang bang, bukkake, deepthroat, upskirt, "
        "wet pussy, tight pussy, big tits, leaked nudes, anal sex video",
        es="video porno, videos porno, vídeo porno, vídeos porno, sexo amateur, putas xxx",
        de="pornofilm, pornofilme, pornovideo, pornovideos, sexfilm, sexfilme, geile titten",
        fr="film porno, films porno, vidéo porno, vidéos porno, sexe amateur",
        pt="filme pornô, filmes pornô, vídeo pornô, vídeo de sexo, video de sexo, sexo amador, "
        "buceta",
        it="film porno, filmati porno, sesso amatoriale, pompino, pompini",
        ru="порно видео, порно онлайн, порнофильм, порнофильмы, порнуха, секс видео, трахает",
        zh="色情片, 色情视频, 成人视频, 成人電影, 裸聊, 口交",
        ja="エロ動画, エロ画像, アダルトビデオ, アダルト動画, セックス動画, 中出し, フェラチオ",
        th="หนังโป๊, คลิปโป๊",
    ),
    *terms(
        "sexual",
        0.6,
        en="porn, porno, pornstar, pornstars, porn star, milf, milfs, hentai, creampie, camgirl, "
        "camgirls, nude pics, naked pics, naked girls, nude girls, nude selfie, nude selfies, "
        "sex tape, sex chat, big boobs, huge cock, dildo, dildos, rule34, shemale, shemales",
        es="porno gratis, follando, follar, tetas grandes",
        de="pornos, sexkontakte, nacktbilder",
        fr="gros seins, plan cul",
        pt="pornô, putaria, boquete",
        it="tette grosse, scopata",
        ru="порно, минет, эротика бесплатно",
        zh="色情, 做爱, 做愛, 黄片, 三级片",
        ja="ポルノ, オナニー, ハメ撮り",
    ),
    *terms(
        "sexual",
        0.3,
        en="pornography, pornographic, nsfw, cum, orgy, threesome, orgasm, horny, boobs, pussy, "
        "masturbate, masturbating, masturbation, escort service, hot babes",
        de="pornografie, muschi",
        fr="pornographie",
        es="pornografía, polla, mamada",
        pt="pornografia, tesão",
        it="pornografia, scopare",
        ru="порнография",
        zh="性交",
        ja="無修正",
    ),
    *terms(
        "suggestive",
        0.3,
        en="nude, nudes, naked, topless, undressed, sexy, erotic, seductive, lingerie, thong, "
        "having sex, sex with, rape, raped, molested",
        es="desnuda, desnudo, desnudas, desnudos",
        de="nackt, nackte, nackter, sexy",
        fr="nue, nues",
        pt="nua, nuas, pelada",
        it="nuda",
        ru="голая, голые, голый",
        zh="裸体, 裸照, 性感",
        ja="裸, 全裸, ヌード, セックス",
    ),
    # Words for sexual material about minors, which is a crime to own.
    *terms(
        "abuse",
        1.0,
        en="child porn, child pornography, childporn, kiddie porn, kid porn, preteen porn, "
        "jailbait, "
        "pthc, lolicon, shotacon, underage porn, underage sex",
        es="pornografía infantil, porno infantil",
        de="kinderporno, kinderpornos, kinderpornografie, kinderpornographie",
        fr="pédopornographie, pornographie infantile",
        pt="pornografia infantil",
        it="pedopornografia, pornografia infantile",
        ru="детское порно, детская порнография",
        zh="儿童色情, 兒童色情, 幼女色情",
        ja="児童ポルノ, ロリコン",
    ),
)

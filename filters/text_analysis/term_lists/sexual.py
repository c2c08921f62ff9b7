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
        zh="色情片, 色情视频, 成人视频, 成人電影, 裸聊",
        ja="エロ動画, エロ画像, アダルトビデオ, アダルト動画, セックス動画, 中出し",
        th="หนังโป๊, คลิปโป๊",
    ),
    *terms(
        "sexual",
        0.6,
        any="porn, porno, pornstar, pornstars, porn star, milf, milfs, hentai, creampie, camgirl, "
        "camgirls, nude pics, naked pics, naked girls, nude girls, nude selfie, nude selfies, "
        "sex tape, sex chat, big boobs, dildo, dildos, rule34, shemale, shemales",
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
    # Plain words of pornographic spam: acts and offers.
    *terms(
        "sexual",
        0.9,
        any="sex movie, sex movies, sex clip, sex clips, sex pics, sex photos, sex story, sex "
        "stories, free sex, amateur sex, mature sex, teen sex, group sex, hot sex, sex "
        "dating, fuck video, fuck videos, adult videos, adult movies, adult webcam, erotic "
        "videos, masturbation video, masturbation videos, webcam girls, anal fuck, anal "
        "fucking, doggy style sex, hard cock, big cock, big cocks, sucks cock, sucking cock, "
        "cock sucking, sucks dick, sucking dick, rides dick, riding dick, cum in mouth, cum "
        "on face, facial cumshot, double penetration, fingering herself, fingers herself, "
        "squirting orgasm, celebrity sex tape, naked teens, nude teens, videos xxx, xxx porn, "
        "xxx pics, xxx photos, porn tube, porn tubes, sex tube",
        de="sexvideos, gratis sex, sex treffen, hausfrauensex, fickfilme, fickvideo",
        es="sexo duro, sexo gratis, videos de sexo, vídeos de sexo, vídeos xxx, fotos xxx",
        fr="sexe gratuit, vidéos de sexe, baise gratuite",
        pt="sexo gratis, sexo grátis, vídeos de sexo",
        it="sesso gratis, video di sesso",
        ru="секс онлайн, порно бесплатно, секс бесплатно",
        zh="性爱视频, 约炮, 口爆",
        ja="無修正動画, セックス動画",
    ),
    # The same: people and acts that are mostly named there.
    *terms(
        "sexual",
        0.6,
        any="oral sex, anal sex, vaginal sex, horny wife, horny housewife, horny housewives, "
        "horny girl, horny girls, hot milf, naked amateur, naked women, nude women photos, "
        "naked celebrities, nude celebs, nude celebrities, erect penis, gets penetrated, "
        "being penetrated, spreads her legs, spreading her legs, strips naked, call girls, "
        "adult dating, happy ending massage, sex doll, sex dolls, sex toy, sex toys, foot "
        "fetish, nip slip, nipslip, penis enlargement, penis pills, penis extender, bigger "
        "penis, adult film star, lesbian sex, gay sex, sex slave, sex slaves, sex acts, "
        "explicit sex, having sex with, orgasms, masturbates, threesomes, orgies, titty fuck, "
        "titfuck, nude photo gallery, nude gallery, nude galleries",
        de="oralsex, analsex, gruppensex, nackte frauen, wichsen, sexchat, geile frauen, geile "
        "hausfrau",
        es="sexo oral, sexo anal, mujeres desnudas, chicas desnudas, tetas, tetonas, pollas, "
        "mamadas, putitas, masturbándose, cachonda, cachondas",
        fr="femmes nues, fellation, sodomie, sexe oral, sexe anal",
        pt="mulheres nuas, sexo oral, sexo anal, gostosa pelada",
        it="donne nude, sesso orale, sesso anale",
        ru="голые девушки, голые женщины, трахнул, трахают",
        zh="裸体美女, 性爱",
        ja="巨乳, セフレ",
    ),
    # Clinical words, and words that are as often harmless: several of them together count.
    *terms(
        "sexual",
        0.3,
        any="penis, penises, vagina, vaginas, vaginal, clitoris, vulva, semen, sperm, ejaculation, "
        "ejaculates, ejaculating, sexual intercourse, intercourse, penetration, erection, aroused, "
        "vibrator, vibrators, bdsm, bondage, fetish, swingers, voyeur, striptease, stripper, "
        "strippers, sensual massage, busty, big ass, big butt, stepmom, stepsister, cheating wife, "
        "hot mom, bbw, sexting, kamasutra, sex position, sex positions, prostitute, prostitutes, "
        "naked body, sexually",
        de="orgasmus, selbstbefriedigung, bordell, reife frauen",
        es="orgasmo, culos, prostitutas",
        fr="orgasme, éjaculation",
        pt="orgasmo, safada, safadas",
        it="orgasmo",
        ru="оргазм",
        zh="高潮",
        ja="風俗嬢",
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

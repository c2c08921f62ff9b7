"""The slots of the rules that announce harm, call for it, or judge a group by its members."""

from filters.text_analysis.phrase_rules.group_words import words

SLOTS_OF_MENACE: dict[str, tuple[str, ...]] = {
    "VIOLENCE": words(
        "kill, shoot, stab, hang, burn, burn down, gas, lynch, murder, punch, bomb, slaughter, "
        "torch, firebomb, set fire to, shoot up, blow up, run over, beat up, spit on, slap, "
        "knock out, behead, crush, smash, grab my gun, get my gun, load my gun"
    ),
    # Words that hardly have another meaning near a group.
    "CONTEMPTUOUS": words(
        "scum, vermin, subhuman, subhumans, degenerates, "
        "two "
        "faced, freeloaders, scroungers, worthless, brainless, good for nothing, "
        "pathetic, "
        "disgusting, retards, dregs, "
        "invaders, "
        "reek, reeks, untermenschen, inbred, inbreds, uncivilized, uncivilised, "
        "backstabbers, "
        "backstabbing, thieving, bloodsucking, good riddance, filthy animals, sick in the head, "
        "waste "
        "of space, waste of oxygen, scumbags, dirtbags, lowlife, lowlifes, low lifes, abomination"
    ),
    "SICKNESS": words(
        "sickness, disease, disorder, sin, crime, mistake, disgrace, joke, perversion"
    ),
    "BETRAY": words(
        "stab you in the back, stab us in the back, rip you off, rip us off, rob you blind, cheat "
        "you, betray you, betray us, lie to your face, turn on you, take advantage of you, bleed us"
    ),
    "FED_UP": words(
        "sick of, tired of, sick and tired of, fed up with, had enough of, done with, had it with"
    ),
    "PLAYING": words(
        "playing, whining, complaining, crying, moaning, demanding, begging, stealing, taking, "
        "pretending, acting, invading, coming, everywhere, and their"
    ),
    "ALL_ALIKE": words("all the same, all alike"),
    "NO_BUSINESS": words("no business, no place in our, no place among us, no right to be here"),
    "TURN_BACK": words("turn your back on, turn my back on, turn our backs on"),
    "UNSAFE": words(
        "lock, locks, hide, hides, afraid, scared, unsafe, dangerous, fear, dirty, moved away, poor"
    ),
    "BECAUSE_OF": words("because of, thanks to, due to"),
    "NO_DECENT": words(
        "no decent, no honest, no sane, no normal, no self respecting, no civilized"
    ),
    "DECENT_PEOPLE": words(
        "decent people, honest people, normal people, sane people, civilized people, civilised "
        "people, civilized countries, civilised countries, civilized nations"
    ),
    "BRAINS": words("brains, brain, intelligence, decency, discipline, morals, manners"),
    "ACCEPTED": words(
        "rents, rent, hires, hire, marries, marry, trusts, trust, tolerate, tolerates"
    ),
    "SPOILED": words(
        "stink, stinks, dirty, filthy, unsafe, ruined, worse, not safe, gone downhill"
    ),
    "EVERY_TIME": words("every time, everytime, whenever, wherever, each time, as soon as, once"),
    "MISSING": words(
        "missing, get stolen, gets stolen, is stolen, go missing, goes missing, get robbed, "
        "trouble, "
        "gets broken, get broken, disappears"
    ),
    "WARY": words(
        "cross the street, cross the road, hold my purse, hold my bag, check my wallet, check my "
        "pockets, hide my phone, lock the car, lock my car, lock my doors, lock the doors, walk "
        "faster"
    ),
    "MERCY": words(
        "be a mercy, be a service, be a favor, be a favour, be a pleasure, be a joy, be a "
        "blessing, "
        "be fun, be better, be best, be an honor, be an honour, be nice"
    ),
    "FOREFATHERS": words(
        "grandfathers, grandparents, ancestors, forefathers, fathers, great grandparents, old days"
    ),
    "SHOT_DEAD": words(
        "get shot, gets shot, getting shot, will be shot, is dead, gets stabbed, gets killed"
    ),
    "COMING_FOR": words("come for, coming for, come after, coming after, go after, going after"),
    "KNOW_WHERE": words("know where"),
    "WONT_LIVE": words(
        "won't live, will not live, won't survive, will not survive, won't see, will not see, "
        "won't leave, will not leave, will never leave, won't escape, will not escape"
    ),
    "BETTER_WATCH": words(
        "better watch your, better watch their, better guard your, better guard their, best watch "
        "your, best watch their"
    ),
    "WATCH_BACKS": words(
        "watch their backs, watch your back, watch your backs, guard their backs, guard your backs"
    ),
    "FAIR_GAME": words(
        "legitimate target, legitimate targets, fair target, fair targets, fair game, valid targets"
    ),
    "IS_ALWAYS": tuple(
        f"{verb} {adverb}"
        for verb in ("is", "was", "will", "can")
        for adverb in ("always", "always be", "only", "only be", "just", "still")
    ),
    "IS_EVER": tuple(
        f"{verb} {adverb}"
        for verb in ("has", "is", "was", "will", "can", "could")
        for adverb in ("ever", "really", "truly")
    ),
    "NONE_OF": words(
        "not one of, none of, not a single one of, none among, not one among, hardly one of"
    ),
    "EVEN_HUMAN": tuple(
        f"{adverb} {noun}"
        for adverb in ("even", "really", "actually", "truly")
        for noun in ("human", "humans", "people", "human beings", "one of us")
    ),
    "EVER_ACHIEVED": tuple(
        f"ever {verb}"
        for verb in words("done, given, give, do, contributed, achieved, invented, built, brought")
    ),
    "LET_A": words("let a, let an, let another, let some, leave a, leave an, leave another"),
    "LET_OUR": tuple(
        f"{verb} {whose}"
        for verb in ("let", "allow", "want", "leave")
        for whose in ("my", "our", "your")
    ),
    "TAKE_OVER": tuple(
        f"{verb} {what}"
        for verb in ("take", "takes")
        for what in ("over", "our", "everything", "all", "your")
    ),
    "CLOSE_THE": tuple(
        f"{verb} {which}"
        for verb in ("close", "shut", "seal")
        for which in ("the", "our", "all", "your")
    ),
    "FIRE_ANY": tuple(
        f"{verb} {which}"
        for verb in ("fire", "sack", "evict", "reject", "disown", "dismiss")
        for which in ("any", "anyone", "every", "everyone", "a", "all")
    ),
    "SUFFER": words(
        "suffer, bleed, regret, beg, scream, crawl, tremble, pay for it, pay for this, pay for "
        "that, pay for their, pay for your, pay with, pay dearly, pay in"
    ),
    "RUDELY_LEAVE": words(
        "kiss my ass, kiss my arse, kiss our ass, suck it, suck my dick, eat shit, go fuck "
        "themselves, fuck themselves, fuck off, fuck right off, piss off, get stuffed, go "
        "screw themselves, shove it, shut up, shut the fuck up, bite me, sod off, bugger off"
    ),
    "FLEE": words("run, hide, watch out, pray, leave, be scared, be afraid, start running, flee"),
    "FEAR_US": words(
        "live in fear, fear us, be afraid of us, be scared of us, sleep with one eye open"
    ),
    "NOTHING_BUT": words("nothing but, always, only, just, never anything but, all"),
    "ENDURE": words("put up with, tolerate, endure, suffer"),
    "NEVER": words("never, not, don't, do not, can't, cannot, won't, wouldn't, shouldn't"),
    "GETS": words("get, gets, getting, is getting, will get, is, will be, 's, goes, ends up"),
    "VIOLENT_END": words(
        "beating, beaten, beaten up, bullet, bullets, stabbed, punched, punch, slapped, "
        "slap, killed, kicking, kicked, black eye, bloody nose, hanged, burned, run over, coffin"
    ),
    "VIOLENT_BOX": words("a coffin, a body bag, a pine box, a hearse, a casket"),
    "HELL": words("hell, misery, miserable, impossible, unbearable, a nightmare, torture"),
    "TRUSTED_VERB": words("trust, hire, marry, date, respect, befriend, rent to, elect, believe"),
    "NOT_BEING": words(
        "who wasn't, who isn't, who was not, who is not, who didn't, who did not, who doesn't, "
        "that wasn't, that isn't, that didn't, that doesn't, who weren't"
    ),
    "WORSE": words(
        "worse, lower, dumber, dirtier, lazier, uglier, stupider, filthier, viler, more "
        "disgusting, "
        "more useless, more stupid, more dishonest, more worthless"
    ),
    "WORTHY": words("worth, worthy, deserves, trusted, anything, works, normal, respect"),
    "HONEST_WORK": words(
        "honest day, honest day's work, honest work, real work, real job, day of work, day's work, "
        "proper job, hard work, hard day, day in their lives, stroke of work, single day"
    ),
    "BEASTS": words(
        "animals, beasts, pigs, dogs, rats, apes, monkeys, savages, swine, barbarians, cattle, "
        "hyenas, vultures, cockroaches"
    ),
    "HUMAN_BEINGS": words(
        "human beings, humans, people, equals, citizens, fellow humans, as humans, as people"
    ),
    "TROUBLED": words("trouble, a problem, problems, a burden, bad news, a pain, a nuisance"),
    "SUPERLATIVE": words(
        "worst, lowest, dumbest, stupidest, dirtiest, laziest, ugliest, filthiest, vilest, "
        "nastiest, greediest, cruelest, most disgusting, most dishonest, most stupid, most "
        "useless, most violent, most evil, most primitive, most backward, most hateful"
    ),
    "KIND_OF_PEOPLE": words(
        "people, race, kind, sort, creatures, humans, beings, human beings, things, thing, "
        "neighbors, neighbours, parents, workers, drivers, tenants, humanity, society, mankind, "
        "scum, animals"
    ),
    "ONLY": words("only, just, only ever, always, care about nothing but, only ever"),
    "MONEY": words(
        "money, our money, your money, themselves, sex, cash, welfare, benefits, "
        "handouts, profit, free stuff, free money, freebies"
    ),
    "LIKED_VERB": words(
        "really like, actually like, actually want, really want, really need, actually need, even "
        "like, even want, still like, still trust, really trust, actually trust, honestly like, "
        "actually love, honestly want, actually respect, still want"
    ),
    "SHUT_OUT": words(
        "be barred from, be excluded from, be kept out, be kept out of, be kept away, be stripped "
        "of, be jailed, be locked away, be fired, be sacked, be evicted, be caged, be segregated, "
        "be expelled, be outlawed, be interned, be separated from, be kept from, be thrown in"
    ),
}

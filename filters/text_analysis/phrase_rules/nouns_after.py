"""Words after a group that show whether the group is meant, or a thing that is named after it."""

from filters.text_analysis.phrase_rules.group_words import GROUP_ADJECTIVES, MEMBERS, words

# Words for a group that are adjectives too: "the chinese", "an indian". A noun after them is what
# is meant: "burn the french toast". Words of `NO_NOUNS` and punctuation are no nouns.
ALSO_ADJECTIVES = frozenset(
    (*(f"the {each}" for each in GROUP_ADJECTIVES), *set(GROUP_ADJECTIVES).intersection(MEMBERS))
).union(
    words(
        "the english, the british, the dutch, the welsh, the disabled, the blind, the deaf, the "
        "elderly, the homeless, the mentally ill, the poor, woman, muslim, christian"
    )
)
NO_NOUNS = frozenset(
    words(
        "and, or, but, to, from, of, in, at, on, off, out, into, for, with, by, who, that, which, "
        "is, are, was, were, am, be, has, have, had, will, would, should, shall, must, can, can't, "
        "cannot, could, may, might, do, does, don't, doesn't, did, didn't, won't, isn't, aren't, "
        "now, today, tonight, tomorrow, again, already, here, there, everywhere, away, back, home, "
        "too, please, before, until, till, when, if, because, so, then, like, than, as, all, "
        "alive, dead, once, forever, right, near, around, next, first, i, we, you, they, he, she, "
        "it, my, your, our, his, her, their, the, a, an, this, these, those, not, never, always, "
        "ever, even, just, only, every, any, no, gets, get, lives, live, moves, comes, walks, "
        "talks, knocks, looks, wants, says, thinks, feels, seems, deserves, needs, makes, takes, "
        "crosses, meets, sees, trying, living, walking, coming, moving, standing, sitting, "
        "people, person, scum, bastard, bastards, whore, pig, pigs, rat, rats, thief, criminal"
    )
)
# Things, animals and events that are named after groups: "dirty arabs horse", "germans game".
THINGS = frozenset(
    words(
        "horse, horses, dog, dogs, cat, cats, bull, bulls, goat, goats, sheep, cow, cows, mare, "
        "stallion, pony, camel, chicken, rooster, car, cars, truck, bike, bus, train, game, games, "
        "match, team, jersey, shirt, shirts, shoes, boots, dress, dresses, hat, jacket, coat, "
        "jeans, socks, underwear, bag, bags, clothes, laundry, dishes, plate, plates, bowl, food, "
        "dish, soup, sauce, salad, bread, cheese, rice, curry, kitchen, restaurant, cafe, bar, "
        "house, room, toilet, toilets, bathroom, restroom, locker, bed, carpet, rug, window, door, "
        "flag, poster, book, movie, film, song, album, band, stadium, market, shop, store, street"
    )
)

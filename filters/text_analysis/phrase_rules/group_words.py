"""Words for groups of people in English: a group alone is never an attack."""


def words(text: str) -> tuple[str, ...]:
    """Split a list of words and phrases at its commas."""
    return tuple(text.split(", "))


# Nouns that mean people, whatever comes before or after them.
GROUP_NOUNS = words(
    "muslims, islamists, jews, christians, catholics, protestants, mormons, hindus, sikhs, "
    "buddhists, atheists, gays, lesbians, homosexuals, bisexuals, transsexuals, transgenders, "
    "queers, immigrants, migrants, refugees, foreigners, asylum seekers, gypsies, the roma, "
    "travellers, africans, asians, arabs, mexicans, latinos, hispanics, indians, pakistanis, "
    "afghans, iranians, iraqis, syrians, turks, kurds, somalis, nigerians, moroccans, algerians, "
    "albanians, romanians, bulgarians, poles, russians, ukrainians, serbs, germans, americans, "
    "italians, greeks, koreans, filipinos, haitians, cubans, puerto ricans, jamaicans, "
    "palestinians, israelis, native americans, aboriginals, blacks, whites, the chinese, the "
    "japanese, the disabled, the blind, the deaf, the elderly, the homeless, feminists, cripples, "
    "dwarfs, autistics, minorities, asexuals, pansexuals, crossdressers, hijabis, shiites, sunnis, "
    "evangelicals, jehovah's witnesses, quakers, zoroastrians, jains, yazidis, alevis, druze, "
    "hasidim, zionists, pagans, expats, asylum claimants, boat people, sinti, inuit, "
    "eskimos, maoris, aborigines, bedouins, berbers, tuaregs, hutus, tutsis, zulus, uyghurs, "
    "tibetans, rohingya, tamils, punjabis, bengalis, kashmiris, egyptians, tunisians, libyans, "
    "sudanese people, ethiopians, eritreans, kenyans, ugandans, congolese people, ghanaians, "
    "senegalese people, zimbabweans, south africans, saudis, yemenis, lebanese people, jordanians, "
    "armenians, georgians, azeris, chechens, tatars, kazakhs, uzbeks, mongolians, bangladeshis, "
    "nepalis, sri lankans, indonesians, malaysians, cambodians, vietnamese people, thais, "
    "brazilians, colombians, venezuelans, peruvians, bolivians, ecuadorians, argentinians, "
    "guatemalans, hondurans, salvadorans, dominicans, canadians, australians, hungarians, czechs, "
    "slovaks, croats, bosnians, slovenes, kosovars, macedonians, moldovans, lithuanians, latvians, "
    "estonians, belarusians, spaniards, austrians, belgians, norwegians, europeans, slavs, the "
    "irish, the french, the english, the british, the dutch, the welsh, the scots, wheelchair "
    "users, amputees, schizophrenics, the mentally ill, the deaf mute, the poor"
)
# Adjectives, which mean people only before a noun for persons: "black pigs" are pigs.
GROUP_ADJECTIVES = words(
    "muslim, islamic, jewish, christian, catholic, hindu, sikh, black, white, brown, asian, "
    "african, arab, arabic, mexican, latino, latina, hispanic, indian, pakistani, afghan, "
    "iranian, iraqi, syrian, turkish, kurdish, somali, nigerian, moroccan, algerian, albanian, "
    "romanian, polish, russian, ukrainian, chinese, japanese, korean, vietnamese, filipino, "
    "haitian, palestinian, israeli, native, aboriginal, indigenous, gypsy, roma, gay, lesbian, "
    "egyptian, tunisian, libyan, sudanese, ethiopian, eritrean, kenyan, congolese, ghanaian, "
    "senegalese, saudi, yemeni, lebanese, armenian, georgian, chechen, bangladeshi, nepali, "
    "indonesian, thai, cambodian, brazilian, colombian, venezuelan, peruvian, cuban, jamaican, "
    "puerto rican, hungarian, czech, slovak, croatian, bosnian, serbian, bulgarian, greek, "
    "italian, spanish, french, german, irish, english, british, dutch, american, european, slavic, "
    "buddhist, mormon, shia, sunni, uyghur, rohingya, tibetan, tamil, sinti, romani, maori, inuit, "
    "nonbinary, intersex, asexual, lgbt, lgbtq, paralysed, paralyzed, dyslexic, epileptic, "
    "homosexual, bisexual, trans, transgender, transsexual, queer, disabled, handicapped, "
    "autistic, deaf, blind, immigrant, migrant, refugee, foreign, old, elderly, homeless, "
    "mentally ill"
)
PERSONS = words(
    "people, persons, folks, folk, men, women, males, females, guys, girls, boys, kids, children, "
    "families, immigrants, migrants, refugees, communities, couples, person, man, woman, guy, "
    "girl, boy, kid, child"
)
# Women and men in general. "The women" and "two men" are persons in a picture: see reports.py.
GENDERS = words("women, men, females, males, girls, boys, wives, housewives, mothers")
# Nouns for one person of a group.
MEMBERS = words(
    "muslim, jew, christian, catholic, hindu, gypsy, immigrant, migrant, refugee, foreigner, "
    "african, asian, arab, mexican, indian, homosexual, lesbian, gay, pakistani, turk, "
    "somali, syrian, afghan, haitian, albanian, nigerian, moroccan, iraqi, iranian, korean, "
    "romanian, zionist, negro, sikh, buddhist, asylum seeker, cripple"
)

"""Checks the syntax of SMILES, which write a molecule as text (OpenSMILES 1.0, sections 2 and 3).

Of the chemistry, only the valences of atoms without brackets are checked: the orders of an atom's
bonds must not add up to more than its largest valence. A bond between aromatic atoms counts as 1,
so that no aromatic ring is refused that some valence of its atoms allows. Atoms in brackets state
their hydrogens and charge themselves, and are not checked; neither is whether rings are aromatic.
"""

import re

_ELEMENTS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb "
    "Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm "
    "Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
_AROMATIC = "se as b c n o p s"  # in brackets
_SYMBOLS = "|".join(sorted(f"{_ELEMENTS} {_AROMATIC}".split(), key=len, reverse=True))
_CHIRAL = r"@@?(?:TH[12]|AL[12]|SP[123]|TB(?:1\d|20|[1-9])|OH(?:[12]\d|30|[1-9]))?"
_TOKEN = re.compile(
    rf"""
    (?P<atom>Br|Cl|[BCNOPSFI*bcnops]
      |\[\d{{0,3}}(?:{_SYMBOLS}|\*)(?:{_CHIRAL})?(?:H\d?)?
        (?:\+\+|--|[+-](?:1[0-5]|[0-9])?)?(?::\d{{1,3}})?\])
    |(?P<bond>[-=#$:/\\])
    |(?P<ring>\d|%\d\d)
    |(?P<open>\()
    |(?P<close>\))
    |(?P<dot>\.)
    """,
    re.VERBOSE | re.ASCII,
)
_LONGEST = 10_000  # characters
_VALENCES = {  # the largest normal valence (section 3.1.5); aromatic atoms have the same
    **{"B": 3, "C": 4, "N": 5, "O": 2, "P": 5, "S": 6, "F": 1, "Cl": 1, "Br": 1, "I": 1},
    **{"b": 3, "c": 4, "n": 5, "o": 2, "p": 5, "s": 6},
}
_ORDERS = {"=": 2, "#": 3, "$": 4}  # all other bonds have the order 1


def is_smiles(text: str) -> bool:
    """Return whether a text is a SMILES: atoms, bonds, closed branches and closed rings."""
    text = text.strip()
    tokens = list(_TOKEN.finditer(text))
    if not tokens or len(text) > _LONGEST or sum(len(each[0]) for each in tokens) != len(text):
        return False
    branches: list[int] = []  # the atoms at which open branches begin
    rings: dict[int, tuple[int, str]] = {}  # number -> atom and bond of a ring that is open
    atoms = [""]  # all atoms; number 0 is none
    orders = [0]  # of the bonds of each atom, added up
    last = 0  # the atom to which the next one is bound
    before, bond = "dot", ""  # the kind of the token before, and the bond if it is one
    for token in tokens:
        kind = token.lastgroup or ""
        if before in _NOT_AFTER[kind]:
            return False
        if kind == "atom":
            order = _ORDERS.get(bond, 1) if last else 0
            orders[last] += order
            atoms.append(token[0])
            orders.append(order)
            last = len(atoms) - 1
        elif kind == "open":
            branches.append(last)
        elif kind == "close":
            if not branches:
                return False
            last = branches.pop()
        elif kind == "ring":
            number = int(token[0].lstrip("%"))
            atom, opened = rings.pop(number, (0, ""))
            if not atom:
                rings[number] = last, bond
            elif atom == last or (opened and bond and not _same(opened, bond)):
                return False
            else:
                order = _ORDERS.get(opened or bond, 1)
                orders[atom] += order
                orders[last] += order
        elif kind == "dot":
            last = 0
        before, bond = kind, token[0] if kind == "bond" else ""
    return (
        before in ("atom", "ring", "close")
        and not branches
        and not rings
        and all(
            order <= _VALENCES.get(atom, order) for atom, order in zip(atoms, orders, strict=True)
        )
    )


def _same(opened: str, closed: str) -> bool:
    """Return whether the two ends of a ring may have these bonds; / and \\ show directions."""
    return opened == closed or {opened, closed} <= set("/\\")


_NOT_AFTER = {  # by the kind of a token: the kinds that must not be before it
    "atom": (),
    "bond": ("bond", "dot"),
    "ring": ("open", "dot", "close"),
    "open": ("open", "bond", "dot"),
    "close": ("open", "bond", "dot"),
    "dot": ("bond", "dot"),
}

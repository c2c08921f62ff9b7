"""The tail and the quantiles of Student's t distribution, without scipy."""

from math import exp, fabs, lgamma, log, log1p

_MAX_STEPS = 500
_PRECISION = 1e-14
_TINY = 1e-300
_BISECTIONS = 60


def two_sided_p(t: float, freedom: int) -> float:
    """Return the probability that |T| >= |t| for T with `freedom` degrees of freedom.

    It is the regularized incomplete beta function I_x(freedom / 2, 1 / 2) of
    x = freedom / (freedom + t²) (Abramowitz and Stegun, 26.7.1), precise in the far tail.
    """
    x = freedom / (freedom + t * t)
    return _incomplete_beta(x, freedom / 2, 0.5)


def quantile(level: float, freedom: int) -> float:
    """Return the t with P(|T| <= t) = `level`, for T with `freedom` degrees of freedom."""
    low, high = 0.0, 1.0
    while two_sided_p(high, freedom) > 1 - level:
        high *= 2
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if two_sided_p(middle, freedom) > 1 - level:
            low = middle
        else:
            high = middle
    return high


def _incomplete_beta(x: float, a: float, b: float) -> float:
    if x <= 0 or x >= 1:
        return max(0.0, min(1.0, x))
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return exp(front) * _fraction(x, a, b) / a
    return 1 - exp(front) * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if fabs(d) > _TINY else _TINY)
    value = d
    for step in range(1, _MAX_STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        change = 1.0
        for numerator in (even, odd):
            d = 1 + numerator * d
            c = 1 + numerator / c
            d = 1 / (d if fabs(d) > _TINY else _TINY)
            c = c if fabs(c) > _TINY else _TINY
            change = d * c
            value *= change
        if fabs(change - 1) < _PRECISION:
            break
    return value

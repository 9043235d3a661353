"""The logarithm of a probability or a rate that may have been rounded to 0."""

from typing import Any

from valor.functions import log, where

LEAST = 1e-300


def finite_log(x: Any) -> Any:
    """Return log(x), where an `x` from 0 to below 1e-300 counts as 1e-300; nan below 0.

    A probability or a rate of 0 is one that was too small for its activation to tell from 0. Its
    logarithm would be infinite, and so would be the slope 1/x, times a count or a weight, from a
    little above 0. So `x` is clipped, as Keras does, which moves the gradient there to 0; but Keras
    clips at 1e-7, made for float32, and PyTorch the logarithm at -100. In float64 all that is above
    1e-300 keeps its digits, and 1e8 / x is finite.

    A number below 0 is none of a probability or a rate. It gives nan, with which a trainer stops
    and names it, rather than a loss that is flat there.

    >>> round(finite_log(0.0)), finite_log(1.0), finite_log(-0.5)
    (-691, 0.0, nan)
    """
    return log(where(x < 0, x, where(x < LEAST, LEAST, x)))

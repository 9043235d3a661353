"""Losses beside those of PyTorch and optax, value and gradient, in float64, to 1e-12.

Where a peer gives something else, `DIFFERENCES` says why, and mpmath has the last word.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import jax
import jax.numpy as jnp
import mpmath
import optax
import pytest
import torch
import torch.nn.functional as F
from mpmath import mpf

from valor import Valor, loss

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

Point = tuple[tuple[float, ...], tuple[float, ...]]  # what was predicted, and the target


def by_margin(p: Any, t: Any) -> Any:
    """Return the hinge loss: PyTorch has it for p ranked above 0, or below."""
    return F.margin_ranking_loss(p, torch.zeros_like(p), t, margin=1.0)


def by_two_classes(p: Any, t: Any) -> Any:
    """Return the squared hinge loss: PyTorch has half of it, for classes scored p and 0."""
    scores = torch.stack([p, torch.zeros_like(p)], dim=1)
    return 2 * F.multi_margin_loss(scores, (t < 0).long(), p=2)


def with_entropy(p: Any, t: Any) -> Any:
    """Return the cross-entropy: PyTorch has the divergence, which lacks the entropy of t."""
    return F.kl_div(p.log(), t, reduction="sum") + torch.special.entr(t).sum()


def by_density(p: Any, t: Any) -> Any:
    """Return Poisson's loss: JAX has the probability of a count, with the factorial."""
    factorial = jax.scipy.special.gammaln(t + 1)
    return -jnp.mean(jax.scipy.stats.poisson.logpmf(t, p) + factorial)


def mean_of(formula: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda p, t: jnp.mean(formula(p, t))


def exact_sum(formula: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda p, t: mpmath.fsum(map(formula, p, t))


def exact_mean(formula: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda p, t: exact_sum(formula)(p, t) / len(p)


@attrs.frozen
class Peers:
    """A loss with its hyperparameters, those that PyTorch and JAX have, and its definition."""

    name: str
    torch: Any
    jax: Any
    exact: Callable[[Any, Any], Any]
    points: list[Point]
    hyperparameters: dict[str, Any] = attrs.field(factory=dict)

    def __str__(self) -> str:
        given = ",".join(f"{name}={value}" for name, value in self.hyperparameters.items())
        return f"{self.name} {given}".strip()


def points(predictions: Sequence[float], targets: Sequence[float]) -> list[Point]:
    """Return each prediction with each target alone, then threes of them."""
    alone = [((p,), (t,)) for p, t in itertools.product(predictions, targets)]
    threes = [
        (
            tuple(predictions[(first + 2 * k) % len(predictions)] for k in range(3)),
            tuple(targets[(first + k) % len(targets)] for k in range(3)),
        )
        for first in range(len(predictions))
    ]
    return alone + threes


def of_classes(rows: Sequence[tuple[float, ...]], *others: tuple[float, ...]) -> list[Point]:
    """Return each row with each class, then with distributions."""
    width = len(rows[0])
    classes = [tuple(float(k == right) for k in range(width)) for right in range(width)]
    return list(itertools.product(rows, [*classes, *others]))


def xlogy(x: Any, y: Any) -> Any:
    return x * mpmath.log(y) if x else mpf(0)


NUMBERS = (-1e6, -37.5, -3.0, -1.0, -0.3, -1e-3, -1e-9, 0.0, 1e-9, 0.02, 0.7, 1.0, 2.5, 40.0, 1e6)
GOALS = (0.0, 0.25, -3.0, 1.0)
PROBABILITIES = (
    *(0.0, 1e-300, 1e-50, 1e-20, 1e-13, 1e-9, 1e-3, 0.1, 0.5, 0.7),
    *(0.999, 1 - 1e-9, 1 - 1e-13, 0.9999999999999999, 1.0),
)
SHARES = (0.0, 1.0, 0.25)
LOGITS = (-1e6, -700.0, -40.0, -5.0, -0.5, 0.0, 1e-9, 0.5, 3.0, 36.0, 40.0, 700.0, 1e6)
SIGNS = (1.0, -1.0)
DISTRIBUTIONS = [
    *((0.2, 0.3, 0.5), (0.1, 0.1, 0.8), (1e-9, 1e-3, 1 - 1e-3 - 1e-9), (1e-300, 0.5, 0.5)),
    *((0.0, 0.5, 0.5), (0.0, 0.0, 1.0)),
]
SCORES = [
    *((0.5, -1.0, 2.0), (0.0, 0.0, 0.0), (3.0, 3.0, 1.0), (-30.0, 2.0, 2.5), (5.0, -35.0, 1.0)),
    *((40.0, 0.5, -2.0), (700.0, -700.0, 0.0), (1e6, 0.0, -1e6)),
]
SOFT = ((0.2, 0.3, 0.5), (0.5, 0.5, 0.0))
COUNTS = (0.0, 1.0, 3.0, 50.0)
RATES = (0.0, 1e-300, 1e-9, 0.1, 1.0, 2.5, 50.0, 1e6)


def softplus(z: Any) -> Any:
    return mpmath.log1p(mpmath.exp(-abs(z))) + max(z, 0)


def exact_huber(delta: float) -> Callable[[Any, Any], Any]:
    edge = mpf(delta)

    def huber(p: Any, t: Any) -> Any:
        size = abs(p - t)
        return size**2 / 2 if size <= edge else edge * (size - edge / 2)

    return exact_mean(huber)


def of_softmax(z: Any, t: Any) -> Any:
    total = mpmath.log(mpmath.fsum(map(mpmath.exp, z)))
    return mpmath.fsum(each * (total - logit) for logit, each in zip(z, t, strict=True))


LOSSES = [
    Peers(
        "sum_squared_error",
        lambda p, t: F.mse_loss(p, t, reduction="sum"),
        lambda p, t: jnp.sum(optax.losses.squared_error(p, t)),
        exact_sum(lambda p, t: (p - t) ** 2),
        points(NUMBERS, GOALS),
    ),
    Peers(
        "mean_squared_error",
        F.mse_loss,
        mean_of(optax.losses.squared_error),
        exact_mean(lambda p, t: (p - t) ** 2),
        points(NUMBERS, GOALS),
    ),
    Peers(
        "mean_absolute_error",
        F.l1_loss,
        mean_of(lambda p, t: jnp.abs(p - t)),
        exact_mean(lambda p, t: abs(p - t)),
        points(NUMBERS, GOALS),
    ),
    *(
        Peers(
            "huber",
            lambda p, t, delta=delta: F.huber_loss(p, t, delta=delta),
            mean_of(lambda p, t, delta=delta: optax.losses.huber_loss(p, t, delta=delta)),
            exact_huber(delta),
            points(NUMBERS, GOALS),
            {"delta": delta},
        )
        for delta in (1.0, 0.25)
    ),
    Peers(
        "log_cosh",
        None,
        mean_of(optax.losses.log_cosh),
        exact_mean(lambda p, t: softplus(-2 * abs(p - t)) + abs(p - t) - mpmath.log(2)),
        points(NUMBERS, GOALS),
    ),
    Peers(
        "binary_cross_entropy",
        F.binary_cross_entropy,
        None,
        exact_mean(lambda p, t: -xlogy(t, p) - xlogy(1 - t, 1 - p)),
        points(PROBABILITIES, SHARES),
    ),
    Peers(
        "binary_cross_entropy_from_logits",
        F.binary_cross_entropy_with_logits,
        mean_of(optax.losses.sigmoid_binary_cross_entropy),
        exact_mean(lambda z, t: t * softplus(-z) + (1 - t) * softplus(z)),
        points(LOGITS, SHARES),
    ),
    Peers(
        "categorical_cross_entropy",
        with_entropy,
        None,
        exact_sum(lambda p, t: -xlogy(t, p)),
        of_classes(DISTRIBUTIONS, *SOFT),
    ),
    Peers(
        "categorical_cross_entropy_from_logits",
        lambda z, t: F.cross_entropy(z[None], t[None]),
        optax.losses.softmax_cross_entropy,
        of_softmax,
        of_classes(SCORES, *SOFT),
    ),
    Peers(
        "kullback_leibler",
        lambda p, t: F.kl_div(p.log()[None], t[None], reduction="batchmean"),
        lambda p, t: optax.losses.kl_divergence(jnp.log(p), t),
        exact_sum(lambda p, t: xlogy(t, t) - xlogy(t, p)),
        of_classes(DISTRIBUTIONS, *SOFT),
    ),
    Peers(
        "hinge",
        by_margin,
        mean_of(optax.losses.hinge_loss),
        exact_mean(lambda p, t: max(mpf(0), 1 - t * p)),
        points(NUMBERS, SIGNS),
    ),
    Peers(
        "squared_hinge",
        by_two_classes,
        mean_of(lambda p, t: optax.losses.hinge_loss(p, t) ** 2),
        exact_mean(lambda p, t: max(mpf(0), 1 - t * p) ** 2),
        points(NUMBERS, SIGNS),
    ),
    Peers(
        "poisson",
        lambda p, t: F.poisson_nll_loss(p, t, log_input=False, eps=0.0),
        by_density,
        exact_mean(lambda p, t: p - xlogy(t, p)),
        points(RATES, COUNTS),
    ),
    Peers(
        "poisson",
        F.poisson_nll_loss,
        None,
        exact_mean(lambda z, t: mpmath.exp(z) - t * z),
        points((-700.0, -40.0, -1.0, 0.0, 1e-9, 0.5, 3.0, 40.0, 700.0), COUNTS),
        {"log_input": True},
    ),
]


def ours(peers: Peers, point: Point) -> list[float]:
    """Return the value, and the slope by each prediction."""
    scalars = [Valor(p) for p in point[0]]
    result = loss(peers.name, **peers.hyperparameters)(scalars, list(point[1]))
    result.propagar_tudo()
    return [result.data, *(scalar.grad for scalar in scalars)]


def torchs(peers: Peers, point: Point) -> list[float]:
    predicted = torch.tensor(point[0], requires_grad=True)
    result = peers.torch(predicted, torch.tensor(point[1]))
    (slopes,) = torch.autograd.grad(result, predicted)
    return [result.item(), *slopes.tolist()]


def jaxs(peers: Peers, point: Point) -> list[float]:
    predicted, target = map(jnp.array, point)
    value, slopes = jax.value_and_grad(peers.jax)(predicted, target)
    return [float(value), *slopes.tolist()]


def exactly(peers: Peers, point: Point) -> list[Any]:
    """Return value and slopes from the definition, with as many digits as it takes."""
    predicted, target = [mpf(p) for p in point[0]], [mpf(t) for t in point[1]]

    def along(position: int) -> Callable[[Any], Any]:
        return lambda p: peers.exact([*predicted[:position], p, *predicted[position + 1 :]], target)

    slopes = [mpmath.diff(along(k), p) for k, p in enumerate(predicted)]
    return [peers.exact(predicted, target), *slopes]


@attrs.frozen
class Difference:
    """What a peer has another result for.

    Attributes:
        peer, name: whose it is, of which loss.
        at: the outputs that have it, by prediction and target.
        judge: "mpmath" says that ours is right and theirs is not; "infinite": the definition has no
            finite result, and ours is finite on purpose; "kink": there are several slopes.
    """

    peer: str
    name: str
    judge: str
    at: Callable[[float, float], bool]

    def among(self, point: Point) -> bool:
        return any(self.at(p, t) for p, t in zip(*point, strict=True))


def is_rounded(p: float, t: float) -> bool:
    return p in (0.0, 1.0)


DIFFERENCES = [
    # JAX takes the slope of abs from the right; PyTorch, and we, the middle of both.
    Difference("jax", "mean_absolute_error", "kink", lambda p, t: p == t),
    # optax computes the slope of a small error as that of abs(e) - min(abs(e), delta), and min's:
    # delta - delta + abs(e), whose digits are lost.
    Difference("jax", "huber", "mpmath", lambda e, t: 0 < abs(e - t) < 0.01),
    # optax subtracts log 2 from logaddexp(e, -e): of a small error, nothing is left.
    Difference("jax", "log_cosh", "mpmath", lambda e, t: 0 < abs(e - t) < 0.01),
    # PyTorch clips a logarithm at -100, and p (1 - p) in the slope at 1e-12.
    Difference(
        "torch", "binary_cross_entropy", "mpmath", lambda p, t: 0 < p < 1 and p * (1 - p) < 1e-12
    ),
    # The loss of what is certain and wrong: 100 with PyTorch, as large as float64 knows with us.
    # And of what is certain and right, the slope is 1 with us and 0 with PyTorch, which takes
    # 0 / 0 to be 0.
    Difference("torch", "binary_cross_entropy", "infinite", is_rounded),
    # PyTorch subtracts log sig(z) from (1 - t) z, and 1 from sig(z): where the sign is right, what
    # is left has no digits. optax writes the two terms as we do.
    Difference(
        "torch",
        "binary_cross_entropy_from_logits",
        "mpmath",
        lambda z, t: (t == 0 and z < -5) or (t == 1 and z > 5),
    ),
    # Both take the logarithm of 1 + rest, and 1 from the softmax of the right class.
    Difference(
        "torch", "categorical_cross_entropy_from_logits", "mpmath", lambda z, t: t == 1 and z > 30
    ),
    Difference(
        "jax", "categorical_cross_entropy_from_logits", "mpmath", lambda z, t: t == 1 and z > 30
    ),
    # Both are given log p, which is -inf at 0; times a target of 0 it is nan.
    Difference("torch", "categorical_cross_entropy", "infinite", lambda p, t: p == 0),
    Difference("torch", "kullback_leibler", "infinite", lambda p, t: p == 0),
    Difference("jax", "kullback_leibler", "infinite", lambda p, t: p == 0),
    Difference("torch", "poisson", "infinite", lambda p, t: p == 0),
    Difference("jax", "poisson", "infinite", lambda p, t: p == 0),
    # At a margin of exactly 1 PyTorch takes the slope of the side that costs, and optax the middle
    # of both; we take the other, as for relu: what is right pushes nothing.
    Difference("torch", "hinge", "kink", lambda p, t: t * p == 1),
    Difference("jax", "hinge", "kink", lambda p, t: t * p == 1),
]


PAIRS = [
    pytest.param(peers, peer, id=f"{peers}-{peer}")
    for peers in LOSSES
    for peer in ("torch", "jax")
    if getattr(peers, peer) is not None
]


def results(peers: Peers, peer: str, point: Point) -> tuple[list[float], list[float], bool]:
    """Return our value and slopes, those of a peer, and whether they are the same."""
    found, theirs = ours(peers, point), (torchs if peer == "torch" else jaxs)(peers, point)
    return found, theirs, found == pytest.approx(theirs, rel=1e-12, abs=0)


@pytest.mark.parametrize(("peers", "peer"), PAIRS)
def test_values_and_gradients(peers: Peers, peer: str) -> None:
    known = [each for each in DIFFERENCES if (each.peer, each.name) == (peer, peers.name)]
    for point in peers.points:
        found, theirs, same = results(peers, peer, point)
        if same:
            continue
        judges = {each.judge for each in known if each.among(point)}
        assert judges, (point, found, theirs)
        assert all(map(math.isfinite, found)), point
        if judges == {"mpmath"}:
            with mpmath.workdps(1000):
                exact = [float(each) for each in exactly(peers, point)]
            assert found == pytest.approx(exact, rel=1e-12, abs=0), point
            assert theirs != pytest.approx(exact, rel=1e-12, abs=0), point


@pytest.mark.parametrize("listed", DIFFERENCES, ids=lambda each: f"{each.name}-{each.peer}")
def test_no_difference_is_listed_that_is_none(listed: Difference) -> None:
    assert not all(
        results(peers, listed.peer, point)[2]
        for peers in LOSSES
        if peers.name == listed.name and getattr(peers, listed.peer) is not None
        for point in peers.points
        if listed.among(point)
    )


def test_every_bundled_loss_is_here() -> None:
    from valor_plugins import BUNDLED

    names = {module.rpartition(".")[2] for module in BUNDLED if ".losses." in module}
    assert names == {peers.name for peers in LOSSES}

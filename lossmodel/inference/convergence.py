"""R-hat and effective sample sizes, as Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021).

They are those of ArviZ, of which the import alone takes longer than hmc takes for most submodels.
"""

import numpy as np
from scipy.special import ndtri

from lossmodel.model.design.grid import Floats

__all__ = ["convergence", "normal_scores"]

# Probabilities of the quantiles whose effective sample size is that of the tails.
TAILS = (0.05, 0.95)
# Offset of ranks that makes their normal quantiles nearly the expected order statistics.
BLOM = 0.375


def convergence(draws: Floats) -> dict[str, Floats]:
    """R-hat and bulk and tail ESS of Q quantities.

    Parameters
    ----------
    draws
        Shape (chains, draws, Q), with four draws or more.

    Returns
    -------
    dict
        ``rhat, ess_bulk, ess_tail``, each of shape (Q,). Where all draws are equal, R-hat is not a
        number and the ESS is the number of draws.

    Examples
    --------
    >>> found = convergence(np.random.default_rng(1).standard_normal((4, 500, 1)))
    >>> bool(found["rhat"][0] < 1.01), bool(found["ess_bulk"][0] > 1500)
    (True, True)
    """
    values = np.moveaxis(np.asarray(draws, dtype=float), -1, 0)
    limits = np.quantile(values, TAILS, axis=(1, 2))[..., None, None]
    halves = _split(values)
    ranked = normal_scores(halves)
    folded = np.abs(halves - np.median(halves, axis=(1, 2), keepdims=True))
    tails = [_effective(_split((values <= limit).astype(float))) for limit in limits]
    return {
        "rhat": np.maximum(_rhat(ranked), _rhat(normal_scores(folded))),
        "ess_bulk": _effective(ranked),
        "ess_tail": np.minimum(*tails),
    }


def _split(values: Floats) -> Floats:
    """First and last halves of chains as chains, from and of shape (Q, chains, draws)."""
    half = values.shape[2] // 2
    return np.concatenate([values[..., :half], values[..., -half:]], axis=1)


def normal_scores(values: Floats, offset: float = BLOM) -> Floats:
    """Normal quantiles of the ranks among all values of a quantity; equal values share one.

    Parameters
    ----------
    values
        Values of Q quantities, shape (Q, ...).
    offset
        Taken off each rank, and off both ends of their number (Blom 1958).
    """
    # It takes half a second to import, and most fits are neither sampled nor checked again.
    from scipy.stats import rankdata

    count = values[0].size
    ranks = rankdata(values.reshape(len(values), -1), axis=1)
    return np.asarray(ndtri((ranks - offset) / (count + 1 - 2 * offset)).reshape(values.shape))


def _rhat(values: Floats) -> Floats:
    """Root of total over within-chain variance, shape (Q,)."""
    count = values.shape[2]
    within = values.var(axis=2, ddof=1).mean(axis=1)
    between = count * values.mean(axis=2).var(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt((between / within + count - 1) / count))


def _effective(values: Floats) -> Floats:
    """Effective number of draws, shape (Q,), by autocorrelations over all chains."""
    from scipy.fft import irfft, next_fast_len, rfft

    _, chains, count = values.shape
    size = next_fast_len(2 * count, real=True)
    spectrum = np.abs(rfft(values - values.mean(axis=2, keepdims=True), n=size, axis=2)) ** 2
    covariance = irfft(spectrum, n=size, axis=2)[..., :count].mean(axis=1) / count
    within = covariance[:, 0] * count / (count - 1)
    whole = covariance[:, 0] + (values.mean(axis=2).var(axis=1, ddof=1) if chains > 1 else 0.0)
    varies = np.ptp(values, axis=(1, 2)) > np.finfo(float).resolution
    found = np.full(len(values), float(chains * count))
    for i in np.flatnonzero(varies):
        found[i] /= _time(1 - (within[i] - covariance[i]) / whole[i], chains * count)
    return found


def _time(correlation: Floats, draws: int) -> float:
    """Autocorrelation time, from autocorrelations by lag, by Geyer's monotone sequence."""
    count = len(correlation)
    kept = np.zeros(count)
    kept[0], kept[1] = 1.0, correlation[1]
    even, odd, lag = 1.0, float(correlation[1]), 1
    while lag < count - 3 and even + odd > 0:
        even, odd = float(correlation[lag + 1]), float(correlation[lag + 2])
        if even + odd >= 0:
            kept[lag + 1], kept[lag + 2] = even, odd
        lag += 2
    last = lag - 2
    if even > 0:
        kept[last + 1] = even
    for lag in range(1, last - 1, 2):
        before = kept[lag - 1] + kept[lag]
        if kept[lag + 1] + kept[lag + 2] > before:
            kept[lag + 1] = kept[lag + 2] = before / 2
    time = -1 + 2 * kept[: last + 1].sum() + kept[last + 1 : last + 2].sum()
    # Antithetic draws count for more than independent ones, but not without limit.
    return float(max(time, 1 / np.log10(draws)))

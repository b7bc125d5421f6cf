"""Nested Laplace approximation of a submodel's posterior.

Theta is (h, z): hyperparameters and latent vector. For given h the mode z*(h) is found by Newton
steps, and the hyperparameters' marginal is approximated by

    log p(h | y) = log p(h, z*(h), y) - log det H(h) / 2 + constant

(Tierney and Kadane 1986; Rue, Martino and Chopin 2009). It is maximised over h: the joint mode of
(h, z) will not do, since a noise scale can go to zero where the latent path follows the figures.
Around its maximum h is normal, with one sd below it and another above, and z given h is normal with
mean ``z* + Z (h - h*)``, so that the hyperparameters are integrated over.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.linalg import cholesky
from threadpoolctl import threadpool_limits

from lossmodel.inference.laplace.approach import approach
from lossmodel.inference.laplace.diagnostics import (
    NormalityDiagnostics,
    normality_diagnostics,
    split_normal,
)
from lossmodel.inference.laplace.factors import Root
from lossmodel.inference.laplace.hyper_mode import HyperMode, Report, find_hyper_mode
from lossmodel.inference.laplace.hyper_spread import covariance_of_hypers, sds_of_hypers
from lossmodel.inference.laplace.modes import Modes, Point
from lossmodel.inference.laplace.outliers import starts_at_outliers
from lossmodel.inference.laplace.rival_modes import candidates
from lossmodel.model.density.density import Density
from lossmodel.model.density.layout import MANY_UNKNOWNS
from lossmodel.model.design.grid import Floats

__all__ = ["Laplace", "approximate", "diagnosed"]

Diagnose = bool | Literal["marginals"]
# Newton's decrement of the latent vector at the first point: 1.4 posterior sds.
FIRST = 1.0
# Searches for a mode that the marginals of totals show to be higher. One was enough for the shipped
# war as of June 2025, where the first mode took the killed of one side for known to 3%.
RESTARTS = 2


@dataclass(frozen=True)
class Laplace:
    """A normal approximation of the posterior of theta.

    Attributes
    ----------
    mode
        Shape (D,): maximum of the hyperparameters' marginal, and z* there.
    covariance_root
        A with A A' the covariance; ``mode + A x`` of standard normal x draws. Its first columns
        are those of the hyperparameters. Lower triangular, or sparse with many unknowns.
    latent_precision
        Negative Hessian by z at the mode; sparse with many unknowns.
    hyper_covariance
        Of the hyperparameters, on their standard normal scale.
    log_evidence
        Laplace's approximation of log p(y).
    decrement
        Newton's decrement at the mode, in units of log density.
    positive
        Whether the exact negative latent Hessian was positive definite.
    gradient
        Norm of the marginal's gradient at the mode, in posterior sds.
    expansions, gradients
        Second-order expansions and gradients used.
    split_normal_scales
        Shape (2, H): by how much each hyperparameter's sd is larger below and above its mode.
    diagnostics
        How far the posterior is from this approximation; None where they were not run, and of a
        fit from disk.
    rivals
        Fits around other modes that may have a part of the probability; none of a fit from disk.
    """

    mode: Floats
    covariance_root: Root
    latent_precision: Root
    hyper_covariance: Floats
    log_evidence: float
    decrement: float
    positive: bool
    gradient: float
    expansions: int
    gradients: int
    split_normal_scales: Floats = field(default_factory=lambda: np.ones((2, 0)))
    diagnostics: NormalityDiagnostics | None = None
    rivals: tuple["Laplace", ...] = ()

    def dense(self) -> "Laplace":
        """The same with dense matrices."""
        root, precision = (
            matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())
            for matrix in (self.covariance_root, self.latent_precision)
        )
        return replace(self, covariance_root=root, latent_precision=precision)

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Draws of theta, shape (size, D).

        They are independent but for the reported totals, whose quantiles are stratified: see
        ``LaplaceMarginal.shift``.
        """
        x = rng.standard_normal((size, len(self.mode)))
        with_hypers, own, _ = split_normal(
            x, covariance_root=self.covariance_root, split_normal_scales=self.split_normal_scales
        )
        theta = self.mode + with_hypers + own
        for marginal in () if self.diagnostics is None else self.diagnostics.marginals:
            theta += marginal.shift(own, rng)
        return theta


def approximate(
    density: Density,
    *,
    start: Floats | None = None,
    diagnose: Diagnose = True,
    report: Report = lambda _: None,
) -> Laplace:
    """Maximise the hyperparameters' marginal and expand around it.

    Parameters
    ----------
    density
        Of one submodel.
    start
        First theta, shape (D,), such as the mode of an earlier fit.
    diagnose
        Run the normality diagnostics, a third of the run time, or those of marginals, which draws
        need. Coordinates of samplers and weights do without; ``diagnosed`` runs them later.
    report
        Called with a line of text at each stage.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> from lossmodel.model import LossModel
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    >>> laplace = approximate(Density(design), diagnose=False)
    >>> laplace.positive, laplace.gradient < 0.01
    (True, True)
    >>> laplace.draw(10, np.random.default_rng(1)).shape == (10, design.size)
    True
    """
    modes = Modes(density)
    with threadpool_limits(1):
        first = approach(modes) if start is None else start
        found = [_search(modes, first, report)]
        for _ in range(RESTARTS):
            best, _ = max(found, key=_evidence)
            starts = starts_at_outliers(density, best.mode)
            found += [_search(modes, x) for x in starts if np.isfinite(modes.evaluate(x)[0])]
            if max(found, key=_evidence)[0] is best:
                break
        fits = [laplace for laplace, _ in found]
        ranked = candidates(density, [fit.mode for fit in fits], [fit.log_evidence for fit in fits])
        best, point = found[ranked[0]]
        best = replace(best, rivals=tuple(fits[number] for number in ranked[1:]))
        if not diagnose:
            return best
        return _with_diagnostics(modes, point, best, marginals_only=diagnose == "marginals")


def _search(modes: Modes, start: Floats, report: Report = lambda _: None) -> tuple[Laplace, Point]:
    """The fit around the mode that is found from a point on."""
    found = find_hyper_mode(modes, modes.find_mode(start, tolerance=FIRST), report)
    return _finish(modes, found), found.point


def _evidence(found: tuple[Laplace, Point]) -> float:
    return found[0].log_evidence


def _finish(modes: Modes, found: HyperMode) -> Laplace:
    """The spread of the hyperparameters from axial points, and the joint factor."""
    point, mode_sensitivity, slope = found.point, found.mode_sensitivity, found.slope
    sds = sds_of_hypers(modes, point, mode_sensitivity)
    covariance = covariance_of_hypers(found.curvature, sds.mean(axis=0))
    split_normal_scales = sds / sds.mean(axis=0)
    root = cholesky(covariance, lower=True)
    return Laplace(
        mode=point.theta,
        covariance_root=_joint(mode_sensitivity @ root, _kept(point.factor.root())),
        latent_precision=_kept(point.factor.precision()),
        hyper_covariance=covariance,
        log_evidence=point.value + float(np.log(np.diag(root)).sum()),
        decrement=point.decrement,
        positive=point.hessian_positive,
        gradient=float(np.linalg.norm(root.T @ slope)),
        expansions=modes.expansions,
        gradients=modes.gradients,
        split_normal_scales=split_normal_scales,
    )


def _kept(matrix: Root) -> Root:
    """A matrix of the latent vector as a fit keeps it: sparse with many unknowns alone."""
    if isinstance(matrix, np.ndarray) or matrix.shape[0] > MANY_UNKNOWNS:
        return matrix
    return np.asarray(matrix.toarray())


def _joint(of_hypers: Floats, latent: Root) -> Root:
    """The root of the joint covariance, from its first columns and the root of the latent one."""
    size, n = of_hypers.shape
    if not isinstance(latent, np.ndarray):
        right = sparse.vstack([sparse.csr_array((n, size - n)), latent])
        return sparse.csr_array(sparse.hstack([of_hypers, right], format="csr"))
    found = np.zeros((size, size))
    found[:, :n] = of_hypers
    found[n:, n:] = latent
    return found


def diagnosed(density: Density, laplace: Laplace) -> Laplace:
    """A fit with the normality diagnostics that it was made without.

    Where the marginal of a total shows a higher mode than the one that was found, it is the fit
    around that one.
    """
    modes = Modes(density)
    with threadpool_limits(1):
        found = _with_diagnostics(modes, modes.expand(laplace.mode), laplace)
    for _ in range(RESTARTS):
        marginals = () if found.diagnostics is None else found.diagnostics.marginals
        higher = [marginal.higher for marginal in marginals if marginal.higher is not None]
        if not higher:
            break
        again = approximate(density, start=higher[0])
        if not again.log_evidence > found.log_evidence:
            break
        found = again
    return found


def _with_diagnostics(
    modes: Modes, point: Point, laplace: Laplace, *, marginals_only: bool = False
) -> Laplace:
    diagnostics = normality_diagnostics(
        modes, point, covariance_root=laplace.covariance_root,
        split_normal_scales=laplace.split_normal_scales, marginals_only=marginals_only,
    )  # fmt: skip
    return replace(
        laplace, diagnostics=diagnostics, expansions=modes.expansions, gradients=modes.gradients
    )

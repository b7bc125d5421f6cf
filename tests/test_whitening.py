"""Couplings of the whitened coordinates: kept where they bring the density nearer to normal."""

import numpy as np
import pytest

from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.nuts import whitening
from lossmodel.inference.nuts.held_levels import HeldLevels
from lossmodel.inference.nuts.whitening import NEARER, Whitened
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density

# Figures of which levels follow the losses nearly to a normal, and figures of which they do not.
KEPT, LEFT = ("kosovo1999", "tanks"), ("maria2017", "civilian")


@pytest.fixture(scope="module", params=[KEPT, LEFT], ids=" ".join)
def fitted(request):
    war, submodel = request.param
    claims = load_claims(conflict=war)
    density = Density(LossModel().design(collect_evidence(claims), claims.conflict, submodel))
    return request.param == KEPT, density, approximate(density, diagnose=False)


def divergence(whitened):
    """Median of the squared distance of slopes from those of a normal, by draws of its own."""
    x = np.random.default_rng(7).standard_normal((1000, whitened.size))
    return np.median(((whitened(x)[1] + x) ** 2).sum(axis=1))


def test_levels_are_held_where_the_density_is_nearer_to_normal_with_them(fitted, monkeypatch):
    kept, density, laplace = fitted
    assert [type(each) for each in Whitened(density, laplace).couplings] == [HeldLevels] * kept
    found = {}
    for limit in (1e-9, 1e9):
        monkeypatch.setattr(whitening, "NEARER", limit)
        found[limit] = Whitened(density, laplace)
        assert [type(each) for each in found[limit].couplings] == [HeldLevels] * (limit > 1)
    assert (divergence(found[1e9]) < NEARER * divergence(found[1e-9])) == kept

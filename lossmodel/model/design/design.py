"""One submodel as arrays: everything that the density needs, and nothing else.

A submodel is a part of the model that shares no unknown with the others and is fitted by itself:
the soldiers of all parties, the civilians, or one class of equipment.
"""

from dataclasses import dataclass

import pandas as pd
from scipy import sparse

from lossmodel.model.design.bias import Bias
from lossmodel.model.design.comparisons import Comparisons
from lossmodel.model.design.grid import Floats, Grid, Ints
from lossmodel.model.design.latent import LatentProcesses
from lossmodel.model.design.list_bounds import ListBounds
from lossmodel.model.design.observation import Observations
from lossmodel.model.design.parameters import Parameterisation
from lossmodel.model.design.reporting import Coverage, ReportingTriangle
from lossmodel.tables.categories import has_wounded

__all__ = ["CIVILIAN", "PEOPLE", "PERSON", "Design"]

# Submodels of people; the others are classes of equipment, whose losses have no lethality.
PERSON, CIVILIAN = "person", "civilian"
PEOPLE = (PERSON, CIVILIAN)


@dataclass(frozen=True)
class Design:
    """Arrays of one submodel.

    N observations, P parties, T cells of days, R daily series, W windows, Q entries of the
    reporting triangle with U bins of vintages; theta has D entries and v has V, see
    `Parameterisation`.

    Attributes
    ----------
    name
        ``person``, ``civilian`` or a class of equipment.
    grid
        The days and cells.
    parameters
        The affine map from theta to v.
    latent
        Rows of the latent processes.
    streams
        One row per stream, see `stream_table`.
    terms
        The N rows of ``Evidence.terms``.
    biases, coverage, definition
        By number of the stream: its log bias; of a list its logit coverage; the row of v with the
        logit of its wounded share.
    daily, rows
        Sparse map from v to stacked rows of T cells, and the number of rows: log rates per day,
        logits of lethality and of the missing share, log biases of ledgers.
    series
        Shape (R, 4): party, component (KILLED, WOUNDED, MISSING_DEAD), scope, row of the ledger's
        daily log bias (-1 for none).
    window
        Shape (W, 5): observation, series, factor, lo, hi: the expectation of the observation has
        the factor times the sum of the series over the days [lo, hi). For numbers from N on, see
        `Comparisons`.
    window_map, pair_window_map
        Sparse maps from the stacked prefix sums of the series, R rows of T + 1 cell edges, to the
        W sums of the windows and the Q sums of the triangle.
    factor_row, factor_sign
        Factor 0 is one; factor k is ``sign_k sigmoid(v[row_k])``.
    triangle
        Entries of the reporting triangle of lists, registers and stocks of the missing.
    pair_map
        Sparse map from v to the arguments of the reported share, shape (5 U, V), see
        `VintageBins`.
    declared_log_sd
        Sd of the log delay of a declaration, in days.
    bias
        Sparse map from v to the log bias of each observation, shape (N, V); zero for ledgers,
        whose bias is daily, and for lists.
    comparisons
        Observations that are no totals of a stream.
    list_bounds
        Latest counts of lists of people, which name no more than there were.
    observed
        Forms, values and noise of the observations.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    >>> design.latent.parties, design.people
    (('germany', 'britain'), False)
    >>> design.bias.shape == (len(design.terms), len(design.parameters.offset))
    True
    """

    name: str
    grid: Grid
    parameters: Parameterisation
    latent: LatentProcesses
    streams: pd.DataFrame
    terms: pd.DataFrame
    biases: dict[int, Bias]
    coverage: dict[int, Coverage]
    definition: dict[int, int]
    daily: sparse.csr_array
    rows: int
    series: Ints
    window: Ints
    window_map: sparse.csr_array
    factor_row: Ints
    factor_sign: Floats
    triangle: ReportingTriangle
    pair_window_map: sparse.csr_array
    pair_map: sparse.csr_array
    declared_log_sd: float
    bias: sparse.csr_array
    comparisons: Comparisons
    list_bounds: ListBounds
    observed: Observations

    @property
    def size(self) -> int:
        """Length D of theta."""
        return self.parameters.size

    def first_party(self, stream: int) -> str:
        """The party whose common mode a stream's bias includes: the first of a sum of parties."""
        bases = (p for p in self.biases[stream].common if p in self.latent.parties)
        return next(bases, str(self.streams.at[stream, "party"]))

    @property
    def people(self) -> bool:
        """Whether the losses are of people, killed and wounded."""
        return self.name in PEOPLE

    @property
    def counted(self) -> tuple[str, ...]:
        """The class of equipment, or the killed, with the wounded where any figure has them.

        Without such a figure the wounded are those of the prior, and no table has them.
        """
        if not self.people:
            return (self.name,)
        return ("killed", "wounded") if has_wounded(self.terms) else ("killed",)

"""Second derivatives of large submodels: blocks that only have shared unknowns in common.

Biases of a claimant enter the expectations of its own figures alone. With the unknowns of each
claimant together, and those that figures of several claimants depend on at the end, the latent
precision is an arrowhead: blocks on the diagonal, and a border of the shared unknowns.

    [ B_1              C_1 ]
    [       ..         ..  ]
    [            B_K   C_K ]
    [ C_1'  ..   C_K'  S   ]

Time and memory are linear in the number of claimants; of a dense matrix they are cubic and
quadratic.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from lossmodel.model.density.apart import Apart, OwnRows
from lossmodel.model.density.layout import Layout
from lossmodel.model.design import Design
from lossmodel.model.design.change import Change, by_columns
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Arrowhead", "ArrowheadChange"]


@dataclass(frozen=True, eq=False)
class Arrowhead:
    """A symmetric matrix of the latent vector, with a border.

    Attributes
    ----------
    blocks
        The blocks one after the other, see `Layout.blocks`.
    between, shared
        Shapes (M, S) and (S, S).
    """

    layout: Layout
    blocks: Floats
    between: Floats
    shared: Floats

    @property
    def finite(self) -> bool:
        """Whether all entries are finite."""
        parts = (self.blocks, self.between, self.shared)
        return all(bool(np.isfinite(part).all()) for part in parts)

    def bounded(self, limit: float) -> "Arrowhead":
        """The same with a limit in place of infinite entries."""
        blocks, between, shared = (
            np.nan_to_num(part, posinf=limit, neginf=-limit)
            for part in (self.blocks, self.between, self.shared)
        )
        return Arrowhead(self.layout, blocks, between, shared)

    @cached_property
    def diagonal(self) -> tuple[Ints, Floats, Floats]:
        """Places of the own unknowns in the blocks, and the diagonals of blocks and border."""
        rows, columns = self.layout.places
        return rows + columns, self.blocks[rows + columns], np.diag(self.shared)

    def raised(self, share: float) -> "Arrowhead":
        """The same with a share of the diagonal added to it."""
        where, own, shared = self.diagonal
        blocks = self.blocks.copy()
        blocks[where] += share * own
        return replace(self, blocks=blocks, shared=self.shared + np.diag(share * shared))

    def diagonal_only(self) -> "Arrowhead":
        """Its diagonal."""
        where, own, shared = self.diagonal
        blocks = np.zeros_like(self.blocks)
        blocks[where] = own
        return Arrowhead(self.layout, blocks, np.zeros_like(self.between), np.diag(shared))


class ArrowheadChange:
    """Change of variables between theta and v, for matrices with own rows apart.

    See `Change`, which is the same for dense matrices.
    """

    def __init__(self, design: Design, layout: Layout) -> None:
        self.parameters, self.layout = design.parameters, layout
        hypers = len(design.parameters.hyper)
        columns = design.parameters.matrix.tocsc()
        by_own = columns[:, layout.own + hypers].tocsr()
        by_shared = columns[:, layout.shared + hypers].tocsr()
        rows = layout.own_rows - hypers
        # Log scales are rows of the basis, which v does not move.
        self._scales = int((layout.shared_rows < hypers).sum())
        others = layout.shared_rows[self._scales :] - hypers
        own = sparse.csr_array(by_own[rows])
        self.own = Change(own)
        self.narrow = own[layout.narrow_rows]
        self.wide = [Change(own[block.rows][:, block.where]) for block in layout.wide]
        self.shared = Change(sparse.csr_array(by_shared[others]))
        self.across = sparse.csr_array(by_shared[rows])

    def matrix(self, scales: Floats) -> sparse.csr_array:
        """Derivative of v by theta, shape (V, D), given the scales of theta, shape (D,)."""
        return by_columns(self.parameters.matrix, scales)

    def precision(self, by_basis: Apart, scales: Floats) -> Arrowhead:
        """Precision of the latent vector: the identity of its prior plus one of the basis."""
        latent = scales[len(self.parameters.hyper) :]
        own_scales, shared_scales = latent[self.layout.own], latent[self.layout.shared]
        shared = self.shared.down(by_basis.shared[self._scales :, self._scales :], shared_scales)
        shared = self.shared.down(shared.T, shared_scales)
        to_shared = self.shared.down(by_basis.between.T[self._scales :], shared_scales).T
        between = self.own.down(to_shared, own_scales)
        if self.across.nnz:
            across = by_columns(self.across, shared_scales)
            moved = by_basis.own @ across.toarray()
            between += self.own.down(moved, own_scales)
            half = across.T @ to_shared
            shared += half + half.T + across.T @ moved
        shared[np.diag_indices_from(shared)] += 1.0
        return Arrowhead(self.layout, self._blocks(by_basis.own, own_scales), between, shared)

    def up(self, own: Floats, shared: Floats, scales: Floats) -> Floats:
        """The map, scaled, times values of the own and the shared unknowns, shape (V, .)."""
        hypers = len(self.parameters.hyper)
        latent = scales[hypers:, None]
        own, shared = own * latent[self.layout.own], shared * latent[self.layout.shared]
        found = np.empty((len(self.parameters.offset), own.shape[1]))
        found[self.layout.own_rows - hypers] = self.own.up(own) + self.across @ shared
        others = self.layout.shared_rows[self._scales :] - hypers
        found[others] = self.shared.up(shared)
        return found

    def _blocks(self, by_rows: OwnRows, scales: Floats) -> Floats:
        """The identity plus the precision of the own unknowns, as stacked blocks."""
        rows, columns = self.layout.places
        blocks = np.zeros(int((self.layout.sizes**2).sum()))
        narrow = by_columns(self.narrow, scales)
        own = sparse.coo_array(narrow.T @ (by_rows.narrow @ narrow))
        blocks[rows[own.row] + columns[own.col]] = own.data
        blocks[rows + columns] += 1.0
        for block, change, dense in zip(self.layout.wide, self.wide, by_rows.wide, strict=True):
            blocks[block.stacked] = change.precision(dense, scales[block.where]).ravel()
        return blocks

    def down(self, values: Floats, scales: Floats) -> Floats:
        """The transposed map, scaled, times ``values`` of shape (V, .)."""
        return np.asarray(self.matrix(scales).T @ values)

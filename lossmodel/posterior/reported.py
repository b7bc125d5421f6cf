"""What of a submodel is reported: its series, and which of its biases the figures fix."""

from lossmodel.conflict.conflict import Conflict
from lossmodel.inference.run import Submodel
from lossmodel.model.design import Design

__all__ = ["ASSUMED", "IDENTIFIED", "Series", "is_identified", "series_of"]

COUNTS_WOUNDED = {"wounded", "casualties", "losses", "irrecoverable"}
# A bias is identified where its posterior sd is less than this share of its prior sd.
IDENTIFIED = 0.7
# A total is "set by assumptions" where more than this share of its posterior variance is prior.
ASSUMED = 0.7
# Party, category and scope.
Series = tuple[str, str, str]


def is_identified(submodel: Submodel, stream: int) -> bool:
    """Whether the figures narrow the mean bias enough, see `IDENTIFIED`."""
    posterior, prior = (d.mean_bias(stream).std() for d in (submodel.posterior, submodel.prior))
    return bool(posterior < IDENTIFIED * prior)


def series_of(design: Design, name: str, conflict: Conflict) -> list[Series]:
    """What of a submodel is reported; wounded only where some claim speaks of them."""
    series = []
    for party in design.latent.parties:
        scopes = ["all"] + [
            s.name for s in conflict.scopes.values()
            if s.report and s.name != "all" and (party, s.name) in design.latent.scope_index
        ]  # fmt: skip
        own = design.terms[[party in conflict.components(p) for p in design.terms["party"]]]
        categories = ["killed", "wounded", "casualties"] if design.people else [name]
        if design.people and not COUNTS_WOUNDED & set(own["category"]):
            categories = ["killed"]
        series += [(party, category, scope) for scope in scopes for category in categories]
    return series

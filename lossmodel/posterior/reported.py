"""What of a submodel is reported: its series, and which of its biases the figures fix."""

from lossmodel.conflict.conflict import Conflict
from lossmodel.inference.run import Submodel
from lossmodel.model.design import Design
from lossmodel.tables.categories import COUNTED, has_wounded
from lossmodel.text.levels import IDENTIFIED

__all__ = ["Series", "is_identified", "series_of"]

# Party, category and scope.
Series = tuple[str, str, str]


def is_identified(submodel: Submodel, stream: int) -> bool:
    """Whether the posterior sd of the mean bias is under `IDENTIFIED` times its prior sd."""
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
        about = [p for p in design.terms["party"].unique() if party in conflict.components(p)]
        own = design.terms[design.terms["party"].isin(about)]
        categories = COUNTED if design.people else (name,)
        if design.people and not has_wounded(own):
            categories = COUNTED[:1]
        series += [(party, category, scope) for scope in scopes for category in categories]
    return series

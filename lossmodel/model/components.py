"""The components of the model, each of which can be switched off (ablation)."""

from dataclasses import dataclass, fields, replace

from lossmodel.errors import UsageError

__all__ = ["Components"]


@dataclass(frozen=True)
class Components:
    """The components of the model that are on; all but `force` by default.

    Parameters
    ----------
    drift
        The bias of a stream drifts by half-year.
    common_mode
        One bias per party is shared by all streams but lists.
    group
        Claimants of one side share most of their deviation towards a party; third parties share a
        level and a drift.
    definitions
        The share of the wounded in an undefined word is learned; off, it is one.
    missing
        A share of the dead is first recorded as missing.
    delay
        Lists and registers include a death after a delay; off, at once.
    scopes
        Scopes are shares of their parent; off, every scope is the whole.
    bounds
        At-least and at-most figures have one-sided likelihoods; off, they are points.
    rounding
        The unit of a published figure adds to its noise.
    copies
        A figure may be a copy of another claimant's earlier one; off, all are their claimant's own.
    list_bounds
        A list of people names no more than there were; off, its noise has no such limit.
    heavy_tails
        Noise is Student-t; off, normal.
    force
        The force balances of a party are observations; off, as by default, they check the fit.
    ratios
        Published ratios of killed, wounded and casualties are evidence.
    overlaps
        The coverage of a list or register on a known set of dead is evidence.
    fates
        The fates of resolved cases of a register of the missing are evidence.
    declarations
        Declarations of the missing dead, and bodies found, are evidence.

    Examples
    --------
    >>> without = Components().without("drift", "group")
    >>> without.drift, without.delay
    (False, True)
    """

    drift: bool = True
    common_mode: bool = True
    group: bool = True
    definitions: bool = True
    missing: bool = True
    delay: bool = True
    scopes: bool = True
    bounds: bool = True
    rounding: bool = True
    copies: bool = True
    list_bounds: bool = True
    heavy_tails: bool = True
    force: bool = False
    ratios: bool = True
    overlaps: bool = True
    fates: bool = True
    declarations: bool = True

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of all components, in order.

        Examples
        --------
        >>> Components.names()[:2]
        ('drift', 'common_mode')
        """
        return tuple(field.name for field in fields(cls))

    def including(self, *names: str) -> "Components":
        """The same components with the named ones on.

        Raises
        ------
        UsageError
            A name is not a component.

        Examples
        --------
        >>> Components().including("force").force
        True
        """
        return self._switched(names, on=True)

    def without(self, *names: str) -> "Components":
        """The same components with the named ones off.

        Raises
        ------
        UsageError
            A name is not a component.

        Examples
        --------
        >>> Components().without("drift", "delay") == Components(drift=False, delay=False)
        True
        """
        return self._switched(names, on=False)

    def _switched(self, names: tuple[str, ...], *, on: bool) -> "Components":
        unknown = sorted(set(names) - set(self.names()))
        if unknown:
            raise UsageError(
                f"no such component: {', '.join(unknown)}; components: {', '.join(self.names())}"
            )
        return replace(self, **dict.fromkeys(names, on))

"""
Money, and the one place where it is rounded.

Inside, amounts are fractions: a third of an hour and a price including 19 % VAT have
no finite decimal. A total is rounded half up to the minor unit of its currency, as
the examples of mod_tariffs are; a cost line shows twelve decimals.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise
from math import floor

from csms.domain.pricing.tariff import TaxIncluded

# Enough for prices of four decimals, VAT of four and energy in Wh to come out exact.
_LINE_DECIMALS = 12

# ISO 4217: the currencies whose minor unit is not a hundredth.
_MINOR_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's main unit, excluding and including VAT."""

    excl_vat: Decimal
    incl_vat: Decimal

    @property
    def vat(self) -> Decimal:
        """The VAT itself: what lies between the two."""
        return self.incl_vat - self.excl_vat


@dataclass(frozen=True, slots=True)
class Amount:
    """Money before it is rounded."""

    excl_vat: Fraction = Fraction(0)
    incl_vat: Fraction = Fraction(0)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.excl_vat + other.excl_vat, self.incl_vat + other.incl_vat)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.excl_vat - other.excl_vat, self.incl_vat - other.incl_vat)

    def shown(self) -> Money:
        """With the decimals of a line."""
        return Money(shown(self.excl_vat), shown(self.incl_vat))


def taxed(amount: Fraction, vat: Decimal | None, tax_included: TaxIncluded) -> Amount:
    """Tell the two sides of an amount that is meant excluding or including VAT (a fraction, None for none)."""
    factor = 1 + Fraction(vat or 0)
    if tax_included is TaxIncluded.YES:
        return Amount(amount / factor, amount)
    return Amount(amount, amount * factor)


def total(amounts: Iterable[Amount], currency: str) -> Money:
    """Add up, then round each side once to the currency's minor unit, half up."""
    exact = sum(amounts, start=Amount())
    decimals = _MINOR_DECIMALS.get(currency, 2)
    return Money(_rounded(exact.excl_vat, decimals), _rounded(exact.incl_vat, decimals))


def shown(value: Fraction) -> Decimal:
    """A quantity or an amount with the decimals of a line."""
    return _rounded(value, _LINE_DECIMALS)


def _rounded(value: Fraction, decimals: int) -> Decimal:
    """Round half up, away from zero."""
    units = floor(abs(value) * 10**decimals + Fraction(1, 2))
    return Decimal(units if value >= 0 else -units).scaleb(-decimals)


def spread(values: Iterable[Fraction]) -> list[Decimal]:
    """Show values with the decimals of a line, so that what is shown adds up to the whole exactly."""
    sums = [Decimal(0), *map(shown, accumulate(values))]
    return [after - before for before, after in pairwise(sums)]

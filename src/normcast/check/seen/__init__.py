"""Seen: what a look into a model shows becomes findings, with the numbers behind them."""

from normcast.check.seen.findings import findings_of

__all__ = ["findings_of"]

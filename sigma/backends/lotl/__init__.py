"""sigma-cli target ``lotl``: Sigma rules as Arrow filters, pandas masks and readable plans."""

from sigma.backends.lotl.backend import LotlBackend

__all__ = ["LotlBackend"]

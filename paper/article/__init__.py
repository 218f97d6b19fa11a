"""The paper: a LaTeX article whose every number, table and figure comes from records and the ledger."""

from lossmatters.paper.article.build import Article, build_article, write_article

__all__ = ["Article", "build_article", "write_article"]

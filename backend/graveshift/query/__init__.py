"""The filter language: a text is read into terms, written back, and understood as a Filter; parsed only here."""

from graveshift.query.hiding import hidden
from graveshift.query.meaning import Saying, bearings, saved_in, understood
from graveshift.query.reading import LONGEST, terms_of
from graveshift.query.terms import Key, Term
from graveshift.query.writing import written

__all__ = ["LONGEST", "Key", "Saying", "Term", "bearings", "hidden", "saved_in", "terms_of", "understood", "written"]

"""Surveys: weights raked to the population, what they cost, estimates with honest intervals, small areas."""

from perflib.models.survey.areas import direct, fay_herriot, poststratified
from perflib.models.survey.estimate import Estimate, difference, mean
from perflib.models.survey.weights import Raked, effective, kish, rake

__all__ = [
    "Estimate",
    "Raked",
    "difference",
    "direct",
    "effective",
    "fay_herriot",
    "kish",
    "mean",
    "poststratified",
    "rake",
]

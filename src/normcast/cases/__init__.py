"""Cases: estimators that tell numbers or classes of whole series, by any network."""

from normcast.cases.classifier import Classifier
from normcast.cases.evaluation import Evaluation
from normcast.cases.regressor import Regressor

__all__ = ["Classifier", "Evaluation", "Regressor"]

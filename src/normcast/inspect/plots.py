"""The pictures of one inspection, by name: `inspection.plot.gates("lstm_1")`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from normcast.inspect import pictures
from normcast.inspect.inspected import Inspected


@dataclass(frozen=True, eq=False)
class Plots:
    """Draw an inspection; each method returns an Altair chart, which shows itself in a notebook.

    A layer that is not there raises KeyError with those that are, and the one probably meant.

    Parameters
    ----------
    inspection : Inspection
        What was seen.

    Examples
    --------
    >>> import keras, numpy as np
    >>> from normcast.inspect import inspect_model
    >>> net = keras.Sequential([keras.Input((9, 2)), keras.layers.GRU(4, name="gru"), keras.layers.Dense(1)])
    >>> chart = inspect_model(net, np.ones((3, 9, 2), "float32")).plot.gates("gru")
    >>> chart.to_dict()["title"]["text"]
    'gru: gates'
    """

    inspection: Inspected

    def ribbon(self) -> Any:
        """Draw the network from left to right, with the norm of the gradient at each step.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.ribbon(self.inspection)

    def gates(self, layer: str) -> Any:
        """Draw the gates of a recurrent layer, units over steps.

        Parameters
        ----------
        layer : str
            The name of the layer.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.gates(self.inspection, layer)

    def states(self, layer: str) -> Any:
        """Draw the states of a recurrent layer, units over steps.

        Parameters
        ----------
        layer : str
            The name of the layer.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.states(self.inspection, layer)

    def gradients(self, layer: str) -> Any:
        """Draw the size of the gradients of a recurrent layer, units over steps.

        Parameters
        ----------
        layer : str
            The name of the layer.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.gradients(self.inspection, layer)

    def histograms(self, layer: str) -> Any:
        """Draw how often the gates and states of a recurrent layer had which value.

        Parameters
        ----------
        layer : str
            The name of the layer.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.histograms(self.inspection, layer)

    def weights(self, layer: str, gradient: bool = False) -> Any:
        """Draw the weights of a recurrent layer as matrices, or the gradients with respect to them.

        Parameters
        ----------
        layer : str
            The name of the layer.
        gradient : bool, default False
            Whether the gradients are drawn.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.weights(self.inspection, layer, gradient)

    def spectra(self, layer: str) -> Any:
        """Draw eigenvalues and singular values of the recurrent kernels of a layer.

        Parameters
        ----------
        layer : str
            The name of the layer.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.spectra(self.inspection, layer)

    def statistics(self, layer: str) -> Any:
        """Draw the batch statistics of a normalization beside those that inference uses.

        Parameters
        ----------
        layer : str
            The name of the layer.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.statistics(self.inspection, layer)

    def channels(self) -> Any:
        """Draw what normalizations and convolutions write, channel by channel.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.channels(self.inspection)

    def sight(self) -> Any:
        """Draw how far back the network looks.

        Returns
        -------
        altair.Chart
            The chart.
        """
        return pictures.sight(self.inspection)

"""Study: where normalization and dropout go in a network, measured over many seeds on given data."""

"""Which placements help this network on this data, measured over seeds."""

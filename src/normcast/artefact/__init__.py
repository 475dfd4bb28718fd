"""Artefact: one file of data that keeps what was learned; read without trust, and without running code."""

from normcast.artefact.archive import Archive, as_arrays, as_json
from normcast.artefact.network import network_members, read_network, read_weights

__all__ = ["Archive", "as_arrays", "as_json", "network_members", "read_network", "read_weights"]

"""Artefact: one file of data that keeps what was learned; read without trust, and without running code."""

from normcast.artefact.archive import Archive, as_arrays, as_json
from normcast.artefact.keras_file import read_keras_file
from normcast.artefact.manifest import Manifest, manifest_member, read_manifest, refuse_newer
from normcast.artefact.network import network_members, read_network, read_weights

__all__ = [
    "Archive",
    "Manifest",
    "as_arrays",
    "as_json",
    "manifest_member",
    "network_members",
    "read_keras_file",
    "read_manifest",
    "read_network",
    "read_weights",
    "refuse_newer",
]

"""Benchmarks as commands: `python -m benchmarks NAME [--data DIR] [--json]` from the repository root."""

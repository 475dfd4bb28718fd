"""`normcast presets`: the networks there are, a line each."""

from normcast.cli.app import app


@app.command()
def presets() -> None:
    """List the networks, a line each."""
    from normcast.models import DEFAULT, PRESETS

    width = max(map(len, PRESETS))
    for name, preset in PRESETS.items():
        print(f"{name:<{width}}  {preset.words}{' (default)' if name == DEFAULT else ''}")

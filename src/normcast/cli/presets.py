"""`normcast presets`: the models there are, a line each."""

from normcast.cli.app import app


@app.command()
def presets() -> None:
    """List the models, a line each."""
    from normcast.candidates import candidates
    from normcast.forecasting.settings import COMBINATION
    from normcast.models import DEFAULT, PRESETS

    lines = {COMBINATION: f"{DEFAULT} and the candidates, weighted by their held-out errors (default)"}
    lines |= {name: preset.words for name, preset in PRESETS.items()}
    lines |= {each.name: each.words for each in candidates()}
    width = max(map(len, lines))
    for name, words in lines.items():
        print(f"{name:<{width}}  {words}")

"""List known vulnerabilities of the pinned versions, and how many could not be asked for: `make audit`."""

import json
import subprocess
import sys
from pathlib import Path

PINNED = Path(__file__).parents[1] / "constraints.txt"


def main() -> None:
    """Exit with 0 where none is known, 1 where any is, 2 where not all could be asked for."""
    call = [sys.executable, "-m", "pip_audit", "--requirement", str(PINNED), "--no-deps", "--disable-pip"]
    done = subprocess.run(
        [*call, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True, check=False
    )
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        told = done.stderr.strip().splitlines() or ["no word of why"]
        print(f"audit: nothing could be asked for: {told[-1]}")
        sys.exit(2)
    asked = [each for each in found if "vulns" in each]
    known = [(each, flaw) for each in asked for flaw in each["vulns"]]
    for each, flaw in known:
        print(f"{each['name']} {each['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions'])}")
    print(f"audit: {len(asked)} of {len(found)} versions were asked for, {len(known)} vulnerabilities known")
    sys.exit(1 if known else 0 if len(asked) == len(found) else 2)


if __name__ == "__main__":
    main()

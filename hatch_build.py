"""What a wheel is made of beside the sources: with NORMCAST_WHEEL=kernels, native kernels, built beforehand.

Without it the wheel is pure, and kernels are built where it is used. It is built in an environment in which
normcast runs: `make wheels`.
"""

import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Kernels(BuildHookInterface):
    """Puts a library for each level of x86-64 into the wheel, and names the platform in its tag."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the libraries. Raises OSError without a compiler, and SubprocessError where it fails."""
        if os.environ.get("NORMCAST_WHEEL") != "kernels" or version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "src"))
        from normcast import library, shipped

        self._room = tempfile.TemporaryDirectory()
        inside = shipped.FOLDER.relative_to(Path(shipped.__file__).parents[1])
        for level in shipped.LEVELS:
            raw = library.compiled([*library.FLAGS, shipped.flag(level)])
            name = shipped.name_of(level, library.sources(), library.headers(), raw)
            path = Path(self._room.name) / name
            path.write_bytes(raw)
            build_data["force_include"][str(path)] = str(inside / name)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was built."""
        if hasattr(self, "_room"):
            self._room.cleanup()

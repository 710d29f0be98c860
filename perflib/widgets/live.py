"""Whether widgets can be shown here."""

from __future__ import annotations

import os
import sys

#: set to 1 by unattended runs: explorers then give their static Result.
STATIC = "PERFLIB_STATIC"


def live(interactive: bool = True) -> bool:
    """True in a Jupyter kernel, unless ``interactive`` is false or the environment variable PERFLIB_STATIC is 1."""
    if not interactive or os.environ.get(STATIC, "") not in ("", "0"):
        return False
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return running is not None and hasattr(running, "kernel")

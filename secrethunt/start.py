# SPDX-License-Identifier: Apache-2.0
"""Where the installed command begins: what a commit hook asks is answered before the command line is even imported."""

from __future__ import annotations

import gc
import os
import sys

_OBJECTS = 100_000
"""Objects made, and not let go of, after which cycles are looked for."""
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run `secrethunt`."""
    if sys.argv[1:3] == ["hook", "run"]:
        from secrethunt.hook import quick

        code = quick.run(sys.argv[3:])
        if code is not None:
            sys.stderr.flush()
            os._exit(code)
        os.environ["SECRETHUNT_HOOK_WHOLE"] = "1"
    if sys.flags.no_site:
        # Hooks start Python isolated, without the packages that the scanner needs.
        import site

        site.main()
    # What a scan makes it lets go of without cycles; reading 1,500 rules would wake the collector a hundred times.
    gc.set_threshold(_OBJECTS)
    from secrethunt.cli.main import main as whole

    whole()

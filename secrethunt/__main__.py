# SPDX-License-Identifier: Apache-2.0
"""`python -m secrethunt`."""

from secrethunt.start import main

if __name__ == "__main__":
    main()

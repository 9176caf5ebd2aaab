"""Runs one program: `python -I -S .../node_agent/images/programs NAME [ARGUMENT...]`."""

import os
import sys
from importlib import import_module

sys.path[0] = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))

if __name__ == "__main__":
    import_module(f"node_agent.images.programs.{sys.argv[1]}").main(sys.argv[2:])

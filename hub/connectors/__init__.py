"""One folder for each system. ``base`` is the contract of a connector, ``sandbox_base`` that of a sandbox."""

"""One folder a system. ``base`` is the contract, ``http`` the one way out, ``sandbox`` what stand-ins share."""

"""The commands of operators, such as ``hub clients`` and ``hub doctor``."""

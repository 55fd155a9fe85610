"""Finds the agency of a purchasing unit (satker), by its code or by its name in the feed.

Satker codes are the gateway's own. The ones below are those of the institution D999 in the declared
contract; the real ones come with the real institution code. They differ in form from real codes, which
are plain digits, so that no real unit can match one of these.
"""

from __future__ import annotations

from types import MappingProxyType

from hub.complaints.agencies import find_code, normalise_name

SATKER = MappingProxyType(
    {
        "D999.101": "SETDA",
        "D999.108": "SETWAN",
        "D999.115": "INSPEKTORAT",
        "D999.122": "BAPPEDA",
        "D999.129": "BRIDA",
        "D999.136": "BAPENDA",
        "D999.143": "BPKAD",
        "D999.150": "BKD",
        "D999.157": "BPSDMD",
        "D999.164": "BANHUB",
        "D999.171": "BPBD",
        "D999.178": "KESBANGPOL",
        "D999.185": "DISDIKBUD",
        "D999.192": "DINKES",
        "D999.199": "DPUBMCK",
        "D999.206": "PUSDATARU",
        "D999.213": "DISPERAKIM",
        "D999.220": "DINSOS",
        "D999.227": "DISNAKERTRANS",
        "D999.234": "DP3AKB",
        "D999.241": "DISHANPAN",
        "D999.248": "DLHK",
        "D999.255": "DISPERMADES",
        "D999.262": "DISHUB",
        "D999.269": "DISKOMINFO",
        "D999.276": "DINKOPUKM",
        "D999.283": "DPMPTSP",
        "D999.290": "DISPORAPAR",
        "D999.297": "DINARPUS",
        "D999.304": "DKP",
        "D999.311": "DISTANBUN",
        "D999.318": "DISNAKKESWAN",
        "D999.325": "DESDM",
        "D999.332": "DISPERINDAG",
        "D999.339": "SATPOLPP",
        "D999.346": "BIRO-PEMOTDA",
        "D999.353": "BIRO-HUKUM",
        "D999.360": "BIRO-KESRA",
        "D999.367": "BIRO-APD",
        "D999.374": "BIRO-APBJ",
        "D999.381": "BIRO-ISDA",
        "D999.388": "BIRO-EKON",
        "D999.395": "BIRO-ORGANISASI",
        "D999.402": "BIRO-UMUM",
        "D999.409": "RSUD-MOEWARDI",
        "D999.416": "RSUD-MARGONO",
        "D999.423": "RSUD-ADHYATMA",
        "D999.430": "RSUD-REHATTA",
        "D999.437": "RSJD-AMINO",
        "D999.444": "RSJD-ZAINUDIN",
        "D999.451": "RSJD-SOEDJARWADI",
        "D999.458": "DPPKI",
    }
)
"""Satker code → agency code."""

UNITS = MappingProxyType(
    {
        "sma negeri": "DISDIKBUD",
        "smk negeri": "DISDIKBUD",
        "slb negeri": "DISDIKBUD",
        "unit pengelolaan pendapatan daerah": "BAPENDA",
        "uppd": "BAPENDA",
        "balai transportasi": "DISHUB",
        "balai pengelolaan jalan": "DPUBMCK",
        "balai pusdataru": "PUSDATARU",
        "cabang dinas kelautan": "DKP",
        "cabang dinas esdm": "DESDM",
    }
)
"""Prefix of a unit's name (normalised) → agency code: schools and branches place orders of their own."""


def agency_of(satker: str | None, name: str | None) -> str | None:
    """Return the agency's code by satker code, else by name, else by the prefix of the name; None if unknown."""
    if satker and satker in SATKER:
        # A unit keeps its code when it is renamed or merged, so the code leads to the current agency.
        return find_code(SATKER[satker])
    if not name:
        return None
    return find_code(name) or _by_unit(normalise_name(name))


def _by_unit(name: str) -> str | None:
    return next((agency for prefix, agency in UNITS.items() if f"{name} ".startswith(f"{prefix} ")), None)

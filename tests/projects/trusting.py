"""What a project writes into its settings to trust a key."""

from datetime import date

from specship.evidence.signing import SigningKey


def trusting(
    key: SigningKey | str,
    *purposes: str,
    since: date | str = "2020-01-01",
    until: date | str = "2099-12-31",
    revoked: date | str | None = None,
    owner: str = "Somebody",
) -> str:
    """The table of a key, in one line of TOML; without purposes it may sign releases, and arm for them."""
    public = key if isinstance(key, str) else key.public.hex()
    named = ", ".join(f'"{purpose}"' for purpose in purposes or ("release", "arming"))
    ending = f", revoked = {revoked}" if revoked else ""
    return (
        f'{{key = "{public}", owner = "{owner}", purposes = [{named}], '
        f"from = {since}, until = {until}{ending}}}"
    )

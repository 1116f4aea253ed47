"""Room at a headend for more sessions of one user than the lab's own pool has addresses."""

POOL_NETWORK, POOL_MASK = "10.20.0.0", "255.255.192.0"
POOL = f"{POOL_NETWORK}/18"
POOL_RANGE = "10.20.0.1-10.20.63.254"
ROOM = 16_000  # sessions; the pool has a few more addresses


def room_for_one_user(user: str, password: str, sessions: int = ROOM) -> list[str]:
    """Lines for `extra` of HeadendConfig, which end in the group policy's mode. `password` as an ASA stores it."""
    return [f"username {user} password {password}", f"ip local pool CROWD {POOL_RANGE} mask {POOL_MASK}",
            "group-policy LAB attributes", f" vpn-simultaneous-logins {sessions}", " address-pools value CROWD"]

"""The two headends with room for a crowd, each started in the headend's namespace of one lab."""

from pathlib import Path

from harness.certificate import make_certificate
from harness.crowd_room import POOL_MASK, POOL_NETWORK
from harness.headend import Headend
from harness.headend_config import PASSWORD, USER, HeadendConfig
from harness.lab import Lab
from harness.leftovers import held, until_given_back
from harness.load import crowd_settings

from steps.compare.headends import INNER_MTU
from steps.compare.headends import Ocserv as PlainOcserv
from steps.stored_password import stored


class Culvert:
    name = "culvert"

    def __init__(self, lab: Lab, folder: Path, clients: int):
        settings = crowd_settings(clients, USER, stored(PASSWORD))
        settings["dataplane"].append("huge-pages never")
        config = HeadendConfig(state=folder / "state", certificate=make_certificate(folder), ipv6=False,
                               policy=[f"anyconnect mtu {INNER_MTU}"], **settings)
        self._lab = lab
        self._headend = Headend(lab, config, folder)
        self._at_start: dict = {}

    def wait_ready(self) -> "Culvert":
        self._headend.wait_ready(60)
        self._at_start = held(self._lab, self._headend)
        return self

    def version(self) -> str:
        return self._headend.show.text("show version").splitlines()[0]

    def drops(self) -> dict[str, int]:
        return {reason: count for reason, count in self._headend.show.drops().items() if count}

    def what_is_left(self) -> str:
        """Of what clients took and did not give back; "" if that is nothing."""
        try:
            until_given_back(self._lab, self._headend, self._at_start)
        except AssertionError as error:
            return str(error)
        return ""

    def tail(self) -> str:
        return self._headend.process.tail(30)

    def stop(self) -> None:
        self._headend.finish()

    def kill(self) -> None:
        self._headend.kill()


class Ocserv(PlainOcserv):
    # Clients come from few addresses, each of which is many: no points are counted against them. A client that was cut
    # off finds its session for as long as a storm may last.
    _MORE = """max-ban-score = 0
rate-limit-ms = 0
cookie-timeout = 3600
persistent-cookies = true
"""

    def __init__(self, lab: Lab, folder: Path, clients: int):
        super().__init__(lab, folder, clients, POOL_NETWORK, POOL_MASK, self._MORE)

    def drops(self) -> dict[str, int]:
        return {}

    def what_is_left(self) -> str:
        return ""  # nobody tells


HEADENDS = (Culvert, Ocserv)

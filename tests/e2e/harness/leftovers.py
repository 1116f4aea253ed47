"""What a headend holds, before anybody came and after all have gone."""

from .headend import Headend
from .lab import INSIDE, OUTSIDE, Lab
from .ping import ping
from .poll import until


def held(lab: Lab, headend: Headend) -> dict:
    """Neighbours are known when this is counted, and each port has just sent one packet: AF_XDP gives back the buffers
    of what it sent last when it sends again, be they one or many."""
    ping(lab.client, OUTSIDE)
    ping(lab.server, INSIDE)
    return headend.show.resources()


def until_given_back(lab: Lab, headend: Headend, at_start: dict) -> None:
    """The last to come back are connections in TIME-WAIT, after a minute."""
    until(lambda: held(lab, headend) == at_start,
          lambda: f"everything was given back:\nat start {at_start}\nnow      {headend.show.resources()}", 90)

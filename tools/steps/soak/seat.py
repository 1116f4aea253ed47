"""A seat: one client after the other, each with a life of its own choosing."""

import random
import signal
import threading
import time
from pathlib import Path

from harness.client import Client
from harness.lab import SERVER, Lab
from harness.show import Management
from harness.transfer import send_and_compare

from . import doings as did
from .doings import Doings
from .weather import Weather

KILOBYTE = 1 << 10
SIZES = (20 * KILOBYTE, 200 * KILOBYTE, 1000 * KILOBYTE, 3000 * KILOBYTE)
ACTS = (1, 8)                 # transfers in a life
PAUSE = (0.0, 4.0)            # seconds between them
BY_DTLS = 4                   # every fourth seat
RESIDENTS = 2                 # the first seats' clients stay for the whole time: one by DTLS, one not
PATIENCE = 120.0              # seconds for what the network may take its time with
RECONNECTS = 0.4              # of transfers that see one
RESIDENT_RECONNECTS = 0.05    # rarely enough for keys to grow old
LEAVES = ("log out", "log out", "detach", "kill", "silence", "silence")


class Transfer(threading.Thread):
    """Data one way beside something else."""

    def __init__(self, lab: Lab, address: str, up: bool, size: int):
        super().__init__(daemon=True)
        self._lab, self._address, self._up, self.size = lab, address, up, size
        self.doing = did.TRANSFERS_UP if up else did.TRANSFERS_DOWN
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            if self._up:
                send_and_compare(self._lab.client, self._lab.server, SERVER, self.size, self._address)
            else:
                send_and_compare(self._lab.server, self._lab.client, self._address, self.size)
        except (AssertionError, OSError) as error:
            self.error = error


class Seat(threading.Thread):
    def __init__(self, number: int, lab: Lab, show: Management, pin: str, folder: Path, weather: Weather,
                 doings: Doings):
        """`number`: from 1."""
        super().__init__(daemon=True)
        self.number = number
        self._lab, self._show, self._pin, self._folder = lab, show, pin, folder
        self._weather, self._doings = weather, doings
        self._random = random.Random()
        self._enough = threading.Event()
        self._dtls = number % BY_DTLS == 1
        self._resident = number <= RESIDENTS
        self._client: Client | None = None
        self._asked = 0  # how often it was told to reconnect
        self.error: BaseException | None = None
        self.start()

    @property
    def connected(self) -> bool:
        return self._client is not None

    def run(self) -> None:
        try:
            while not self._enough.is_set():
                self._live()
        except BaseException as error:  # The soak asks for it, and ends.
            self.error = error

    def leave(self) -> None:
        """What is on its way is brought to its end; join() waits for it."""
        self._enough.set()

    def kill(self) -> None:
        if self._client:
            self._client.kill()

    def _live(self) -> None:
        client = Client(self._lab, self._show, self._pin, self._folder, self.number, dtls=self._dtls)
        self._client, self._asked = client, 0
        try:
            try:
                client.wait_connected(PATIENCE)
                address = client.address
            except (AssertionError, IndexError) as error:
                self._fault(f"a client could not log in: {error}")
                return
            self._doings.count(did.LOGINS)
            self._doings.count(did.DTLS_LOGINS, self._dtls)
            acts = self._random.randint(*ACTS)
            while (self._resident or acts > 0) and not self._enough.is_set():
                self._act(client, address)
                if not client.process.running():
                    self._fault(f"a client ended by itself:\n{client.process.tail(10)}")
                    return
                acts -= 1
                self._enough.wait(self._random.uniform(*PAUSE))
            self._go(client, address)
        finally:
            self._client = None
            client.kill()
            self._count_tunnels(client)

    def _count_tunnels(self, client: Client) -> None:
        """Those that the client made without being asked."""
        log = client.process.log()
        rekeys = log.count("CSTP rekey due")
        self._doings.count(did.REKEYS, rekeys)
        self._doings.count(did.OWN, max(0, log.count("CSTP connected") - 1 - self._asked - rekeys))

    def _act(self, client: Client, address: str) -> None:
        """A transfer or two, and perhaps something that happens to the tunnel in the middle of them."""
        directions = self._random.choice(((True,), (False,), (True, False)))
        transfers = [Transfer(self._lab, address, up, self._random.choice(SIZES)) for up in directions]
        if self._random.random() < (RESIDENT_RECONNECTS if self._resident else RECONNECTS):
            self._enough.wait(self._random.uniform(0.0, 0.5))
            self._reconnect(client, address)
        for transfer in transfers:
            transfer.join()
            if transfer.error:
                self._fault(f"{transfer.doing}: not one of {transfer.size} bytes: {transfer.error or 'broken off'}"
                            f"\n{client.process.tail(6)}")
            else:
                self._doings.transferred(transfer.doing, transfer.size)

    def _reconnect(self, client: Client, address: str) -> None:
        roams = self._random.random() < 0.5
        if roams:
            self._weather.roam()
        start = client.process.log_size()
        client.process.signal(signal.SIGUSR2)
        try:
            client.process.wait_for_line("CSTP connected", PATIENCE, start)
            now = client.header("X-CSTP-Address")
            assert now == address, f"the address was {address} and is {now}"
        except AssertionError as error:
            self._fault(f"a client could not come back: {error}")
        self._asked += 1
        self._doings.count(did.ROAMS if roams else did.RECONNECTS)

    def _go(self, client: Client, address: str) -> None:
        how = "log out" if self._resident else self._random.choice(LEAVES)
        if how == "log out":
            client.process.signal(signal.SIGINT)
            try:
                status = client.process.wait(PATIENCE)
                if status != 0:
                    self._fault(f"a client that logged out ended with {status}:\n{client.process.tail(6)}")
            except AssertionError as error:
                self._fault(str(error))
            self._doings.count(did.LOGOUTS)
            return
        if self._random.random() < 0.5:  # In the middle of something.
            Transfer(self._lab, address, self._random.random() < 0.3, SIZES[-1])
            self._doings.count(did.BROKEN_OFF)
            time.sleep(self._random.uniform(0.0, 0.4))
        if how == "detach":
            client.process.signal(signal.SIGHUP)
            client.process.wait(PATIENCE)
            self._doings.count(did.DETACHED)
            return
        if how == "silence":
            self._weather.silence(client.process.pid)
        client.kill()
        self._doings.count(did.SILENCED if how == "silence" else did.KILLED)

    def _fault(self, sentence: str) -> None:
        self._doings.fault(f"seat {self.number}, {time.strftime('%H:%M:%S')}: {sentence}")

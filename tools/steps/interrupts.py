"""What asks a command to end: Ctrl-C, SIGTERM, and the terminal that goes away (SIGHUP). All are one KeyboardInterrupt,
so that all leave nothing running."""

import errno
import os
import signal
import sys
import termios

_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interruptible() -> None:
    """From now on. A signal that whoever started the command has turned off (nohup) stays off."""
    for number in _ASKING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def undisturbed() -> None:
    """From now on only an impatient Ctrl-C interrupts: what is cleared up is cleared up to its end."""
    for each in _ASKING:
        if signal.getsignal(each) == _interrupt:
            # Not SIG_IGN, which the children would inherit.
            signal.signal(each, signal.default_int_handler if each == signal.SIGINT else _not_again)


def _interrupt(number: int, frame: object) -> None:
    undisturbed()
    _leave_a_lost_terminal()
    raise KeyboardInterrupt


def _not_again(number: int, frame: object) -> None:
    pass


def _leave_a_lost_terminal() -> None:
    """What is said to a terminal that is gone would be an error, in the middle of clearing up."""
    for stream in (sys.stdout, sys.stderr):
        try:
            termios.tcgetattr(stream.fileno())
        except termios.error as error:
            if error.args[0] == errno.EIO:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
        except (OSError, ValueError):
            pass  # It is closed, or none of the kernel's.

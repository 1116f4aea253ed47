"""Huge pages if there are any, ordinary ones otherwise with one warning."""

import pytest

from harness import huge_pages
from harness.lab import SERVER
from harness.ping import ping
from harness.poll import until

pytestmark = pytest.mark.alone  # the machine's huge pages

MEMORY = 64  # MB
PAGES = MEMORY // 2
SETTINGS = ["memory 64", "buffers 8192"]


def warnings(headend) -> list[str]:
    return [line for line in headend.process.log().splitlines() if "huge pages" in line and "ready" not in line]


def kind_of_pages(headend) -> str:
    line = headend.process.wait_for_line("ready: ")
    return "huge" if "huge pages" in line else "ordinary"


def test_huge_pages_are_used_and_given_back(stage):
    """With pages enough, without any mount: no warning, packets pass, and at the end they are free again."""
    with huge_pages.reserved(2 * PAGES):
        before = huge_pages.free()
        headend = stage.start_headend(dataplane=SETTINGS)
        assert kind_of_pages(headend) == "huge" and not warnings(headend), headend.process.log()
        assert huge_pages.free() <= before - PAGES
        client = stage.connect()
        ping(stage.lab.client, SERVER)
        client.logout()
        headend.finish()
        stage.headend = None
        until(lambda: huge_pages.free() >= before, "the pages are free again")


def test_too_few_huge_pages(stage):
    """One warning, which says how many are wanted, and everything works."""
    headend = stage.start_headend(dataplane=["memory 1024"])
    assert kind_of_pages(headend) == "ordinary"
    warning, = warnings(headend)
    assert "vm.nr_hugepages=512" in warning
    stage.connect()
    ping(stage.lab.client, SERVER)


def test_huge_pages_that_only_look_free(stage):
    """Pages that the kernel counts as free and has promised to others: DPDK would fail, and cannot start twice."""
    with huge_pages.reserved(2 * PAGES), huge_pages.promised_to_others(huge_pages.free() - PAGES // 2):
        assert huge_pages.free() >= PAGES
        headend = stage.start_headend(dataplane=SETTINGS)
        assert kind_of_pages(headend) == "ordinary"
        assert len(warnings(headend)) == 1
        stage.connect()
        ping(stage.lab.client, SERVER)
        stage.finish()
        stage.headend, stage.clients = None, []


def test_huge_pages_never(stage):
    """Who does not want them gets no warning either."""
    with huge_pages.reserved(2 * PAGES):
        headend = stage.start_headend(dataplane=[*SETTINGS, "huge-pages never"])
        assert kind_of_pages(headend) == "ordinary" and not warnings(headend)

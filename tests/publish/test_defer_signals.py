"""Requests to end wait for what must not be left half-way, and no longer."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import pytest

from analysis.publish.defer_signals import REQUESTS_TO_END, defer_signals


@pytest.fixture(autouse=True)
def _heeds_all() -> Generator[None]:
    before = [signal.signal(one, signal.default_int_handler) for one in REQUESTS_TO_END]
    yield
    for one, handler in zip(REQUESTS_TO_END, before, strict=True):
        signal.signal(one, handler)


@pytest.mark.parametrize("request_to_end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_waits_and_is_then_carried_out(request_to_end: signal.Signals) -> None:
    done = []

    def publish() -> None:
        with defer_signals():
            os.kill(os.getpid(), request_to_end)
            done.append("the swap")
            os.kill(os.getpid(), request_to_end)
            done.append("the memory of it")

    with pytest.raises(KeyboardInterrupt):
        publish()
    assert done == ["the swap", "the memory of it"]
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), request_to_end)


def test_a_failure_within_is_told_where_nobody_asked_to_end() -> None:
    with pytest.raises(OSError, match="full"), defer_signals():
        raise OSError("the disk is full")


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with defer_signals():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_thread_that_is_told_of_nothing_has_nothing_to_hold_back() -> None:
    def within() -> str:
        with defer_signals():
            return "done"

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(within).result() == "done"

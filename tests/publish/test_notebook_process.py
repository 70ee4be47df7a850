"""A client that does not wait for silence, and waits for answers as long as they take."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from queue import Empty

import pytest
import zmq.asyncio
from jupyter_client.session import Session

from analysis.publish.notebook_process import PromptKernelManager


def hear(folder: Path, *, timeout: float | None, said_after: float | None = None) -> str:
    """Return the kind of the next message on a client's channel of outputs, when a kernel says something or nothing."""

    async def next_message() -> str:
        kind = PromptKernelManager().client().iopub_channel_class
        with zmq.asyncio.Context() as context, context.socket(zmq.PAIR) as kernel, context.socket(zmq.PAIR) as client:
            kernel.linger = client.linger = 0
            kernel.bind(f"ipc://{folder}/k")
            client.connect(f"ipc://{folder}/k")
            if said_after is not None:
                asyncio.get_running_loop().call_later(said_after, Session(key=b"").send, kernel, "stream")
            return str((await kind(client, Session(key=b"")).get_msg(timeout))["msg_type"])

    return asyncio.run(next_message())


def test_silence_is_not_waited_for(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(Empty):
        hear(tmp_path, timeout=30)
    assert time.monotonic() - start < 15


def test_an_answer_is_however_long_it_takes(tmp_path: Path) -> None:
    assert hear(tmp_path, timeout=None, said_after=0.3) == "stream"

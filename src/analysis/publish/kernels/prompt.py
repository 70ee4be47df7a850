"""Kernels whose clients begin at once: Jupyter's own listen to a new one until it has said nothing for 0.2 s."""

from __future__ import annotations

from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.client import KernelClient
from jupyter_client.manager import AsyncKernelManager
from traitlets import Type

_SILENCE = 0.02
"""Seconds. Nothing is lost by less: who executes a notebook takes only answers to what was asked."""


class _PromptChannel(AsyncZMQSocketChannel):
    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        # Only the wait for silence has a limit; outputs are waited for as long as they take.
        return await super().get_msg(None if timeout is None else min(timeout, _SILENCE))


class _PromptClient(AsyncKernelClient):
    iopub_channel_class = Type(_PromptChannel)


class PromptKernelManager(AsyncKernelManager):
    """Starts and ends kernels as Jupyter's own does."""

    client_factory = Type(_PromptClient, klass=KernelClient)

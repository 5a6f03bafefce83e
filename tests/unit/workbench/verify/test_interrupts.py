"""Cleaning up cannot be interrupted, and afterwards everything is as before."""

import os
import signal

import pytest

from workbench.verify.interrupts import uninterrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_cleaning_up_is_ignored(number: signal.Signals) -> None:
    steps = []
    with uninterrupted():
        os.kill(os.getpid(), number)
        steps.append("cleaned up")

    assert steps == ["cleaned up"]


def test_afterwards_ctrl_c_works_again_even_if_cleaning_up_failed() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(OSError, match="disk"), uninterrupted():
        raise OSError("disk")

    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)

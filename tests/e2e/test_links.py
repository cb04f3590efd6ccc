"""Which libraries each program loads: the linker keeps the architecture."""
import os
import subprocess

import pytest

BUILD = os.environ.get("builddir", ".")
FORBIDDEN = {
    "postrider-worker": ("libsqlite3",),
    "postriderd": ("libssl", "libcrypto", "libudns", "libidn2"),
    "postrider": ("libssl", "libcrypto", "libudns", "libidn2", "libsqlite3"),
    "postrider-sendmail": ("libssl", "libcrypto", "libudns", "libidn2", "libsqlite3"),
}
NEEDED = {"postrider-worker": ("libudns", "libidn2"), "postriderd": ("libsqlite3",)}


def libraries(program):
    done = subprocess.run(["ldd", f"{BUILD}/{program}"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("program", FORBIDDEN)
def test_does_not_load(program):
    loaded = libraries(program)
    assert any(name.startswith("libevent") or name.startswith("libc.") for name in loaded)
    for name in FORBIDDEN[program]:
        assert not [one for one in loaded if one.startswith(name)], loaded


@pytest.mark.parametrize("program", NEEDED)
def test_loads(program):
    """The other way round: that the test above looks at the real thing."""
    loaded = libraries(program)
    for name in NEEDED[program]:
        assert [one for one in loaded if one.startswith(name)], loaded

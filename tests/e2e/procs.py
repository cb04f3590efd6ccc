"""What /proc says about a process: the only witness the tests about privileges believe."""
import os
import select


def alive(pid):
    """A zombie has ended, whoever has not yet asked for its status."""
    return status(pid).get("State", "Z")[0] not in "ZX"


def status(pid):
    """The fields of /proc/PID/status; empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return dict(line.rstrip("\n").replace("\t", " ").split(": ", 1)
                        for line in f if ": " in line.replace("\t", " "))
    except (FileNotFoundError, ProcessLookupError):
        return {}


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().decode(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(word) for word in f.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child] + descendants(child)
    return found


def files(pid):
    """Where each open descriptor leads."""
    found = {}
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            pass
    return found


def root(pid):
    return os.readlink(f"/proc/{pid}/root")


class Watch:
    """Knows of the end of a process that is not our child, without looking twice at its number."""

    def __init__(self, pid):
        self.pid = pid
        self.fd = os.pidfd_open(pid)

    def ended(self, seconds):
        """True as soon as the process has ended, False when it has not within that time."""
        readable, _, _ = select.select([self.fd], [], [], seconds)
        return bool(readable)

    def close(self):
        os.close(self.fd)

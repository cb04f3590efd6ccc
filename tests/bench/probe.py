"""Tools that look at the running program, for one stage at a time."""
import contextlib
import os
import re
import signal
import subprocess
import time

ATTACH_SECONDS = 1.5


class Strace:
    """System calls by name, of all processes together."""

    def __init__(self, lab):
        self.lab = lab
        self.files = {}

    @contextlib.contextmanager
    def around(self, stage, program):
        path = self.lab.path("strace." + stage)
        self.files[stage] = path
        command = ["strace", "-f", "-c", "-U", "calls,name", "-o", path]
        for pid in program.pids():
            command += ["-p", str(pid)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(ATTACH_SECONDS)
        yield
        process.send_signal(signal.SIGINT)
        process.wait()

    def result(self, messages):
        out = {}
        for stage, path in self.files.items():
            with open(path, encoding="ascii") as file:
                rows = re.findall(r"^\s*(\d+) (\w+)$", file.read(), re.M)
            calls = {name: int(count) / messages for count, name in rows if name != "total"}
            shown = dict(sorted(calls.items(), key=lambda one: -one[1])[:16])
            out[stage] = {"total": sum(calls.values()), "calls": shown}
        return out


class Perf:
    """Profiles, to be read with `perf report`."""

    def __init__(self, lab, prefix):
        self.lab = lab
        self.prefix = os.path.abspath(prefix)

    @contextlib.contextmanager
    def around(self, stage, program):
        pids = ",".join(str(pid) for pid in program.pids())
        process = subprocess.Popen(["perf", "record", "-q", "--call-graph", "fp", "-F", "4000", "-p", pids,
                                    "-o", f"{self.prefix}.{stage}"],
                                   stderr=subprocess.DEVNULL)
        time.sleep(ATTACH_SECONDS)
        yield
        process.send_signal(signal.SIGINT)
        process.wait()

"""postrider as it is measured: accepts without workers, then gets some by a reload."""
import os
import shutil
import signal
import subprocess
import time

from lab import tree

CONF = """
[server]
hostname = "mta.example.net"
[spool]
path = "{place}/spool"
[control]
socket = "{place}/run/control.sock"
[submit]
listen = ["unix:{place}/run/submit.sock", "127.0.0.1:2525"]
[resolver]
servers = ["127.0.0.1"]
[log]
level = "info"
deliveries = "{place}/log/deliveries.json"
[worker]
count = {workers}
{more}
"""


class Rider:
    name = "postrider"
    submit = "127.0.0.1:2525"

    def __init__(self, lab, args):
        self.lab = lab
        self.args = args
        self.place = lab.path("postrider")
        self.process = None

    def _configure(self, workers):
        self.lab.write("postrider/postrider.toml",
                       CONF.format(place=self.place, workers=workers,
                                   more="\n".join(self.args.set)))

    def start(self):
        shutil.rmtree(self.place, ignore_errors=True)
        for name in ("", "log", "run"):
            os.mkdir(os.path.join(self.place, name))
        shutil.chown(os.path.join(self.place, "log"), "postrider", "postrider")
        self._configure(0)
        build = self.args.builddir
        with open(os.path.join(self.place, "log", "log"), "wb") as log:
            self.process = subprocess.Popen(
                [build + "/postriderd", "-c", self.place + "/postrider.toml",
                 "-w", build + "/postrider-worker"],
                stdout=log, stderr=log, cwd="/",
                env=dict(os.environ, RUNTIME_DIRECTORY=self.place + "/run"))
        self.lab.wait(lambda: self.lab.listens(2525), "postriderd", 20)

    def cpu(self):
        times = tree(self.process.pid).values()
        return tuple(sum(one[i] + one[i + 2] for one in times) for i in (0, 1))

    def pids(self):
        return sorted(tree(self.process.pid))

    def _delivered(self, counter=None):
        counter = counter if counter is not None else [0, 0]
        with open(os.path.join(self.place, "log", "deliveries.json"), "rb") as record:
            record.seek(counter[0])
            data = record.read()
        counter[0] += len(data)
        counter[1] += data.count(b'"event":"delivered"')
        return counter[1]

    def drain(self, messages):
        """Seconds from the order to deliver to the last line of the record."""
        counter = [0, 0]
        self._configure(self.args.workers)
        begun = time.monotonic()
        self.process.send_signal(signal.SIGHUP)
        self.lab.wait(lambda: self._delivered(counter) >= messages, "deliveries")
        return time.monotonic() - begun

    def stop(self):
        self.lab.end(self.process)

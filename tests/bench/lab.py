"""The place of the measurements: network, names, source, sink, and what the machine was doing."""
import contextlib
import os
import signal
import subprocess
import time

from probe import Perf, Strace

CLOCK_TICK = 1.0 / os.sysconf("SC_CLK_TCK")
SETTLE_SECONDS = 0.5
PATIENCE_SECONDS = 600

NSD_CONF = """
server:
    ip-address: 127.0.0.1@5300
    server-count: 1
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{place}"
    pidfile: "{place}/nsd.pid"
    xfrdfile: "{place}/xfrd.state"
    zonelistfile: "{place}/zone.list"
    logfile: "{place}/nsd.log"
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "bench.example"
    zonefile: "{place}/zone"
"""

UNBOUND_CONF = """
server:
    interface: 127.0.0.1@53
    access-control: 127.0.0.0/8 allow
    username: ""
    chroot: ""
    directory: "{place}"
    pidfile: "{place}/unbound.pid"
    use-syslog: no
    logfile: "{place}/unbound.log"
    do-daemonize: no
    do-ip6: no
    num-threads: 1
    do-not-query-localhost: no
    module-config: "iterator"
stub-zone:
    name: "bench.example"
    stub-addr: 127.0.0.1@5300
remote-control:
    control-enable: no
"""

ZONE_HEAD = """$ORIGIN bench.example.
$TTL 3600
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
"""


def stat_times(pid):
    """(utime, stime, cutime, cstime, parent) of a process in ticks, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return tuple(int(fields[i]) for i in (11, 12, 13, 14)) + (int(fields[1]),)


def processes():
    return {int(name): times for name in os.listdir("/proc") if name.isdigit()
            if (times := stat_times(name)) is not None}


def tree(root):
    """The process and all that descend from it."""
    found = processes()
    members, grown = {root}, True
    while grown:
        more = {pid for pid, times in found.items() if times[4] in members}
        grown = not more <= members
        members |= more
    return {pid: found[pid] for pid in members if pid in found}


class Noise:
    """What the machine did beside us while something was measured."""

    def __init__(self):
        self.cpu = self.machine()
        self.ours = self.inside()

    @staticmethod
    def machine():
        with open("/proc/stat", encoding="ascii") as file:
            return [int(field) for field in file.readline().split()[1:9]]

    @staticmethod
    def inside():
        own = processes()
        return sum(sum(times[:2]) for times in own.values()) + sum(own[1][2:4])

    def end(self, _lab):
        spent = [b - a for a, b in zip(self.cpu, self.machine())]
        total = max(sum(spent), 1)
        busy = total - spent[3] - spent[4] - spent[7]
        foreign = max(busy - (self.inside() - self.ours), 0)
        return {"others": foreign / total, "steal": spent[7] / total}


class Lab:
    def __init__(self, place, args):
        self.place = place
        self.domains = [f"d{i}.bench.example" for i in range(args.domains)]
        self.running = []

    nothing = staticmethod(contextlib.nullcontext)

    def facts(self, args):
        kind = subprocess.run(["stat", "-f", "-c", "%T", self.place], capture_output=True,
                              text=True, check=True).stdout.strip()
        return {"messages": args.messages, "size": args.size, "domains": args.domains,
                "connections": args.connections, "workers": args.workers, "runs": args.runs,
                "cpus": os.cpu_count(), "filesystem": kind, "load": os.getloadavg()[0]}

    def path(self, *names):
        return os.path.join(self.place, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def spawn(self, *command):
        with open(self.path("lab.log"), "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self.running.append(process)
        return process

    def start(self):
        self._network()
        self._accounts()
        self._names()
        # One sink for all; it listens on every address.
        self.spawn("smtp-sink", "-u", "nobody", "inet:0.0.0.0:25", "4000")
        self.wait(lambda: self.listens(25), "smtp-sink")

    def _network(self):
        commands = ["link set lo up"]
        commands += [f"addr add 192.0.2.{i + 1}/32 dev lo" for i in range(len(self.domains))]
        subprocess.run(["ip", "-batch", "-"], input="\n".join(commands) + "\n", text=True,
                       check=True)

    def _accounts(self):
        """Accounts that exist in this mount namespace only."""
        for name, lines in (
                ("passwd", "postrider:x:64801:64801::/nonexistent:/usr/sbin/nologin\n"
                           "postrider-worker:x:64802:64802::/nonexistent:/usr/sbin/nologin\n"),
                ("group", "postrider:x:64801:\npostrider-worker:x:64802:\n"
                          "postrider-read:x:64803:\n")):
            with open("/etc/" + name, encoding="utf-8") as file:
                kept = [line for line in file if not line.startswith("postrider")]
            self._cover("/etc/" + name, self.write(name, "".join(kept) + lines))
        self._cover("/etc/resolv.conf", self.write("resolv.conf", "nameserver 127.0.0.1\n"))

    @staticmethod
    def _cover(there, here):
        subprocess.run(["mount", "--bind", here, os.path.realpath(there)], check=True)

    def _names(self):
        place = self.path("names")
        os.mkdir(place)
        zone = ZONE_HEAD + "".join(f"d{i} MX 10 mx.d{i}\nmx.d{i} A 192.0.2.{i + 1}\n"
                                   for i in range(len(self.domains)))
        self.write("names/zone", zone)
        nsd = self.write("names/nsd.conf", NSD_CONF.format(place=place))
        unbound = self.write("names/unbound.conf", UNBOUND_CONF.format(place=place))
        self.spawn("nsd", "-d", "-c", nsd)
        self.spawn("unbound", "-d", "-c", unbound)
        self.wait(lambda: self.listens(53), "unbound")
        self.wait(lambda: self.listens(5300), "nsd")

    @staticmethod
    def listens(port):
        with open("/proc/net/tcp", encoding="ascii") as file:
            return any(fields[1].endswith(f":{port:04X}") and fields[3] == "0A"
                       for fields in map(str.split, file))

    def wait(self, ready, what, seconds=PATIENCE_SECONDS, step=0.02):
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise SystemExit(f"tests/bench: waited in vain for {what}; see {self.place}")
            time.sleep(step)

    @staticmethod
    def settle():
        """Lets the last commits end before processor time is read."""
        time.sleep(SETTLE_SECONDS)

    def inject(self, program, args):
        """Seconds until every message was accepted; each connection writes to one domain."""
        share, left = divmod(args.messages, args.connections)
        begun = time.monotonic()
        sources = []
        for i in range(args.connections):
            domain = self.domains[i % len(self.domains)]
            sources.append(subprocess.Popen(
                ["smtp-source", "-d", "-s", "1", "-m", str(share + (i < left)), "-l",
                 str(args.size), "-f", "sender@mta.example.net", "-t", f"rcpt@{domain}",
                 "-M", "source.example.net", program.submit]))
        for source in sources:
            if source.wait() != 0:
                raise SystemExit("tests/bench: smtp-source failed")
        return time.monotonic() - begun

    @staticmethod
    def end(process):
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)

    def count_calls(self, args, run_once, program):
        trace = Strace(self)
        run_once(self, program, args, trace)
        return trace.result(args.messages)

    def profile(self, args, run_once, program):
        run_once(self, program, args, Perf(self, args.perf))

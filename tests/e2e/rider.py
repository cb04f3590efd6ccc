"""postrider itself: a configuration, a spool and a daemon in a place of their own, with verbs."""
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time

import procs
from submitter import Submitter

SWITCHING = os.environ.get("E2E_SWITCHING") == "1"
BUILD = os.environ.get("builddir", ".")
SANITIZED = b"__asan_init" in open(f"{BUILD}/postriderd", "rb").read()
SLOW = float(os.environ.get("E2E_SLOW", "3" if SANITIZED else "1"))
NEVER = re.compile(r"\balert\b|assert|sent a bad|malformed|forbidden system call|Sanitizer:|"
                   r"runtime error:|died young|out of memory|cannot be (read|written)|hung:|"
                   r"ended by signal|ended with status [1-9]|did not say HELLO", re.I)
TIMEOUTS = ("connect", "greeting", "tls", "ehlo", "mail-from", "rcpt-to", "data", "mta-sts")


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return str(value)


def sockets_to(port):
    """What descriptors of connections to this port are called in /proc; IPv4 only."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return {f"socket:[{row[9]}]" for row in rows if row[2].endswith(f":{port:04X}")}


class Answer:
    """What a program said: exit status, rows of --json, the words on both streams."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")

    @property
    def rows(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return f"status {self.status}\n{self.out}{self.err}"


class Rider:
    def __init__(self, place, settings=None, extra="", name="rider"):
        self.place = place
        self.settings = self._defaults(name)
        self.settings.update(settings or {})
        self.extra = extra
        self.config = f"{place}/postrider.toml"
        self.run = f"{place}/run"
        self.spool = f"{place}/spool"
        self.log_path = f"{place}/log"
        self.record_path = f"{place}/records/deliveries.json"
        self.process = None
        self.allowed = []
        os.makedirs(f"{place}/records")
        if SWITCHING:
            # The record's folder is the operator's to give; everything else the daemon makes.
            os.chmod(place, 0o755)
            subprocess.run(["chown", "postrider:", f"{place}/records"], check=True)
        else:
            os.makedirs(self.run)
        self.write()

    def _defaults(self, name):
        settings = {
            "server.hostname": f"{name}.plain.lab",
            "server.user": "postrider",
            "server.worker-user": "postrider-worker",
            "spool.path": f"{self.place}/spool",
            "spool.min-free": "1mb",
            "control.socket": f"{self.place}/run/control.sock",
            "submit.listen": [f"unix:{self.place}/run/submit.sock", "127.0.0.1:2525"],
            "worker.count": 1,
            "resolver.servers": ["127.0.0.1"],
            "log.deliveries": f"{self.place}/records/deliveries.json",
            "queue.schedule.retry": "[1s]",
            "queue.schedule.jitter": "0",
        }
        settings.update({f"queue.outbound.timeouts.{name}": "10s" for name in TIMEOUTS})
        return settings

    # Configuration.

    def write(self, settings=None, extra=None):
        """Writes the configuration, with these changes to what it was; None takes a key away."""
        self.settings.update(settings or {})
        self.extra = self.extra if extra is None else extra
        tables = {}
        for key, value in self.settings.items():
            if value is not None:
                table, name = key.rsplit(".", 1)
                tables.setdefault(table, []).append(f"{name} = {toml(value)}\n")
        text = "".join(f"[{table}]\n{''.join(lines)}\n" for table, lines in tables.items())
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(text + self.extra)
        if SWITCHING:
            subprocess.run(["chown", "root:postrider", self.config], check=True)
            os.chmod(self.config, 0o640)

    # The daemon.

    def start(self):
        """Comes back when the daemon has said that it is ready."""
        self.launch()
        self.wait_ready()
        return self

    def launch(self):
        """Only starts it: for those that are not to become ready."""
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = f"{self.place}/notify"
        if os.path.exists(path):
            os.unlink(path)
        self.notify.bind(path)
        os.chmod(path, 0o777)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [f"{BUILD}/postriderd", "-c", self.config, "-w", f"{BUILD}/postrider-worker"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.place,
                env=self._environment(NOTIFY_SOCKET=path))

    def wait_ready(self, seconds=15):
        deadline = time.monotonic() + seconds * SLOW
        self.notify.settimeout(0.1)
        while True:
            try:
                if b"READY=1" in self.notify.recv(4096).split(b"\n"):
                    return
            except socket.timeout:
                pass
            assert self.process.poll() is None, (
                f"postriderd ended with {self.process.returncode}:\n{self.log()}")
            assert time.monotonic() < deadline, f"postriderd is not ready:\n{self.log()}"

    def stop(self, seconds=20):
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait_exit(seconds)

    def kill(self):
        """SIGKILL to the master; comes back when it and all it started are gone."""
        watches = [procs.Watch(pid) for pid in procs.descendants(self.process.pid)]
        self.process.kill()
        self.process.wait()
        for watch in watches:
            assert watch.ended(5), f"process {watch.pid} outlived the master"
            watch.close()
        self.notify.close()

    def reload(self):
        """SIGHUP; comes back when the new configuration is in force or was refused."""
        self.signal(signal.SIGHUP)
        self.wait_ready()

    def wait_generation(self, number, role="deliver"):
        """Until a worker of this generation is at work."""
        self.wait_log(rf"worker {role}/\d+ \(pid \d+, generation {number}\): born -> ready")

    def stored(self, message):
        """The bytes of a queued message as they lie in their segment."""
        segment, offset, size = self.sql(
            "SELECT segment_id, offset, size FROM message WHERE id = ?", message)[0]
        with open(f"{self.spool}/segments/{segment}.seg", "rb") as f:
            f.seek(offset)
            return f.read(size)

    def signal(self, number):
        self.process.send_signal(number)

    def wait_exit(self, seconds=20):
        try:
            status = self.process.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"postriderd does not stop:\n{self.log()[-3000:]}") from None
        self.notify.close()
        return status

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def spawner(self):
        pids = procs.children(self.pid)
        assert len(pids) == 1, f"the master has the children {pids}"
        return pids[0]

    def workers(self, role="deliver"):
        """Pids of the workers of this role, from /proc."""
        pids = procs.children(self.spawner())
        return [pid for pid in pids if procs.command(pid)[1:2] == [role]]

    def kill_carrier(self):
        """SIGKILL to the deliver worker that has a session open."""
        for pid in self.workers():
            if any(inode in sockets_to(25) for inode in procs.files(pid).values()):
                os.kill(pid, signal.SIGKILL)
                return
        raise AssertionError("no deliver worker has a session")

    # Submission.

    def submitter(self, tcp=False):
        return Submitter(("127.0.0.1", 2525) if tcp else f"{self.run}/submit.sock", 15 * SLOW)

    def inject(self, sender, rcpts, body=b"Subject: test\r\n\r\ntext\r\n", tcp=False,
               chunks=False):
        """One message by SMTP; its number in the queue."""
        if isinstance(rcpts, str):
            rcpts = [rcpts]
        while True:
            with self.submitter(tcp) as client:
                assert client.hello().code == 250
                reply = client.message(sender, rcpts, body, chunks)
                # A worker that is being replaced says so; any client comes back then.
                if reply.code != 421:
                    break
        assert reply.code == 250, reply
        return int(re.search(r"queued as (\d+)", reply.lines[-1])[1])

    def sendmail(self, *words, body=b"Subject: test\n\ntext\n"):
        return self._program("postrider-sendmail", "-C", self.config, *words, stdin=body)

    # Looking.

    def cli(self, *words, json_rows=True):
        """postrider COMMAND …; with --json its rows."""
        return self._program("postrider", "-c", self.config, *words,
                             *(["--json"] if json_rows else []))

    def sql(self, query, *values):
        """Rows of the queue database, read as a member of postrider-read would."""
        with sqlite3.connect(f"file:{self.spool}/queue.db?mode=ro", uri=True, timeout=5) as db:
            return db.execute(query, values).fetchall()

    def shell(self, *statements, readonly=False):
        """The sqlite3 shell on the queue, as an operator types."""
        words = ["sqlite3"] + (["-readonly"] if readonly else []) + ["-cmd", ".timeout 5000"]
        done = subprocess.run([*words, f"{self.spool}/queue.db", *statements],
                              capture_output=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def record(self, **facts):
        """Lines of the delivery record that say this."""
        try:
            with open(self.record_path, encoding="utf-8") as f:
                text = f.read()
        except FileNotFoundError:
            return []
        lines = [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]
        return [line for line in lines if all(line.get(k) == v for k, v in facts.items())]

    def wait_record(self, count=1, seconds=15, **facts):
        """Until so many lines of the record say this; those lines."""
        def there():
            return len(self.record(**facts)) >= count
        self.until(there, f"{count} × {facts}", seconds)
        return self.record(**facts)

    def wait_empty(self, seconds=15):
        """Until nothing is queued."""
        self.until(lambda: not self.sql("SELECT 1 FROM message LIMIT 1"), "an empty queue", seconds)

    def until(self, predicate, what, seconds=15):
        deadline = time.monotonic() + seconds * SLOW
        while not predicate():
            assert time.monotonic() < deadline, (
                f"never came: {what}\nrecord: {self.record()[-5:]}\nlog:\n{self.log()[-3000:]}")
            time.sleep(0.01)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, seconds=15):
        self.until(lambda: re.search(pattern, self.log()), f"/{pattern}/ in the log", seconds)
        return re.search(pattern, self.log())

    def allow(self, pattern):
        """This in the log is what the test is about, no fault."""
        self.allowed.append(re.compile(pattern))

    # The end of a test.

    def finish(self):
        """Stops the daemon as systemd would and asks for its good name."""
        status = self.stop() if self.running() else None
        bad = [line for line in self.log().splitlines()
               if NEVER.search(line) and not any(p.search(line) for p in self.allowed)]
        assert not bad, "the daemon's log:\n" + "\n".join(bad[:20])
        assert status in (0, None), f"postriderd ended with {status}:\n{self.log()[-3000:]}"

    def destroy(self):
        """Whatever happened, no process of this test stays."""
        if not self.running():
            return
        pids = procs.descendants(self.pid)
        self.process.kill()
        self.process.wait()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _environment(self, **more):
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("POSTRIDER_CONFIG", "NOTIFY_SOCKET")}
        return environment | {"RUNTIME_DIRECTORY": self.run} | more

    def _program(self, name, *words, stdin=b""):
        return Answer(subprocess.run([f"{BUILD}/{name}", *words], input=stdin, timeout=60,
                                     capture_output=True, env=self._environment()))

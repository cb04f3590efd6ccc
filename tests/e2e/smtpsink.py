"""Postfix's smtp-sink: a receiving server that is not ours."""
import glob
import os
import re
import socket
import subprocess
import time


class SmtpSink:
    """Listens on port 25 of one address and keeps each transaction in a file."""

    def __init__(self, place, address, *options):
        self.place = place
        os.makedirs(place)
        command = ["smtp-sink", *options, "-d", f"{place}/mail.", f"{address}:25", "512"]
        if os.environ.get("E2E_SWITCHING") == "1":
            # It insists on leaving root.
            os.chmod(place, 0o777)
            command[1:1] = ["-u", "nobody"]
        else:
            command = ["unshare", "--user", "--map-user=1000", "--"] + command
        with open(f"{place}/out", "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, cwd=place)
        self._wait(address)

    def _wait(self, address):
        deadline = time.monotonic() + 10
        while True:
            try:
                with socket.create_connection((address, 25), 1) as probe:
                    probe.recv(100)
                    return
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, self.said()
                time.sleep(0.01)

    def said(self):
        with open(f"{self.place}/out", encoding="utf-8", errors="replace") as f:
            return f.read()

    def messages(self):
        """(sender, recipients, content) of every file; line ends are this program's, LF."""
        found = []
        for name in sorted(glob.glob(f"{self.place}/mail.*")):
            with open(name, "rb") as f:
                text = f.read()
            # The content follows the Received line it adds; an empty line ends each file.
            sender = re.search(rb"^X-Mail-Args: <(.*?)>", text, re.M)
            rcpts = re.findall(rb"^X-Rcpt-Args: <(.*?)>", text, re.M)
            start = re.search(rb"^Received: .*\n(?:[ \t].*\n)*", text, re.M)
            if sender and start and text.endswith(b"\n\n"):
                found.append((sender[1].decode(), [r.decode() for r in rcpts],
                              text[start.end():-1]))
        return found

    def wait_messages(self, count, seconds=15):
        deadline = time.monotonic() + seconds
        while len(self.messages()) < count:
            assert time.monotonic() < deadline, f"{len(self.messages())} of {count} messages came"
            time.sleep(0.01)
        return self.messages()

    def close(self):
        self.process.terminate()
        self.process.wait(10)

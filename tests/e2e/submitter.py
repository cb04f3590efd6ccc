"""A submission client that says exactly the bytes it is told, and nothing of its own."""
import socket


class Reply:
    def __init__(self, code, lines):
        self.code = code
        self.lines = lines

    def __repr__(self):
        return f"{self.code} {' / '.join(self.lines)}"


class Submitter:
    """One connection; `where` is the path of a socket or (host, port)."""

    def __init__(self, where, timeout=10):
        family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(where)
        self.buffer = b""
        self.greeting = self.hear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def line(self):
        while b"\r\n" not in self.buffer:
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("the server closed the connection")
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("utf-8", "replace")

    def hear(self):
        lines = []
        while True:
            line = self.line()
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), lines)

    def say(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode() + b"\r\n")

    def ask(self, line):
        self.say(line)
        return self.hear()

    def hello(self, name="client.lab"):
        return self.ask(f"EHLO {name}")

    def envelope(self, sender, rcpts, parameters=""):
        """MAIL and, unless that was refused, each RCPT; the replies in that order."""
        words = f"MAIL FROM:<{sender}>{' ' + parameters if parameters else ''}"
        first = self.ask(words)
        if first.code >= 300:
            return [first]
        return [first] + [self.ask(f"RCPT TO:<{rcpt}>") for rcpt in rcpts]

    def data(self, body):
        """The body dot-stuffed and ended; the final reply."""
        reply = self.ask("DATA")
        if reply.code != 354:
            return reply
        stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        self.say(stuffed + b".\r\n")
        return self.hear()

    def bdat(self, *chunks):
        """The body in chunks, not a byte changed; the last reply."""
        reply = None
        for i, chunk in enumerate(chunks):
            last = b" LAST" if i == len(chunks) - 1 else b""
            self.say(b"BDAT %d%s\r\n" % (len(chunk), last) + chunk)
            reply = self.hear()
            if reply.code >= 400:
                return reply
        return reply

    def message(self, sender, rcpts, body, chunks=False):
        """One transaction; the reply that decided it."""
        eight = "BODY=8BITMIME" if any(byte > 127 for byte in body) else ""
        for reply in self.envelope(sender, rcpts, eight):
            if reply.code >= 300:
                return reply
        return self.bdat(body) if chunks else self.data(body)

"""A scripted SMTP server on port 25 of real addresses, and what it saw.

Verbs decide how it behaves from then on, for sessions that are already open too. A step is one of
CONNECT, EHLO, HELO, MAIL, RCPT, DATA (also BDAT), BODY (nothing of the message has been read yet),
DOT (the reply to the whole message), QUIT.
"""
import asyncio
import hashlib
import itertools
import re
import threading
import time

EXTENSIONS = {"PIPELINING": "", "CHUNKING": "", "SIZE": "104857600", "8BITMIME": "",
              "ENHANCEDSTATUSCODES": "", "DSN": ""}
TRACE = re.compile(rb"Received: .*\r\n(?:[ \t].*\r\n)*")
ACCEPT = {"CONNECT": "220 sink.lab ESMTP", "HELO": "250 sink.lab", "MAIL": "250 2.1.0 fine",
          "RCPT": "250 2.1.5 fine", "DATA": "354 go on", "DOT": "250 2.0.0 kept",
          "RSET": "250 2.0.0 reset", "NOOP": "250 2.0.0 here", "QUIT": "221 2.0.0 bye"}


class Message:
    """A transaction that ended with 2xx."""

    def __init__(self, session, sender, mail, rcpts, body, chunked):
        self.session = session
        self.sender = sender
        self.mail = mail
        self.rcpts = rcpts
        self.body = body
        self.chunked = chunked

    @property
    def sha256(self):
        return hashlib.sha256(self.body).hexdigest()

    @property
    def content(self):
        """What was submitted: the body without the trace header that postrider puts on top."""
        trace = TRACE.match(self.body)
        assert trace, f"no trace header: {self.body[:200]}"
        return self.body[trace.end():]


class Session:
    def __init__(self, peer, local, wire, writer):
        self.wire = wire
        self.writer = writer
        self.peer = peer
        self.local = local
        self.ehlo = None
        self.commands = []
        self.stalled_at = None
        self.stalled_since = None
        self.began = time.monotonic()
        self.ended = None
        self.pipelined = False
        self.open = True
        self.sender = self.mail = None
        self.rcpts = []
        self.chunks = b""


class Rule:
    def __init__(self, step, action, text=None, match=None, times=None):
        self.step = step
        self.action = action
        self.text = text
        self.match = match
        self.left = times

    def applies(self, step, argument):
        return self.step == step and (self.left is None or self.left > 0) and (
            self.match is None or self.match.lower() in argument.lower())


class Gone(Exception):
    """This session is to end now."""


class Wire:
    """Lines and counted bytes out of a stream."""

    def __init__(self, reader):
        self.reader = reader
        self.buffer = bytearray()

    async def more(self):
        part = await self.reader.read(262144)
        if not part:
            raise Gone()
        self.buffer += part

    async def closed(self, read=True):
        """Until the other end closes; without reading that is never known."""
        try:
            while read:
                await self.more()
            await asyncio.Event().wait()
        except (Gone, ConnectionError):
            pass

    async def line(self):
        while (end := self.buffer.find(b"\r\n")) < 0:
            await self.more()
        line = bytes(self.buffer[:end])
        del self.buffer[:end + 2]
        return line.decode("utf-8", "surrogateescape")

    async def exactly(self, size):
        while len(self.buffer) < size:
            await self.more()
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    async def until_dot(self):
        self.buffer[:0] = b"\r\n"
        seen = 0
        while (end := self.buffer.find(b"\r\n.\r\n", seen)) < 0:
            seen = max(0, len(self.buffer) - 4)
            await self.more()
        data = bytes(self.buffer[:end + 2])
        del self.buffer[:end + 5]
        return data.replace(b"\r\n.", b"\r\n")[2:]


class Sink:
    def __init__(self, *addresses, port=25, extensions=EXTENSIONS):
        self.addresses = addresses
        self.port = port
        self.extensions = dict(extensions)
        self.rules = []
        self.sessions = []
        self.messages = []
        self.trouble = []
        self.changed = threading.Condition()
        self.loop = asyncio.new_event_loop()
        self.tasks = set()
        self.ready = threading.Event()
        self.released = None
        self.thread = threading.Thread(target=self._main, daemon=True)
        self.thread.start()
        self.ready.wait(10)
        if self.trouble:
            raise RuntimeError(f"{addresses}: {self.trouble[0]}")

    # Verbs.

    def reply(self, step, text, match=None, times=None):
        """Answers so at this step, for the first `times` or always."""
        self.rules.append(Rule(step, "reply", text, match, times))

    def refuse_rcpt(self, address, text="550 5.1.1 no such user", times=None):
        self.reply("RCPT", text, f"<{address}>", times)

    def tempfail(self, step, times=1, text="451 4.3.0 not now"):
        self.reply(step, text, None, times)

    def stall(self, step, match=None, times=None):
        """Says nothing at this step until release()."""
        self.rules.append(Rule(step, "stall", None, match, times))

    def drip(self, step, text="250-one byte at a time, and never a whole line", times=None):
        """Ten bytes a second of an answer that has no end."""
        self.rules.append(Rule(step, "drip", text, None, times))

    def close_at(self, step, match=None, times=None):
        """Closes the connection instead of answering."""
        self.rules.append(Rule(step, "close", None, match, times))

    def release(self):
        """Forgets all rules; whoever is stalled gets the usual answer."""
        self.rules.clear()
        self.loop.call_soon_threadsafe(self._release)

    def let_go(self):
        """Whoever is stalled gets the usual answer; the rules stay."""
        self.loop.call_soon_threadsafe(self._release)

    def without(self, *extensions):
        for name in extensions:
            self.extensions.pop(name, None)

    def wait(self, predicate, what, seconds=15):
        """Until predicate() holds; it is asked again whenever something happened here."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not predicate():
                left = deadline - time.monotonic()
                assert left > 0, (f"the sink never saw {what}; sessions: "
                                  f"{[s.commands[-5:] for s in self.sessions]}")
                self.changed.wait(left)

    def wait_messages(self, count, seconds=15):
        self.wait(lambda: len(self.messages) >= count, f"{count} messages", seconds)
        return self.messages

    def wait_stalled(self, count, step, seconds=15):
        def stalled():
            return [s for s in self.sessions if s.stalled_at == step and s.open]
        self.wait(lambda: len(stalled()) >= count, f"{count} sessions stalled at {step}", seconds)
        return stalled()

    def commands(self, verb):
        return [line for session in self.sessions for line in session.commands
                if line.upper().startswith(verb)]

    def close(self):
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
        assert not self.trouble, self.trouble

    # The server.

    def _main(self):
        asyncio.set_event_loop(self.loop)
        servers = []
        try:
            self.released = asyncio.Event()
            for address in self.addresses:
                servers.append(self.loop.run_until_complete(
                    asyncio.start_server(self._serve, address, self.port, backlog=512)))
        except OSError as error:
            self.trouble.append(error)
            self.ready.set()
            return
        self.ready.set()
        self.loop.run_forever()
        for server in servers:
            server.close()
        for task in list(self.tasks):
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*self.tasks, return_exceptions=True))
        self.loop.close()

    def _release(self):
        self.released.set()
        self.released = asyncio.Event()

    def _note(self):
        with self.changed:
            self.changed.notify_all()

    async def _serve(self, reader, writer):
        session = Session(writer.get_extra_info("peername")[0],
                          writer.get_extra_info("sockname")[0], Wire(reader), writer)
        task = asyncio.current_task()
        self.tasks.add(task)
        self.sessions.append(session)
        try:
            await self._talk(session, session.wire, writer)
        except (Gone, ConnectionError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        except Exception as error:  # a fault of this file must fail the test, not hang it
            self.trouble.append(repr(error))
        finally:
            session.open = False
            session.ended = time.monotonic()
            writer.close()
            self.tasks.discard(task)
            self._note()

    async def _talk(self, session, wire, writer):
        if await self._answer(session, writer, "CONNECT", session.peer) >= 400:
            raise Gone()
        while True:
            line = await wire.line()
            session.commands.append(line)
            session.pipelined |= b"\r\n" in wire.buffer
            self._note()
            verb = line.split(" ", 1)[0].upper()
            step = getattr(self, "_" + verb.lower(), None)
            if verb in ("EHLO", "MAIL", "RCPT", "DATA", "BDAT"):
                await step(session, wire, writer, line)
            elif verb in ACCEPT:
                if verb == "HELO":
                    session.ehlo = line[5:]
                if verb == "RSET":
                    session.sender, session.rcpts = None, []
                await self._answer(session, writer, verb, line)
                if verb == "QUIT":
                    return
            else:
                await self._send(writer, "500 5.5.1 what?")

    async def _answer(self, session, writer, step, argument, usual=None):
        """Sends the reply that the rules want, or the usual one; its code."""
        text = await self._decide(session, step, argument, usual)
        await self._send(writer, text)
        if text.startswith("421"):
            raise Gone()
        return int(text[:3])

    async def _decide(self, session, step, argument, usual=None):
        rule = next((r for r in self.rules if r.applies(step, argument)), None)
        text = usual or ACCEPT.get(step)
        if rule is not None:
            if rule.left is not None:
                rule.left -= 1
            if rule.action == "close":
                raise Gone()
            if rule.action in ("stall", "drip"):
                session.stalled_at = step
                session.stalled_since = time.monotonic()
                self._note()
                await self._stall(rule, session)
                session.stalled_at = None
            else:
                text = rule.text
        return text

    async def _stall(self, rule, session):
        """Until release(), or until the peer has gone."""
        released = asyncio.create_task(self.released.wait())
        gone = asyncio.create_task(session.wire.closed(rule.step != "BODY"))
        letters = itertools.cycle(rule.text or "")
        try:
            while not released.done():
                if gone.done():
                    raise Gone()
                if rule.action == "drip":
                    session.writer.write(next(letters).encode())
                await asyncio.wait((released, gone), return_when=asyncio.FIRST_COMPLETED,
                                   timeout=0.1 if rule.action == "drip" else None)
        finally:
            released.cancel()
            gone.cancel()
            await asyncio.gather(released, gone, return_exceptions=True)

    async def _send(self, writer, text):
        writer.write(text.encode() + b"\r\n")
        await writer.drain()

    async def _ehlo(self, session, wire, writer, line):
        session.ehlo = line[5:]
        words = ["sink.lab"] + [f"{k} {v}".rstrip() for k, v in self.extensions.items()]
        usual = "\r\n".join(f"250{'-' if i < len(words) - 1 else ' '}{word}"
                            for i, word in enumerate(words))
        await self._answer(session, writer, "EHLO", line, usual)

    async def _mail(self, session, wire, writer, line):
        session.sender, session.rcpts = None, []
        if await self._answer(session, writer, "MAIL", line) < 300:
            session.sender, session.mail = path(line), line

    async def _rcpt(self, session, wire, writer, line):
        if session.sender is None:
            await self._send(writer, "503 5.5.1 MAIL first")
        elif await self._answer(session, writer, "RCPT", line) < 300:
            session.rcpts.append(path(line))

    async def _data(self, session, wire, writer, line):
        if not session.rcpts:
            await self._send(writer, "554 5.5.1 no valid recipients")
        elif await self._answer(session, writer, "DATA", line) == 354:
            await self._decide(session, "BODY", line, "")
            await self._end(session, writer, await wire.until_dot(), False)

    async def _bdat(self, session, wire, writer, line):
        words = line.split()
        await self._decide(session, "BODY", line, "")
        body = await wire.exactly(int(words[1]))
        if not session.rcpts:
            await self._send(writer, "554 5.5.1 no valid recipients")
            return
        session.chunks += body
        if len(words) < 3:
            await self._answer(session, writer, "DATA", line, "250 2.0.0 more")
            return
        body, session.chunks = session.chunks, b""
        await self._end(session, writer, body, True)

    async def _end(self, session, writer, body, chunked):
        message = Message(session, session.sender, session.mail, list(session.rcpts), body, chunked)
        session.sender, session.rcpts = None, []
        text = await self._decide(session, "DOT", message.sender)
        # Kept before it is said, so that whoever heard it finds it here.
        if text.startswith("2"):
            self.messages.append(message)
        self._note()
        await self._answer(session, writer, "", "", text)


def path(line):
    return line[line.index("<") + 1:line.index(">")]

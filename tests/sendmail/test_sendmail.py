#!/usr/bin/env python3
"""postrider-sendmail against a scripted SMTP server on a Unix socket of its own."""

import os
import re
import select
import socket
import subprocess
import tempfile
import threading
import unittest

SENDMAIL = os.path.join(os.environ.get("top_builddir", "."), "postrider-sendmail")

EX_OK, EX_USAGE, EX_DATAERR, EX_NOUSER, EX_TEMPFAIL = 0, 64, 65, 67, 75


class Server:
    """Takes one connection; replies maps a command (its beginning) to what is answered."""

    def __init__(self, replies=None, ehlo=("8BITMIME", "SMTPUTF8", "SIZE 1000000", "DSN")):
        self.replies = replies or {}
        self.ehlo = ehlo
        self.commands = []
        self.data = None
        self.dir = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.dir.name, "submit.sock")
        self.config = os.path.join(self.dir.name, "postrider.toml")
        with open(self.config, "w") as out:
            out.write('[submit]\nlisten = ["127.0.0.1:9", "unix:%s"]\n' % self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def answer(self, command, default):
        for prefix, reply in self.replies.items():
            if command.upper().startswith(prefix):
                return reply
        return default

    def serve(self):
        while not select.select([self.listener], [], [], 0.02)[0]:
            if self.stop.is_set():
                return
        connection, _ = self.listener.accept()
        connection.settimeout(10)
        with connection, connection.makefile("rb") as lines:
            connection.sendall((self.answer("GREETING", "220 test") + "\r\n").encode())
            try:
                for line in lines:
                    command = line.decode("utf-8").rstrip("\r\n")
                    self.commands.append(command)
                    if not self.obey(command, connection, lines):
                        return
            except OSError:
                pass  # nobody waits for the answer to QUIT

    def obey(self, command, connection, lines):
        verb = command.split(" ")[0].upper()
        reply = self.answer(command, None)
        if reply == "CLOSE":
            return False
        if reply is None and verb == "EHLO":
            words = ("test",) + self.ehlo
            reply = "\r\n".join("250" + ("-" if i + 1 < len(words) else " ") + w
                                for i, w in enumerate(words))
        connection.sendall(((reply or ("354 go" if verb == "DATA" else "250 ok")) +
                            "\r\n").encode())
        if verb == "DATA" and reply is None and "EARLY" in self.replies:
            # A no in the middle, from somebody who reads no further.
            connection.recv(1000)
            connection.sendall((self.replies["EARLY"] + "\r\n").encode())
            connection.shutdown(socket.SHUT_RD)
            return False
        if verb == "DATA" and reply is None:
            data = []
            for line in lines:
                if line == b".\r\n":
                    break
                data.append(line)
            self.data = b"".join(data)
            end = self.answer("END", "250 2.0.0 queued")
            if end == "CLOSE":
                return False
            connection.sendall((end + "\r\n").encode())
        return verb != "QUIT"

    def close(self):
        self.stop.set()
        self.thread.join(10)
        self.listener.close()
        self.dir.cleanup()


class SendmailTest(unittest.TestCase):
    def send(self, arguments, message=b"Subject: x\n\nbody\n", server=None, **environment):
        server = server or Server()
        self.server = server
        run = subprocess.run([SENDMAIL, "-C", server.config] + arguments, input=message,
                             capture_output=True, timeout=30,
                             env={**os.environ, "NAME": "Some One", **environment})
        server.close()
        self.errors = run.stderr.decode()
        self.output = run.stdout
        return run.returncode

    def command(self, verb):
        return [c for c in self.server.commands if c.startswith(verb)]

    def header(self, name):
        head = self.server.data.split(b"\r\n\r\n")[0] + b"\r\n"
        return re.findall(rb"(?im)^%s:[ \t]*(.*?)\r$" % name.encode(), head)

    def test_early_refusal(self):
        for reply in ("452 4.3.1 full", "250 2.0.0 what?"):
            status = self.send(["-f", "a@example.org", "b@example.org"],
                               b"Subject: x\n\n" + b"a line of text\n" * 200000,
                               Server({"EARLY": reply}))
            self.assertEqual(status, EX_TEMPFAIL)
            self.assertIn(reply, self.errors)

    def test_plain(self):
        self.assertEqual(self.send(["-f", "a@example.org", "b@example.org"]), EX_OK)
        self.assertEqual(self.command("RCPT"), ["RCPT TO:<b@example.org>"])
        self.assertTrue(self.command("MAIL")[0].startswith("MAIL FROM:<a@example.org> SIZE="))
        self.assertNotIn("8BITMIME", self.command("MAIL")[0])
        self.assertTrue(self.server.data.startswith(b"Subject: x\r\nFrom: "))
        self.assertTrue(self.server.data.endswith(b"\r\n\r\nbody\r\n"))
        self.assertEqual(self.header("From"), [b'"Some One" <a@example.org>'])
        self.assertRegex(self.header("Date")[0].decode(),
                         r"^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$")
        self.assertRegex(self.header("Message-ID")[0].decode(), r"^<[0-9a-f.]+@[^ ]+>$")
        self.assertEqual(self.command("QUIT"), ["QUIT"])

    def test_header_is_kept(self):
        message = b"from: me@example.org\r\ndate: d\r\nmessage-id: <i>\r\n\r\nx"
        self.assertEqual(self.send(["b@example.org"], message), EX_OK)
        self.assertEqual(self.server.data, message + b"\r\n")

    def test_recipients_of_header(self):
        message = (b'To: "A, B (x)" <a@example.org>, c@example.org (a, comment),\n'
                   b'\tGroup: d@example.org, "e f"@example.org;\n'
                   b"Cc: undisclosed-recipients:;\nBcc: h@example.org,\n g@example.org\n"
                   b"Subject: To: nobody@example.org\n\nTo: i@example.org\n")
        self.assertEqual(self.send(["-t", "-oi"], message), EX_OK)
        self.assertEqual(self.command("RCPT"), ["RCPT TO:<%s@example.org>" % user for user in
                                                ("a", "c", "d", '"e f"', "h", "g")])
        self.assertEqual(self.header("Bcc"), [])
        self.assertNotIn(b"g@example.org", self.server.data)
        self.assertIn(b"\r\nTo: i@example.org\r\n", self.server.data)

    def test_dots(self):
        message = b"Subject: x\n\n.hidden\n.\nrest\n"
        self.assertEqual(self.send(["b@example.org"], message), EX_OK)
        self.assertTrue(self.server.data.endswith(b"\r\n\r\n..hidden\r\n"))
        for flag in (["-i"], ["-oi"], ["-o", "i"], ["-oi", "-oem"], ["-O", "IgnoreDots=true"]):
            self.assertEqual(self.send(flag + ["b@example.org"], message), EX_OK)
            self.assertTrue(self.server.data.endswith(b"..hidden\r\n..\r\nrest\r\n"))

    def test_null_sender(self):
        for sender in (["-f", ""], ["-f<>"], ["-r", "<>"]):
            self.assertEqual(self.send(sender + ["--", "b@example.org"]), EX_OK)
            self.assertTrue(self.command("MAIL")[0].startswith("MAIL FROM:<> "))

    def test_local_names_are_qualified(self):
        self.assertEqual(self.send(["-froot", "someone"]), EX_OK)
        self.assertRegex(self.command("RCPT")[0], r"^RCPT TO:<someone@[^>]+>$")
        self.assertRegex(self.command("MAIL")[0], r"^MAIL FROM:<root@[^>]+> ")

    def test_eight_bit_and_utf8(self):
        message = "Subject: x\n\nü\n".encode()
        self.assertEqual(self.send(["-f", "a@example.org", "ü@example.org"], message), EX_OK)
        self.assertTrue(self.command("MAIL")[0].endswith(" BODY=8BITMIME SMTPUTF8"))
        self.assertIn("ü".encode(), self.server.data)

    def test_dsn(self):
        flags = ["-N", "failure,delay", "-Rhdrs", "-V", "id1", "-f", "a@example.org"]
        self.assertEqual(self.send(flags + ["b@example.org"]), EX_OK)
        self.assertTrue(self.command("MAIL")[0].endswith(" RET=hdrs ENVID=id1"))
        self.assertEqual(self.command("RCPT"), ["RCPT TO:<b@example.org> NOTIFY=failure,delay"])
        self.assertEqual(self.send(flags + ["b@example.org"], server=Server(ehlo=())), EX_OK)
        self.assertEqual(self.command("MAIL"), ["MAIL FROM:<a@example.org>"])

    def test_full_name(self):
        self.assertEqual(self.send(["-F", 'The "One"', "-f", "a@example.org", "b@c"]), EX_OK)
        self.assertEqual(self.header("From"), [b'"The \\"One\\"" <a@example.org>'])

    def test_no_header_at_all(self):
        self.assertEqual(self.send(["b@example.org"], b"just text\n"), EX_OK)
        self.assertTrue(self.server.data.endswith(b"\r\n\r\njust text\r\n"))
        self.assertEqual(self.send(["b@example.org"], b""), EX_OK)
        self.assertTrue(self.server.data.endswith(b"\r\n\r\n"))

    def test_statuses(self):
        cases = [
            ({"RCPT": "550 5.1.1 no"}, EX_NOUSER), ({"RCPT": "553 5.6.7 no"}, EX_DATAERR),
            ({"RCPT": "452 4.5.3 many"}, EX_TEMPFAIL), ({"MAIL": "501 5.1.7 no"}, EX_DATAERR),
            ({"MAIL": "421 4.3.2 later"}, EX_TEMPFAIL), ({"DATA": "452 later"}, EX_TEMPFAIL),
            ({"END": "554 5.6.0 no"}, EX_DATAERR), ({"END": "451 4.3.0 later"}, EX_TEMPFAIL),
            ({"END": "CLOSE"}, EX_TEMPFAIL), ({"MAIL": "CLOSE"}, EX_TEMPFAIL),
            ({"GREETING": "554 no"}, EX_TEMPFAIL), ({"EHLO": "500 no"}, EX_TEMPFAIL),
            ({"GREETING": "nonsense"}, EX_TEMPFAIL),
        ]
        for replies, status in cases:
            with self.subTest(replies=replies):
                code = self.send(["b@example.org", "c@example.org"], server=Server(replies))
                self.assertEqual(code, status)
                self.assertNotEqual(self.errors, "")

    def test_usage(self):
        for arguments in ([], ["-bp"], ["-bd"], ["-f"], ["-y", "b@c"]):
            self.assertEqual(self.send(arguments), EX_USAGE, arguments)
        self.assertEqual(self.send(["-t"], b"Subject: x\n\n"), EX_USAGE)
        self.assertEqual(self.send(["a b@c"]), EX_DATAERR)
        self.assertEqual(self.send(["-f", "a@@b", "b@c"]), EX_DATAERR)
        self.assertEqual(self.send(["b@c"], b"a\0b\n"), EX_DATAERR)

    def test_ignored_flags(self):
        flags = ["-G", "-Ac", "-B8BITMIME", "-h", "3", "-L", "tag", "-oem", "-odb", "-bm", "-n",
                 "-m", "-O", "DeliveryMode=b", "-U", "-X", "/nonexistent"]
        self.assertEqual(self.send(flags + ["b@example.org"]), EX_OK)
        self.assertEqual(self.command("RCPT"), ["RCPT TO:<b@example.org>"])

    def test_nobody_there(self):
        server = Server()
        os.unlink(server.path)
        self.assertEqual(self.send(["b@example.org"], server=server), EX_TEMPFAIL)
        self.assertIn(server.path, self.errors)

    def test_configuration_of_environment(self):
        server = Server()
        run = subprocess.run([SENDMAIL, "b@example.org"], input=b"x\n", timeout=30,
                             env={**os.environ, "POSTRIDER_CONFIG": server.config})
        server.close()
        self.assertEqual(run.returncode, EX_OK)

    def test_smtp_on_standard_input(self):
        script = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@c>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
        self.assertEqual(self.send(["-bs"], script), EX_OK)
        self.assertEqual(self.server.data, b"x\r\n")
        self.assertTrue(self.output.startswith(b"220 test\r\n250-test\r\n"))
        self.assertTrue(self.output.endswith(b"250 2.0.0 queued\r\n250 ok\r\n"))

    def test_large(self):
        body = b"".join(b".line %d\n" % i for i in range(50000))
        self.assertEqual(self.send(["-i", "b@c.example"], b"Subject: x\n\n" + body), EX_OK)
        self.assertEqual(self.server.data.split(b"\r\n\r\n", 1)[1],
                         body.replace(b"\n", b"\r\n").replace(b".line", b"..line"))


if __name__ == "__main__":
    unittest.main()

"""How mail comes in: SMTP on both sockets, and sendmail's command line."""
import re
import socket

import pytest

SENDER = "bounces@sender.plain.lab"


@pytest.fixture
def rider(lab):
    """One that keeps all it gets."""
    return lab.rider({"worker.count": 0})


@pytest.mark.parametrize("tcp", [False, True])
def test_conversation(rider, tcp):
    with rider.submitter(tcp) as client:
        assert client.greeting.code == 220 and rider.settings["server.hostname"] in str(
            client.greeting)
        assert client.ask("MAIL FROM:<a@b.lab>").code == 503
        extensions = {line.split()[0] for line in client.hello().lines[1:]}
        assert {"PIPELINING", "SIZE", "8BITMIME", "CHUNKING"} <= extensions
        assert client.ask("RCPT TO:<a@b.lab>").code == 503
        assert client.ask("DATA").code == 503
        assert client.ask("MAIL FROM:<a@b.lab> SIZE=100 BODY=8BITMIME").code == 250
        assert client.ask("MAIL FROM:<a@b.lab>").code == 503
        assert client.ask("DATA").code in (503, 554)
        assert client.ask("RCPT TO:<not an address>").code in (501, 553)
        assert client.ask("RCPT TO:<c@d.lab>").code == 250
        assert client.ask("RSET").code == 250
        assert client.ask("RCPT TO:<c@d.lab>").code == 503
        assert client.ask("NOOP").code == 250
        assert client.ask("FROB").code in (500, 502)
        assert client.ask("MAIL FROM:<a@b.lab> SIZE=99999999999").code == 552
        reply = client.message("", ["c@d.lab"], b"Subject: x\r\n\r\ntext\r\n")
        assert reply.code == 250 and re.search(r"queued as \d+", str(reply))
        assert client.ask("QUIT").code == 221
        assert client.socket.recv(10) == b""
    assert rider.sql("SELECT sender FROM message") == [("",)]


def test_helo(rider):
    with rider.submitter() as client:
        assert len(client.ask("HELO client.lab").lines) == 1
        assert client.message(SENDER, ["c@d.lab"], b"x\r\n").code == 250


def test_pipelining(rider):
    """One packet with three messages; the answers in order."""
    one = (b"MAIL FROM:<a@b.lab>\r\nRCPT TO:<c@d.lab>\r\nRCPT TO:<@>\r\nDATA\r\n")
    with rider.submitter() as client:
        client.hello()
        client.say(one)
        assert [client.hear().code for _ in range(2)] == [250, 250]
        assert client.hear().code >= 500
        assert client.hear().code == 354
        client.say(b"first\r\n.\r\n" + b"MAIL FROM:<a@b.lab>\r\nRCPT TO:<c@d.lab>\r\n"
                   b"BDAT 8 LAST\r\nsecond\r\nNOOP\r\nQUIT\r\n")
        assert [client.hear().code for _ in range(6)] == [250, 250, 250, 250, 250, 221]
    assert rider.sql("SELECT count(*) FROM message") == [(2,)]


def test_only_crlf_dot_crlf_ends_the_message(lab):
    """Nothing that others take for an end is one: no second message hides in a first."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider({"submit.bare-newline": "repair"})
    evil = b"MAIL FROM:<evil@x.lab>\r\nRCPT TO:<evil@x.lab>\r\nDATA\r\n"
    ends = (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r.\r")
    with rider.submitter() as client:
        client.hello()
        for end in ends:
            assert client.ask(f"MAIL FROM:<{SENDER}>").code == 250
            assert client.ask(f"RCPT TO:<user@{domain}>").code == 250
            assert client.ask("DATA").code == 354
            client.say(b"Subject: x\r\n\r\nstart" + end + evil + b"end\r\n.\r\n")
            assert client.hear().code == 250
        assert client.ask("NOOP").code == 250
    rider.wait_record(len(ends), event="delivered")
    assert len(sink.messages) == len(ends)
    for message in sink.messages:
        assert message.rcpts == [f"user@{domain}"]
        assert b"MAIL FROM:<evil@x.lab>" in message.body and message.body.endswith(b"end\r\n")
        rest = message.body.replace(b"\r\n", b"")
        assert b"\r" not in rest and b"\n" not in rest


def test_bare_newline_refused(lab):
    rider = lab.rider({"worker.count": 0, "submit.bare-newline": "refuse"})
    with rider.submitter() as client:
        client.hello()
        reply = client.message(SENDER, ["c@d.lab"], b"Subject: x\r\n\r\nbare\nnewline\r\n")
        assert 500 <= reply.code < 600
        assert client.message(SENDER, ["c@d.lab"], b"Subject: x\r\n\r\nfine\r\n").code == 250
    assert rider.sql("SELECT count(*) FROM message") == [(1,)]


def test_broken_off(rider):
    """A client that leaves in the middle leaves nothing behind."""
    with rider.submitter() as client:
        client.hello()
        client.envelope(SENDER, ["c@d.lab"])
        assert client.ask("DATA").code == 354
        client.say(b"half of it")
    rider.inject(SENDER, "c@d.lab")
    assert rider.sql("SELECT count(*) FROM message") == [(1,)]


def test_chunks(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    parts = [b"Subject: x\r\n\r\n", b"a" * 70000, b"\r", b"\n.\r\n", b"", b"z" * 300000 + b"\r\n"]
    with rider.submitter() as client:
        client.hello()
        client.envelope(SENDER, [f"user@{domain}"])
        assert client.bdat(*parts).code == 250
    message, = sink.wait_messages(1)
    assert message.content == b"".join(parts)


def test_limits(lab):
    rider = lab.rider({"worker.count": 0, "submit.max-size": "20kb", "submit.max-recipients": 3})
    with rider.submitter() as client:
        client.hello()
        assert client.message(SENDER, ["c@d.lab"], (b"x" * 78 + b"\r\n") * 1000).code == 552
        codes = [reply.code for reply in client.envelope(SENDER, [f"u{i}@d.lab" for i in range(4)])]
        assert codes == [250, 250, 250, 250, 452]
        assert client.data(b"x\r\n").code == 250
    assert rider.sql("SELECT recipients FROM v_message") == [(3,)]


def test_no_room(lab):
    """452 as long as less is free than is to stay free; nothing is half accepted."""
    rider = lab.rider({"worker.count": 0, "spool.min-free": "100000gb"})
    with rider.submitter() as client:
        client.hello()
        reply = client.message(SENDER, ["c@d.lab"], b"Subject: x\r\n\r\n")
        assert reply.code == 452, reply
    assert rider.sql("SELECT count(*) FROM message") == [(0,)]
    assert rider.sendmail("-f", SENDER, "c@d.lab").status == 75
    rider.wait_log("short of space")
    rider.write({"spool.min-free": "1mb"})
    rider.reload()
    rider.until(lambda: rider.sendmail("-f", SENDER, "c@d.lab").status == 0, "room again")


def test_strangers(lab):
    """Who may submit by TCP is a list of networks."""
    rider = lab.rider({"worker.count": 0, "submit.listen": ["127.0.0.1:2525", "192.0.2.2:2525"]})
    with socket.create_connection(("192.0.2.2", 2525), 10, ("192.0.2.3", 0)) as stranger:
        stranger.settimeout(10)
        said = stranger.recv(1000)
    assert said == b"" or said[:1] in b"45"
    rider.write({"submit.networks": ["192.0.2.3/32"]})
    rider.reload()

    def welcome():
        with socket.create_connection(("192.0.2.2", 2525), 10, ("192.0.2.3", 0)) as friend:
            friend.settimeout(10)
            return friend.recv(1000).startswith(b"220")
    rider.until(welcome, "a greeting")


# postrider-sendmail

def test_sendmail(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    answer = rider.sendmail("-i", "-f", SENDER, f"a@{domain}", f"b@{domain}",
                            body=b"Subject: x\n\n.\n..\nlast line without end")
    assert answer.status == 0, answer
    message, = sink.wait_messages(1)
    assert (message.sender, message.rcpts) == (SENDER, [f"a@{domain}", f"b@{domain}"])
    head, text = message.content.split(b"\r\n\r\n", 1)
    assert b"Subject: x" in head.split(b"\r\n")
    assert text == b".\r\n..\r\nlast line without end\r\n"


def test_sendmail_dot_ends_without_i(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    body = b"Subject: x\n\none\n.\ntwo\n"
    assert rider.sendmail("-f", SENDER, f"a@{domain}", body=body).status == 0
    assert b"two" not in sink.wait_messages(1)[0].body


def test_sendmail_recipients_from_the_header(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    body = (f"From: Somebody <from@{domain}>\nTo: A Name <a@{domain}>,\n b@{domain}\n"
            f"Cc: \"Quoted, Name\" <c@{domain}>\nBcc: hidden@{domain}\nSubject: x\n\ntext\n")
    answer = rider.sendmail("-t", "-f", SENDER, body=body.encode())
    assert answer.status == 0, answer
    message, = sink.wait_messages(1)
    assert sorted(message.rcpts) == [f"{u}@{domain}" for u in ("a", "b", "c", "hidden")]
    assert b"hidden@" not in message.body


def test_sendmail_eight_bit(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    body = "Subject: x\n\ngrüße\n".encode()
    assert rider.sendmail("-f", SENDER, f"a@{domain}", body=body).status == 0
    message, = sink.wait_messages(1)
    assert "grüße\r\n".encode() in message.body and "BODY=8BITMIME" in message.mail


@pytest.mark.parametrize("words, status", [
    (["-f", SENDER], 64),                      # nobody to send to
    (["--frobnicate"], 64),
    (["-f", SENDER, "not an address@"], 65),
    (["-f", "not an address@", "a@b.lab"], 65),
])
def test_sendmail_says_what_is_wrong(rider, words, status):
    answer = rider.sendmail(*words)
    assert answer.status in (status, 65 if status == 64 else 67), answer
    assert answer.err.strip()
    assert rider.sql("SELECT count(*) FROM message") == [(0,)]


def test_sendmail_without_a_daemon(lab):
    rider = lab.rider(start=False)
    answer = rider.sendmail("-f", SENDER, "a@b.lab")
    assert answer.status == 75 and answer.err.strip()

"""Messages arrive, recipient by recipient and byte by byte, or it is said why not."""
import hashlib
import random

import pytest

from sink import TRACE

SENDER = "bounces@sender.plain.lab"


def test_one_recipient(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider({"queue.outbound.hostname": "'mail.sender.plain.lab'"})
    number = rider.inject(SENDER, f"user@{domain}", b"Subject: one\r\n\r\ntext\r\n")
    message, = sink.wait_messages(1)
    assert (message.sender, message.rcpts) == (SENDER, [f"user@{domain}"])
    assert message.body.endswith(b"Subject: one\r\n\r\ntext\r\n")
    assert message.session.ehlo == "mail.sender.plain.lab"
    line, = rider.wait_record(event="delivered")
    assert line["message"] == number
    assert line["sender"] == SENDER and line["rcpt"] == f"user@{domain}"
    assert line["domain"] == domain and line["retry_num"] == 0
    assert line["host"] == f"mx1.{domain}" and line["remote_ip"] == sink.addresses[0]
    assert line["port"] == 25 and line["source_ip"] == message.session.peer
    assert line["ehlo"] == "mail.sender.plain.lab"
    assert line["code"] == 250 and line["enhanced"] == "2.0.0" and "kept" in line["reply"]
    assert line["size"] == len(message.body)
    assert line["session"] > 0 and line["reused"] is False
    assert set(line["delays"]) == {"queue", "schedule", "connect", "transfer"}
    assert all(0 <= delay < 10 for delay in line["delays"].values())
    assert "next_attempt" not in line
    rider.wait_empty()


def test_several_recipients_of_one_domain_share_a_transaction(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rcpts = [f"user{i}@{domain}" for i in range(30)]
    rider = lab.rider()
    rider.inject(SENDER, rcpts)
    rider.wait_record(30, event="delivered")
    message, = sink.messages
    assert message.rcpts == rcpts
    assert sorted(line["rcpt"] for line in rider.record()) == sorted(rcpts)


def test_more_recipients_than_one_job_carries(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rcpts = [f"user{i}@{domain}" for i in range(250)]
    rider = lab.rider()
    rider.inject(SENDER, rcpts)
    rider.wait_record(250, event="delivered")
    got = [rcpt for message in sink.messages for rcpt in message.rcpts]
    assert sorted(got) == sorted(rcpts)
    rider.wait_empty()


def test_several_domains(lab):
    sinks = [lab.sink() for _ in range(3)]
    domains = [lab.domain(f"d{i}", sink) for i, sink in enumerate(sinks)]
    rider = lab.rider()
    rider.inject(SENDER, [f"{user}@{domain}" for user in "ab" for domain in domains])
    rider.wait_record(6, event="delivered")
    for sink, domain in zip(sinks, domains):
        message, = sink.messages
        assert message.rcpts == [f"a@{domain}", f"b@{domain}"]
    assert len({message.sha256 for sink in sinks for message in sink.messages}) == 1
    rider.wait_empty()


def test_null_sender(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    rider.inject("", f"user@{domain}")
    assert sink.wait_messages(1)[0].sender == ""


@pytest.mark.parametrize("extensions", ["", "PIPELINING", "PIPELINING,CHUNKING"])
def test_recipients_refused_one_by_one(lab, extensions):
    sink = lab.sink(extensions={name: "" for name in extensions.split(",") if name})
    domain = lab.domain("one", sink)
    sink.refuse_rcpt(f"gone@{domain}", "550 5.1.1 no such user")
    sink.refuse_rcpt(f"full@{domain}", "552 5.2.2 over quota")
    sink.refuse_rcpt(f"later@{domain}", "450 4.2.1 greylisted", times=1)
    rider = lab.rider()
    rider.inject(SENDER, [f"{user}@{domain}" for user in ("a", "gone", "later", "full", "b")])
    rider.wait_record(3, event="delivered", seconds=20)
    assert [sorted(m.rcpts) for m in sink.messages] == [[f"a@{domain}", f"b@{domain}"],
                                                        [f"later@{domain}"]]
    gone, = rider.record(rcpt=f"gone@{domain}")
    assert (gone["event"], gone["step"], gone["code"], gone["enhanced"]) == (
        "bounced", "rcpt-to", 550, "5.1.1")
    assert "no such user" in gone["reply"] and gone["local"] is False
    full, = rider.record(rcpt=f"full@{domain}")
    assert (full["event"], full["code"], full["enhanced"]) == ("bounced", 552, "5.2.2")
    deferred, delivered = rider.record(rcpt=f"later@{domain}")
    assert (deferred["event"], deferred["code"], deferred["retry_num"]) == ("deferred", 450, 0)
    assert (delivered["event"], delivered["retry_num"]) == ("delivered", 1)
    assert deferred["next_attempt"] > deferred["time"]


def test_everybody_refused(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    sink.reply("RCPT", "550 5.7.1 go away")
    rider = lab.rider()
    rider.inject(SENDER, [f"a@{domain}", f"b@{domain}"])
    rider.wait_record(2, event="bounced", code=550, step="rcpt-to")
    rider.wait_empty()
    assert not sink.messages


@pytest.mark.parametrize("step, word", [("MAIL", "mail-from"), ("RCPT", "rcpt-to"),
                                        ("DATA", "data"), ("DOT", "end-of-data")])
@pytest.mark.parametrize("chunking", [True, False])
def test_temporary_then_delivered(lab, step, word, chunking):
    sink = lab.sink()
    if not chunking:
        sink.without("CHUNKING")
    elif step == "DATA":
        pytest.skip("BDAT LAST has one answer only")
    domain = lab.domain("one", sink)
    sink.tempfail(step, 1, "451 4.7.1 not yet")
    rider = lab.rider()
    number = rider.inject(SENDER, f"user@{domain}")
    first, = rider.wait_record(event="deferred")
    assert (first["step"], first["code"], first["enhanced"]) == (word, 451, "4.7.1")
    assert first["retry_num"] == 0 and first["message"] == number
    assert first["next_attempt"] > first["time"]
    second, = rider.wait_record(event="delivered")
    assert second["retry_num"] == 1 and second["delivery"] == first["delivery"]
    assert second["time"] >= first["next_attempt"][:19]
    assert set(second["delays"]) == {"queue", "schedule", "connect", "transfer"}
    rider.wait_empty()
    assert len(sink.messages) == 1


@pytest.mark.parametrize("step, word", [("MAIL", "mail-from"), ("DATA", "data"),
                                        ("DOT", "end-of-data")])
def test_permanent(lab, step, word):
    sink = lab.sink()
    sink.without("CHUNKING")
    domain = lab.domain("one", sink)
    sink.reply(step, "554 5.7.1 not wanted")
    rider = lab.rider()
    rider.inject(SENDER, [f"a@{domain}", f"b@{domain}"])
    for line in rider.wait_record(2, event="bounced"):
        assert (line["step"], line["code"], line["enhanced"]) == (word, 554, "5.7.1")
    rider.wait_empty()
    assert not rider.record(event="deferred")


def test_schedule_walks_through_its_list(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    sink.tempfail("RCPT", times=3)
    rider = lab.rider({"queue.schedule.retry": "[1s, 1s, 2s]"})
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(event="delivered", retry_num=3)
    assert [line["retry_num"] for line in rider.record(event="deferred")] == [0, 1, 2]


# Bytes.

def eighty(size, seed=1):
    """So many bytes of lines of printable text, CRLF at the end."""
    rng = random.Random(seed)
    line = bytes(rng.randrange(33, 126) for _ in range(78)) + b"\r\n"
    return (line * (size // 80 + 1))[:size - 2] + b"\r\n" if size > 2 else b"x" * size


HEAD = b"Subject: bytes\r\n\r\n"
BODIES = {
    "1B": b"x",
    "10KiB": eighty(10 * 1024),
    "100KiB": eighty(100 * 1024),
    "300KiB": eighty(300 * 1024),
    "10MiB": eighty(10 * 1024 * 1024),
    "dots": HEAD + b".\r\n..\r\n...\r\n.x\r\nx.\r\n\r\n.\r\n" * 3000,
    "first-dot": b".\r\n",
    "8bit": HEAD + bytes(b for b in range(128, 256)) * 500 + b"\r\n",
    "no-final-newline": HEAD + b"the end",
    "final-dot": HEAD + b".",
    "long-line": HEAD + b"y" * 100000 + b"\r\n",
}
WAYS = {"bdat": (), "data": ("CHUNKING",), "plain": ("CHUNKING", "PIPELINING")}


def expected(body):
    """The stored form: lines end with CRLF, so does the message."""
    return body if body.endswith(b"\r\n") else body + b"\r\n"


@pytest.mark.parametrize("way", WAYS)
def test_byte_for_byte(lab, way):
    """Every body, submitted with DATA and with BDAT, delivered in this way as it is stored."""
    sink = lab.sink()
    sink.without(*WAYS[way])
    domain = lab.domain("one", sink)
    rider = lab.rider({"worker.count": 0})
    wanted = {}
    for name, body in BODIES.items():
        for chunks in (False, True):
            rcpt = f"{name}-{chunks}@{domain}".lower()
            stored = rider.stored(rider.inject(SENDER, rcpt, body, chunks=chunks))
            assert TRACE.sub(b"", stored, 1) == expected(body), f"{rcpt} is stored changed"
            wanted[rcpt] = hashlib.sha256(stored).hexdigest()
    assert rider.stop() == 0
    rider.write({"worker.count": 2})
    rider.start()
    rider.wait_record(len(wanted), event="delivered", seconds=40)
    got = {message.rcpts[0].lower(): message.sha256 for message in sink.messages}
    changed = [rcpt for rcpt in wanted if got.get(rcpt) != wanted[rcpt]]
    assert not changed, f"these arrived changed: {changed}"
    assert len(sink.messages) == len(wanted)
    # Where it saves nothing, DATA is as good as BDAT.
    assert any(message.chunked for message in sink.messages) == (way == "bdat")
    for message in sink.messages:
        eight = message.rcpts[0].lower().startswith("8bit")
        assert ("BODY=8BITMIME" in message.mail) == eight, message.mail
        assert f"SIZE={len(message.body)}" in message.mail
    rider.wait_empty()


def test_message_larger_than_the_peer_takes(lab):
    sink = lab.sink()
    sink.extensions["SIZE"] = "20000"
    domain = lab.domain("one", sink)
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}", eighty(100 * 1024))
    line, = rider.wait_record(event="bounced")
    assert line["enhanced"] == "5.3.4"
    assert not sink.commands("MAIL")


def test_postfix_receives(lab):
    """smtp-sink is a server that is not ours."""
    server, address = lab.smtp_sink()
    domain = lab.domain("one", address)
    rider = lab.rider()
    bodies = {"text": b"Subject: x\r\n\r\n.dot\r\n..\r\n", "large": eighty(300 * 1024),
              "many": b"Subject: y\r\n\r\n" + eighty(20000)}
    for name, body in bodies.items():
        rider.inject(SENDER, [f"{name}@{domain}", f"copy@{domain}"], body)
    rider.wait_record(6, event="delivered")
    got = {rcpts[0]: content for sender, rcpts, content in server.wait_messages(3)
           if sender == SENDER and rcpts[1] == f"copy@{domain}"}
    for name, body in bodies.items():
        content = got[f"{name}@{domain}"].replace(b"\n", b"\r\n")
        assert TRACE.sub(b"", content, 1) == body


def test_sessions_are_used_again(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider({"worker.count": 0})
    for i in range(40):
        rider.inject(SENDER, f"u{i}@{domain}")
    rider.write({"worker.count": 1, "queue.outbound.connection.max-sessions": "2"})
    rider.reload()
    lines = rider.wait_record(40, event="delivered")
    assert len(sink.sessions) == 2
    assert sum(not line["reused"] for line in lines) == 2
    assert len({line["session"] for line in lines}) == 2
    assert not sink.commands("RSET")


def test_hundreds_of_messages(lab):
    """Everything arrives once, whatever session it took."""
    sink = lab.sink()
    domains = [lab.domain(f"d{i}", sink) for i in range(5)]
    rider = lab.rider({"worker.count": 2})
    with rider.submitter() as client:
        client.hello()
        for i in range(300):
            body = b"Subject: %d\r\n\r\n%d\r\n" % (i, i)
            assert client.message(SENDER, [f"u{i}@{domains[i % 5]}"], body).code == 250
    rider.wait_record(300, event="delivered", seconds=30)
    assert sorted(m.rcpts[0] for m in sink.messages) == sorted(
        f"u{i}@{domains[i % 5]}" for i in range(300))
    for message in sink.messages:
        number = message.rcpts[0][1:].split("@")[0].encode()
        assert message.body.endswith(b"\r\n\r\n" + number + b"\r\n")
    rider.wait_empty()

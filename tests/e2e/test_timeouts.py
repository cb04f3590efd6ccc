"""Each phase of an attempt has a limit of its own, and only that one ends it."""
import time

import pytest

from sink import EXTENSIONS

SENDER = "bounces@sender.plain.lab"
LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcdef" * 1024 * 1024 + b"\r\n"
# The setting, where the server stalls, the word of the record, what is wanted of the server.
PHASES = [
    ("greeting", "CONNECT", "greeting", None),
    ("ehlo", "EHLO", "ehlo", None),
    ("ehlo", "HELO", "ehlo", "no EHLO"),
    ("mail-from", "MAIL", "mail-from", None),
    ("mail-from", "MAIL", "mail-from", "PIPELINING"),
    ("rcpt-to", "RCPT", "rcpt-to", None),
    ("rcpt-to", "RCPT", "rcpt-to", "PIPELINING"),
    ("data", "DATA", "data", None),
    ("data", "BODY", "message", None),
    ("data", "BODY", "message", "CHUNKING"),
    ("data", "DOT", "end-of-data", None),
    ("data", "DOT", "end-of-data", "CHUNKING"),
]


def stalling(lab, step, wish):
    names = {"PIPELINING": {"PIPELINING"}, "CHUNKING": {"PIPELINING", "CHUNKING"}}.get(wish, set())
    bad = lab.sink(extensions={k: v for k, v in EXTENSIONS.items()
                               if k in names or k not in ("PIPELINING", "CHUNKING")})
    if wish == "no EHLO":
        bad.reply("EHLO", "502 5.5.1 what?")
    return bad


@pytest.mark.parametrize("setting, step, word, wish", PHASES)
def test_phase(lab, setting, step, word, wish):
    """One second is one second, whether nothing comes or too little, and nobody else waits."""
    ways = ["stall"] + ["drip"] * (step != "BODY")
    bad = {way: stalling(lab, step, wish) for way in ways}
    domains = {way: lab.domain(way, sink) for way, sink in bad.items()}
    good, others = lab.sink(), lab.name("good")
    lab.dns.mx(f"*.{others}", [f"mx.{others}"])
    lab.dns.a(f"mx.{others}", *good.addresses)
    for way, sink in bad.items():
        getattr(sink, way)(step)
    rider = lab.rider({f"queue.outbound.timeouts.{setting}": "1s",
                       "queue.outbound.connection.max-messages": "1",
                       "queue.schedule.retry": "[1h]", "worker.count": 1})
    number = rider.inject(SENDER, [f"user@{domain}" for domain in domains.values()],
                          LARGE if step == "BODY" else b"x\r\n")
    for sink in bad.values():
        sink.wait_stalled(1, step)
    began = time.monotonic()
    rider.inject(SENDER, [f"u@{i}.{others}" for i in range(64)])
    good.wait_messages(64, seconds=5)
    taken = time.monotonic() - began
    rider.wait_record(len(ways), event="deferred")
    rows = rider.cli("show", str(number)).rows
    for way, sink in bad.items():
        ends_in_time(rider, rows, domains[way], sink, word)
    delivered = rider.record(event="delivered")
    assert len(delivered) == 64 and len(good.sessions) == 64
    slowest = max(one["delays"]["connect"] + one["delays"]["transfer"] for one in delivered)
    assert slowest < 0.9 and taken < 2, (slowest, taken)


def ends_in_time(rider, rows, domain, sink, word):
    line, = rider.record(domain=domain)
    session, = sink.sessions
    assert (line["event"], line["step"], line["local"]) == ("deferred", word, False), line
    assert line["enhanced"].startswith("4.4.") and "timed out" in line["reply"]
    assert line.get("unknown_outcome", False) == (word == "end-of-data")
    assert 0.9 <= line["delays"]["connect"] + line["delays"]["transfer"] <= 2, line
    if session.stalled_at != "BODY":
        sink.wait(lambda: session.ended, "the end of the session")
        assert 0.9 <= session.ended - session.stalled_since <= 2
    row, = [row for row in rows if row["table"] == "delivery" and row["domain"] == domain]
    assert row["last_step"] == word and "timed out" in row["last_reply"]
    attempt, = [one for one in rows
                if one["table"] == "attempt" and one["delivery_id"] == row["delivery_id"]]
    assert attempt["step"] == word
    assert attempt["hosts"].count(f"mx1.{domain}[{sink.addresses[0]}]:25: {word}: ") == 1


def test_connect(lab):
    silent = lab.silent(lab.address())
    domain = lab.domain("bad", silent.addresses[0])
    rider = lab.rider({"queue.outbound.timeouts.connect": "1s"})
    number = rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(retry_num=0)
    assert (line["event"], line["step"], line["enhanced"]) == ("deferred", "connect", "4.4.1")
    assert "timed out" in line["reply"]
    assert 0.9 <= line["delays"]["connect"] + line["delays"]["transfer"] <= 2, line
    attempt = [row for row in rider.cli("show", str(number)).rows if row["table"] == "attempt"][0]
    assert attempt["step"] == "connect"


@pytest.mark.parametrize("setting", ["tls", "mta-sts"])
def test_settings_without_a_phase_yet(lab, setting):
    """Sessions are in clear text so far: the value is read, and shown."""
    domain = lab.domain("one", lab.sink())
    rider = lab.rider({f"queue.outbound.timeouts.{setting}": "1s"})
    assert rider.cli("check", json_rows=False).status == 0
    rider.wait_generation(1)
    if setting == "tls":
        rows = rider.cli("explain", f"user@{domain}").rows
        assert [row["value"] for row in rows if row["step"].endswith("timeouts.tls")] == ["1s"]


def test_each_recipient_has_its_own_time(lab):
    """Slow is not stalled: many replies, each within its limit, longer together than one."""
    sink = lab.sink(extensions={})
    domain = lab.domain("one", sink)
    rider = lab.rider({"queue.outbound.timeouts.rcpt-to": "1s"})
    sink.stall("RCPT", times=3)
    rider.inject(SENDER, [f"u{i}@{domain}" for i in range(3)])
    began = None
    for i in range(3):
        session, = sink.wait_stalled(1, "RCPT")
        began = began or session.stalled_since
        rider.until(lambda s=session: time.monotonic() - s.stalled_since > 0.6, "more than half")
        count = len(session.commands)
        sink.let_go()
        sink.wait(lambda s=session, c=count: len(s.commands) > c, "the next command")
    rider.wait_record(3, event="delivered")
    assert sink.messages[0].session.stalled_since - began >= 1.1


@pytest.mark.parametrize("step, word", [("CONNECT", "greeting"), ("RCPT", "rcpt-to"),
                                        ("DOT", "end-of-data")])
def test_cap_of_the_attempt(lab, step, word):
    """All hosts together have no more than this; the limits of the phases are longer."""
    hosts = [lab.sink() for _ in range(3)]
    domain = lab.domain("bad", *hosts)
    for sink in hosts:
        sink.stall(step)
    rider = lab.rider({"queue.outbound.timeouts.attempt": "1s", "queue.schedule.retry": "[1h]"})
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record()
    assert (line["event"], line["step"]) == ("deferred", word), line
    assert 0.9 <= line["delays"]["connect"] + line["delays"]["transfer"] <= 2
    assert [len(sink.sessions) for sink in hosts] == [1, 0, 0]


def test_cap_over_several_hosts(lab):
    hosts = [lab.sink() for _ in range(5)]
    domain = lab.domain("bad", *hosts)
    for sink in hosts:
        sink.stall("CONNECT")
    rider = lab.rider({"queue.outbound.timeouts.attempt": "2s",
                       "queue.outbound.timeouts.greeting": "800ms",
                       "queue.schedule.retry": "[1h]"})
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record()
    assert line["event"] == "deferred" and line["step"] == "greeting"
    assert [len(sink.sessions) for sink in hosts] == [1, 1, 1, 0, 0]


def test_cap_while_connecting(lab):
    silent = [lab.silent(lab.address()) for _ in range(2)]
    domain = lab.domain("bad", *[one.addresses[0] for one in silent])
    rider = lab.rider({"queue.outbound.timeouts.attempt": "1s", "queue.schedule.retry": "[1h]"})
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record()
    assert (line["event"], line["step"]) == ("deferred", "connect")
    assert 0.9 <= line["delays"]["connect"] + line["delays"]["transfer"] <= 2


def test_timeouts_follow_the_host(lab):
    """An expression with mx and remote_ip decides for each address anew."""
    slow, last = lab.sink(), lab.sink()
    domain = lab.domain("one", slow, last)
    slow.stall("CONNECT")
    last.stall("EHLO")
    rider = lab.rider({"queue.schedule.retry": "[1h]"}, f"""
[[queue.outbound.timeouts.greeting]]
if = "mx == 'mx1.{domain}'"
then = "300ms"
[[queue.outbound.timeouts.greeting]]
else = "1m"
[[queue.outbound.timeouts.ehlo]]
if = "remote_ip == '{last.addresses[0]}' && local_ip != ''"
then = "400ms"
[[queue.outbound.timeouts.ehlo]]
else = "1m"
""", start=False)
    for name in ("greeting", "ehlo"):
        rider.settings.pop(f"queue.outbound.timeouts.{name}")
    rider.write()
    rider.start()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(seconds=5)
    assert line["event"] == "deferred"
    assert [len(slow.sessions), len(last.sessions)] == [1, 1]
    for sink, limit in ((slow, 0.3), (last, 0.4)):
        session, = sink.sessions
        sink.wait(lambda s=session: s.ended, "the end of the session")
        assert limit - 0.05 <= session.ended - session.stalled_since <= limit + 0.5

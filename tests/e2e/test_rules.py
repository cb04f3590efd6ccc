"""Rules of the transport settings, decided by the worker where each value is first known."""
import socket
import threading
import time

import pytest

from rider import SLOW

SENDER = "bounces@sender.plain.lab"
STRATEGY = "queue.outbound.ip-strategy"
FOUR, SIX = "192.0.2.10", "2001:db8::a"


def names_of(lab, hostname, settings=None, count=1, sender=SENDER, **more):
    """A message each for so many domains; the sink, the rider and the EHLO names in order."""
    sink = lab.sink(lab.address(), lab.address6())
    domain = lab.domain("one", sink.addresses[0])
    rider = lab.rider({"queue.outbound.hostname": hostname, **(settings or {})}, **more)
    for _ in range(count):
        rider.inject(sender, f"user@{domain}")
    rider.wait_record(count, event="delivered")
    return sink, rider, [message.session.ehlo for message in sink.messages]


def test_strategy_asks_dns(lab):
    """The published way to prefer version 6 where the mail host has it."""
    sink = lab.sink(lab.address(), lab.address6())
    both = lab.domain("both", sink)
    four = lab.domain("four", sink.addresses[0])
    rider = lab.rider(extra="""
[queue.outbound]
ip-strategy = [ { if = "is_empty(dns_query(mx, 'ipv6'))", then = "ipv4_only" },
                { else = "ipv6_only" } ]
""")
    rider.inject(SENDER, [f"user@{both}", f"user@{four}"])
    rider.wait_record(2, event="delivered")
    assert rider.record(domain=both)[0]["remote_ip"] == sink.addresses[1]
    assert rider.record(domain=four)[0]["remote_ip"] == sink.addresses[0]
    assert not rider.record(event="deferred")


@pytest.mark.parametrize("question, answer", [
    ("dns_query(rcpt_domain, 'mx')[0]", "mx1.{domain}"),
    ("'[' + dns_query(mx, 'ipv4')[0] + ']'", "[{address}]"),
    ("dns_query('name.' + rcpt_domain, 'txt')", "said.in.text"),
    ("'n' + count(dns_query('many.' + rcpt_domain, 'ipv4')) + '.lab'", "n3.lab"),
    ("if_then(is_empty(dns_query('never.' + rcpt_domain, 'ipv4')), 'none.lab', 'some.lab')",
     "none.lab"),
    ("dns_query('name.' + dns_query('zone.' + rcpt_domain, 'txt'), 'txt')", "said.in.text"),
])
def test_name_asks_dns(lab, question, answer):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    lab.dns.txt(f"name.{domain}", "said.in.text")
    lab.dns.txt(f"zone.{domain}", domain)
    lab.dns.a(f"many.{domain}", "192.0.2.1", "192.0.2.2", "192.0.2.3")
    rider = lab.rider({"queue.outbound.hostname": question})
    rider.inject(SENDER, f"user@{domain}")
    assert sink.wait_messages(1)[0].session.ehlo == answer.format(domain=domain,
                                                                  address=sink.addresses[0])


def test_name_by_reverse_dns(lab):
    """The name that the receiver will look up, whichever address was taken."""
    lab.dns.ptr("192.0.2.10", "ten.sender.plain.lab")
    lab.dns.ptr("192.0.2.11", "eleven.sender.plain.lab")
    sink, rider, names = names_of(lab, "dns_query(local_ip, 'ptr')[0]", {
        "queue.outbound.source-ip.v4": "['192.0.2.10', '192.0.2.11']",
        "queue.outbound.connection.max-messages": "1"}, count=16)
    wanted = {"192.0.2.10": "ten.sender.plain.lab", "192.0.2.11": "eleven.sender.plain.lab"}
    assert {session.peer: session.ehlo for session in sink.sessions} == wanted
    assert all(line["ehlo"] == wanted[line["source_ip"]] for line in rider.record())


def test_dns_that_fails_is_a_false_condition(lab):
    """And is said in the log; the message is delivered by the next rule."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    lab.dns.txt(f"loop.{domain}", "x")
    rider = lab.rider({"resolver.timeout": "300ms", "resolver.attempts": 1}, """
[queue.outbound]
hostname = [ { if = "dns_query('broken.bogus.lab', 'ipv4')[0] != ''", then = "'wrong.lab'" },
             { else = "'right.lab'" } ]
""")
    rider.inject(SENDER, f"user@{domain}")
    assert sink.wait_messages(1)[0].session.ehlo == "right.lab"


# A condition, and whether it holds for a message of 1,000 bytes and more from a@x.lab to
# user@{domain}, at its first attempt.
CONDITIONS = [
    ("retry_num == 0", True), ("retry_num > 0", False), ("retry_num=0", True),
    ("last_error == 'none'", True), ("mx == 'mx1.{domain}'", True),
    ("starts_with(mx, 'mx2')", False), ("rcpt_domain == '{domain}'", True),
    ("sender_domain == 'x.lab' && sender == 'a@x.lab'", True), ("sender == ''", False),
    ("local_ip == '" + FOUR + "'", True), ("contains(local_ip, ':')", False),
    ("remote_ip == '{address}'", True), ("remote_ip == local_ip", False),
    ("priority == 0", True), ("priority < 0", False), ("size > 1000", True),
    ("size > 2000", False), ("expires_in > 431990 && expires_in <= 432000", True),
    ("expires_in_ms > 5d", False), ("expires_in_ms > 4d23h", True),
    ("matches('^mx([0-9])[.]', mx) && $1 == '1'", True),
    ("rcpt == 'user@{domain}'", True), ("count(recipients) == 1", True),
]


def test_every_variable(lab):
    """All of them in one message: its EHLO name spells which conditions were true."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rules = [(text.replace("{domain}", domain).replace("{address}", sink.addresses[0]), true)
             for text, true in CONDITIONS]
    name = " + ".join(f"if_then({text}, 't', 'f')" for text, _ in rules)
    rider = lab.rider({"queue.outbound.hostname": f"{name} + '.lab'",
                       "queue.outbound.source-ip.v4": f"['{FOUR}']"})
    rider.inject("a@x.lab", f"user@{domain}", b"Subject: x\r\n\r\n" + b"\r\n" * 500)
    message, = sink.wait_messages(1)
    got = dict(zip([text for text, _ in rules], message.session.ehlo))
    assert got == {text: "t" if true else "f" for text, true in rules}


@pytest.mark.parametrize("trouble, word", [("refused", "connection"), ("451 RCPT", "unexpected-reply"),
                                           ("dns", "dns"), ("stall", "connection")])
def test_last_error(lab, trouble, word):
    """The second attempt knows how the first one ended."""
    sink, bad = lab.sink(), lab.sink()
    domain = lab.name("one")
    hosts = {"refused": [lab.address()], "dns": []}.get(trouble, bad.addresses)
    lab.dns.mx(domain, [f"mx.{domain}"])
    lab.dns.a(f"mx.{domain}", *hosts)
    if trouble == "dns":
        lab.dns.aaaa(f"mx.{domain}", "fe80::1")
    if trouble == "451 RCPT":
        bad.reply("RCPT", "451 4.7.1 not now")
    if trouble == "stall":
        bad.stall("EHLO")
    rider = lab.rider({STRATEGY: "ipv4_only", "queue.outbound.timeouts.ehlo": "1s",
                       "queue.outbound.hostname": "last_error + '.lab'",
                       "queue.outbound.next-hop": "if_then(retry_num > 0, 'other', false)"},
                      f"[remote.other]\naddress = \"{sink.addresses[0]}\"\n")
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(event="deferred", retry_num=0)
    assert sink.wait_messages(1)[0].session.ehlo == f"{word}.lab"
    if trouble in ("451 RCPT", "stall"):
        assert bad.sessions[0].ehlo == "none.lab"


def test_rule_by_host(lab):
    """One strategy for each mail host of a domain."""
    tap = lab.tap()
    addresses = [(lab.address(), lab.address6()) for _ in range(2)]
    domain = lab.name("one")
    for i, (four, six) in enumerate(addresses):
        lab.dns.mx(domain, [(i, f"mx{i}.{domain}")])
        lab.dns.a(f"mx{i}.{domain}", four)
        lab.dns.aaaa(f"mx{i}.{domain}", six)
    rider = lab.rider({"queue.schedule.retry": "[1h]", "queue.outbound.happy-eyeballs": "0"}, f"""
[queue.outbound]
ip-strategy = [ {{ if = "mx == 'mx0.{domain}'", then = "ipv6_only" }},
                {{ if = "rcpt_domain == '{domain}'", then = "ipv4_then_ipv6" }},
                {{ else = "ipv4_only" }} ]
""")
    tap.forget()
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(event="deferred")
    assert [to for _, to in tap.look()] == [addresses[0][1], *addresses[1]]


def ticks(rider):
    """Processor time of the master and its deliver workers so far, in hundredths of a second."""
    total = 0
    for pid in (rider.pid, *rider.workers()):
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total


@pytest.mark.parametrize("limit, idle", [(20, "10s"), (1, "2s")])
def test_idle_connection_that_does_not_suit(lab, limit, idle):
    """Left over by the first attempt, of the other family: another one is opened, when there may be
    one, else as soon as it has gone; and nobody asks for it over and over meanwhile."""
    sink = lab.sink(lab.address(), lab.address6())
    domain = lab.domain("one", sink)
    sink.reply("RCPT", "451 4.7.1 greylisted", times=1)
    rider = lab.rider({"queue.outbound.connection.idle": idle,
                       "queue.outbound.connection.max-sessions": str(limit)}, """
[queue.outbound]
ip-strategy = [ { if = "retry_num == 0", then = "ipv6_only" }, { else = "ipv4_only" } ]
""")
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(event="deferred")
    began, before = time.monotonic(), ticks(rider)
    line, = rider.wait_record(event="delivered")
    assert line["remote_ip"] == sink.addresses[0] and len(sink.sessions) == 2
    assert time.monotonic() - began < 3.5 * SLOW
    assert ticks(rider) - before < 50 * SLOW


class Late:
    """A resolver that thinks for a while about every name with `late` in it."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.asked = threading.Event()
        self.go_on = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            question, who = self.socket.recvfrom(65535)
            threading.Thread(target=self._answer, args=(question, who), daemon=True).start()

    def _answer(self, question, who):
        if b"\x04late" in question:
            self.asked.set()
            self.go_on.wait(4)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.settimeout(5)
            upstream.sendto(question, ("127.0.0.1", 53))
            self.socket.sendto(upstream.recv(65535), who)


def test_idle_session_lost_while_a_rule_asks(lab):
    """The connection that was to be used again ends meanwhile: a fresh one, and no harm done."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    late = Late("192.0.2.253")
    rider = lab.rider({"resolver.servers": ["192.0.2.253"], "resolver.timeout": "10s"}, extra="""
[queue.outbound]
connection.max-messages = [
    { if = "sender_domain == 'b.lab' && is_empty(dns_query('late.' + rcpt_domain, 'ipv4'))",
      then = 100 },
    { else = 200 } ]
""")
    rider.inject("x@a.lab", f"u@{domain}")
    rider.wait_record(event="delivered")
    rider.inject("x@b.lab", f"u@{domain}")
    assert late.asked.wait(10)
    first, = sink.sessions
    sink.loop.call_soon_threadsafe(first.writer.close)
    sink.wait(lambda: not first.open, "end of the session")
    late.go_on.set()
    rider.wait_record(2, event="delivered")
    assert len(sink.sessions) == 2
    assert not rider.record(event="deferred")

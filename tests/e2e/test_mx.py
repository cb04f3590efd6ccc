"""Where a message goes: mail hosts in order, and what their trouble means for it."""
import pytest

SENDER = "bounces@sender.plain.lab"
NO_ROUTE = "198.51.100.200"


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("trouble", ["refuses", "greets 421", "greets 554", "no route", "closes",
                                     "EHLO 421", "silent", "MAIL closed", "no address"])
def test_failover(lab, trouble, signed):
    """The first host has this trouble; the second one gets the message in the same attempt."""
    good = lab.sink()
    if trouble == "refuses":
        first = lab.address()
    elif trouble == "no route":
        first = NO_ROUTE
    else:
        first = lab.sink()
    if trouble == "greets 421":
        first.reply("CONNECT", "421 4.3.2 busy")
    elif trouble == "greets 554":
        first.reply("CONNECT", "554 5.7.1 your address is listed")
    elif trouble == "closes":
        first.close_at("CONNECT")
    elif trouble == "EHLO 421":
        first.reply("EHLO", "421 4.3.2 busy")
    elif trouble == "silent":
        first.stall("CONNECT")
    elif trouble == "MAIL closed":
        first.close_at("MAIL")
    if trouble == "no address":
        domain = lab.name("one", signed)
        lab.dns.mx(domain, [(10, f"nobody.{domain}"), (20, f"mx2.{domain}")])
        lab.dns.a(f"mx2.{domain}", *good.addresses)
    else:
        domain = lab.domain("one", first, good, signed=signed)
    rider = lab.rider({"queue.outbound.timeouts.greeting": "1s"})
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="delivered")
    assert line["retry_num"] == 0
    assert line["host"] == f"mx2.{domain}" and line["remote_ip"] == good.addresses[0]
    assert not rider.record(event="deferred")
    if hasattr(first, "sessions"):
        assert bool(first.sessions) == (trouble != "no address")
    assert len(good.messages) == 1


def test_preference_decides(lab):
    sinks = [lab.sink() for _ in range(3)]
    domain = lab.name("one")
    lab.dns.mx(domain, [(30, f"c.{domain}"), (10, f"a.{domain}"), (20, f"b.{domain}")])
    for label, sink in zip("abc", sinks):
        lab.dns.a(f"{label}.{domain}", *sink.addresses)
    rider = lab.rider()
    for _ in range(5):
        rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(5, event="delivered", host=f"a.{domain}")
    assert [len(sink.messages) for sink in sinks] == [5, 0, 0]


def test_all_hosts_refuse_then_one_is_back(lab):
    addresses = [lab.address(), lab.address()]
    domain = lab.domain("one", *addresses)
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="deferred", retry_num=0)
    assert line["step"] == "connect" and line["enhanced"] == "4.4.1" and line["local"] is False
    sink = lab.sink(addresses[1])
    rider.wait_record(event="delivered", seconds=20)
    assert len(sink.messages) == 1


def test_second_address_of_the_host(lab):
    sink = lab.sink()
    domain = lab.name("one")
    lab.dns.mx(domain, [f"mx1.{domain}"])
    lab.dns.a(f"mx1.{domain}", lab.address(), *sink.addresses)
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="delivered", retry_num=0)
    assert line["remote_ip"] == sink.addresses[0]


def test_ipv6_host(lab):
    sink = lab.sink("2001:db8::19")
    domain = lab.domain("one", sink)
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="delivered")
    assert line["remote_ip"] == "2001:db8::19" and ":" in line["source_ip"]


@pytest.mark.parametrize("strategy, family", [("ipv6_then_ipv4", 6), ("ipv4_then_ipv6", 4),
                                              ("ipv6_only", 6), ("ipv4_only", 4)])
def test_ip_strategy(lab, strategy, family):
    sink = lab.sink(lab.address(), "2001:db8::1a")
    domain = lab.domain("one", sink)
    rider = lab.rider({"queue.outbound.ip-strategy": f"'{strategy}'"})
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="delivered")
    assert (":" in line["remote_ip"]) == (family == 6)


def test_source_address_and_name(lab):
    sink = lab.sink(lab.address(), "2001:db8::1b")
    four = lab.domain("four", sink.addresses[0])
    six = lab.domain("six", sink.addresses[1])
    rider = lab.rider({"queue.outbound.source-ip.v4": "['192.0.2.10', '192.0.2.11']",
                       "queue.outbound.source-ip.v6": "['2001:db8::a']",
                       "queue.outbound.hostname": "'from.' + rcpt_domain"})
    rider.inject(SENDER, [f"user@{four}", f"user@{six}"])
    rider.wait_record(2, event="delivered")
    peers = {m.rcpts[0]: m.session.peer for m in sink.messages}
    assert peers[f"user@{four}"] in ("192.0.2.10", "192.0.2.11")
    assert peers[f"user@{six}"] == "2001:db8::a"
    for message in sink.messages:
        assert message.session.ehlo == "from." + message.rcpts[0].split("@")[1]
        line, = rider.record(rcpt=message.rcpts[0])
        assert line["source_ip"] == message.session.peer and line["ehlo"] == message.session.ehlo


@pytest.mark.parametrize("signed", [False, True])
def test_null_mx(lab, signed):
    domain = lab.name("nomail", signed)
    lab.dns.null_mx(domain)
    lab.dns.a(domain, "192.0.2.9")
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="bounced")
    assert (line["step"], line["enhanced"], line["retry_num"]) == ("mx", "5.1.10", 0)
    assert "remote_ip" not in line
    rider.wait_empty()


@pytest.mark.parametrize("signed", [False, True])
def test_no_such_domain(lab, signed):
    domain = lab.name("never", signed)
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="bounced")
    assert (line["step"], line["enhanced"], line["retry_num"]) == ("mx", "5.1.2", 0)
    assert line["local"] is False
    rider.wait_empty()


@pytest.mark.parametrize("signed", [False, True])
def test_implicit_mx(lab, signed):
    sink = lab.sink()
    domain = lab.name("bare", signed)
    lab.dns.a(domain, *sink.addresses)
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="delivered")
    assert line["host"] == domain and len(sink.messages) == 1


def test_name_without_any_address(lab):
    """The name exists and has nothing to send to, in either family."""
    domain = lab.name("text")
    lab.dns.txt(domain, "nothing here")
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="bounced")
    assert line["enhanced"].startswith("5.")


def test_domain_literal(lab):
    sink = lab.sink()
    rider = lab.rider()
    rider.inject(SENDER, f"user@[{sink.addresses[0]}]")
    line, = rider.wait_record(event="delivered")
    assert line["remote_ip"] == sink.addresses[0]


def test_loopback_host_is_never_asked(lab):
    domain = lab.domain("one", "127.0.0.1")
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="bounced")
    assert line["enhanced"] == "5.4.6"


def test_resolver_that_answers_nobody(lab):
    """Our fault, not the peer's, and no attempt is counted."""
    domain = lab.domain("one", lab.sink())
    rider = lab.rider({"resolver.servers": ["192.0.2.250"], "resolver.timeout": "200ms",
                       "resolver.attempts": 1})
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="deferred")
    assert line["local"] is True and line["step"] == "mx" and line["enhanced"] == "4.4.3"
    (retry_num, held), = rider.sql("SELECT retry_num, state FROM delivery")
    assert (retry_num, held) == (0, 0)


def test_unknown_outcome_stays_with_its_host(lab):
    """Lost after the final dot: no other host in the same attempt, said so, tried again later."""
    first, second = lab.sink(), lab.sink()
    domain = lab.domain("one", first, second)
    first.close_at("DOT", times=1)
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="deferred")
    assert line["step"] == "end-of-data" and line["enhanced"] == "4.4.2"
    assert line["unknown_outcome"] is True
    assert not second.sessions
    rider.wait_record(event="delivered", retry_num=1)
    assert len(first.messages) == 1 and not second.messages

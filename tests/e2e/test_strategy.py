"""Which addresses of a host are used, in which order, and what comes of it."""
import pytest

SENDER = "bounces@sender.plain.lab"
ORDERS = ("ipv4_only", "ipv6_only", "ipv4_then_ipv6", "ipv6_then_ipv4")
# The addresses of a host: version, and what is there: + a server, - nobody, ~ silence. For each
# strategy the addresses tried, in order; the message is delivered if the last of them is a server.
HOSTS = {
    "A only": ("4+", "4+", "", "4+", "4+"),
    "AAAA only": ("6+", "", "6+", "6+", "6+"),
    "both": ("4+ 6+", "4+", "6+", "4+", "6+"),
    "several A": ("4- 4- 4+ 6+", "4- 4-", "6+", "4- 6+", "6+"),
    "A refuses": ("4- 6+", "4-", "6+", "4- 6+", "6+"),
    "AAAA refuses": ("4+ 6-", "4+", "6-", "4+", "6- 4+"),
    "A silent": ("4~ 6+", "4~", "6+", "4~ 6+", "6+"),
    "AAAA silent": ("4+ 6~", "4+", "6~", "4+", "6~ 4+"),
}


def build(lab, words):
    """A domain with one host that has these addresses; {address: word}."""
    domain = lab.name(f"h{len(lab.sinks)}")
    host = f"mx.{domain}"
    lab.dns.mx(domain, [host])
    found = {}
    for word in words.split():
        address = lab.address() if word[0] == "4" else lab.address6()
        (lab.dns.a if word[0] == "4" else lab.dns.aaaa)(host, address)
        if word[1] == "+":
            lab.sink(address)
        elif word[1] == "~":
            lab.silent(address)
        found[address] = word
    return domain, found


@pytest.mark.parametrize("strategy", ORDERS)
def test_every_host(lab, strategy):
    tap = lab.tap()
    built = {name: build(lab, row[0]) for name, row in HOSTS.items()}
    rider = lab.rider({"queue.outbound.ip-strategy": strategy,
                       "queue.outbound.happy-eyeballs": "0",
                       "queue.outbound.timeouts.connect": "1s", "queue.schedule.retry": "[1h]"})
    tap.forget()
    rider.inject(SENDER, [f"user@{domain}" for domain, _ in built.values()])
    rider.until(lambda: len(rider.record()) >= len(HOSTS), "an end of each")
    lines = {line["domain"]: line for line in rider.record()}
    wanted, got = {}, {}
    for name, row in HOSTS.items():
        domain, found = built[name]
        line = lines[domain]
        wanted[name] = row[1 + ORDERS.index(strategy)]
        tried = tap.to(*found)
        got[name] = " ".join(found[address] for address in tried)
        version = strategy[3]
        if wanted[name].endswith("+"):
            assert line["event"] == "delivered" and line["remote_ip"] == tried[-1], (name, line)
        elif wanted[name]:
            assert (line["event"], line["step"], line["enhanced"], line["local"]) == (
                "deferred", "connect", "4.4.1", False), (name, line)
            assert line["remote_ip"] in tried
        else:
            assert (line["event"], line["step"], line["enhanced"]) == (
                "deferred", "address", "4.4.4"), (name, line)
            assert f"no usable IPv{version} address and the strategy is {strategy}" in line["reply"]
    assert got == wanted


@pytest.mark.parametrize("strategy", ORDERS)
def test_failures_that_are_no_answer(lab, strategy):
    """NXDOMAIN of the only host is for good; a host without a record only where both are asked."""
    gone, empty = lab.name("gone"), lab.name("empty")
    lab.dns.mx(gone, [f"mx.{gone}"])
    lab.dns.mx(empty, [f"mx.{empty}"])
    lab.dns.txt(f"mx.{empty}", "no address")
    rider = lab.rider({"queue.outbound.ip-strategy": strategy})
    rider.inject(SENDER, [f"user@{gone}", f"user@{empty}"])
    rider.until(lambda: len(rider.record(retry_num=0)) == 2, "both")
    line, = rider.record(domain=gone)
    assert (line["event"], line["step"], line["enhanced"]) == ("bounced", "address", "5.1.2")
    line = rider.record(domain=empty)[0]
    assert line["event"] == ("bounced" if "then" in strategy else "deferred"), line


def test_addresses_of_no_mail_host_are_dropped(lab):
    sink = lab.sink()
    domain = lab.name("odd")
    tap = lab.tap()
    lab.dns.mx(domain, [f"mx.{domain}"])
    lab.dns.a(f"mx.{domain}", "127.0.0.1", "0.0.0.0", "169.254.1.1", "224.0.0.1",
              *sink.addresses)
    lab.dns.aaaa(f"mx.{domain}", "::1", "::", "fe80::1", "ff02::1", "::ffff:192.0.2.3")
    rider = lab.rider()
    tap.forget()
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(event="delivered")
    assert [to for _, to in tap.look()] == [sink.addresses[0]]


def test_rule_by_retry_num(lab):
    """Version 6 on the first attempt against a host without it: deferred once, then delivered."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider(extra="[[queue.outbound.ip-strategy]]\n"
                            "if = \"retry_num == 0\"\nthen = \"ipv6_only\"\n"
                            "[[queue.outbound.ip-strategy]]\nelse = \"ipv4_only\"\n")
    number = rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="deferred")
    assert (line["step"], line["retry_num"]) == ("address", 0) and "ipv6_only" in line["reply"]
    attempt, = [row for row in rider.cli("show", str(number)).rows if row["table"] == "attempt"]
    assert attempt["step"] == "address" and "ipv6_only" in attempt["hosts"]
    line, = rider.wait_record(event="delivered")
    assert line["retry_num"] == 1 and line["remote_ip"] == sink.addresses[0]
    assert len(rider.record()) == 2


def test_equal_preference_is_shuffled(lab):
    """Each of three equals is first about as often as the others; a worse one never is."""
    sinks = [lab.sink() for _ in range(4)]
    domain = lab.name("one")
    lab.dns.mx(domain, [(10, f"a.{domain}"), (10, f"b.{domain}"), (10, f"c.{domain}"),
                        (20, f"d.{domain}")])
    for label, sink in zip("abcd", sinks):
        lab.dns.a(f"{label}.{domain}", *sink.addresses)
    rider = lab.rider({"queue.outbound.connection.max-messages": "1", "worker.count": 2})
    with rider.submitter() as client:
        client.hello()
        for i in range(180):
            assert client.message(SENDER, [f"u{i}@{domain}"], b"x\r\n").code == 250
    rider.wait_record(180, event="delivered")
    counts = [len(sink.messages) for sink in sinks]
    assert counts[3] == 0 and sum(counts) == 180
    # Six standard deviations of 180 throws of such a die.
    assert all(22 <= count <= 98 for count in counts[:3]), counts


@pytest.mark.parametrize("how", ["server.hostname", "queue.outbound.hostname", "own-addresses"])
def test_this_server_is_never_asked(lab, how):
    """What is not preferred to this server is dropped with it; what is preferred is tried."""
    best, own, worse = lab.address(), lab.sink(), lab.sink()
    domain = lab.name("one")
    me = f"me.{domain}"
    lab.dns.mx(domain, [(10, f"best.{domain}"), (20, me), (30, f"worse.{domain}")])
    lab.dns.a(f"best.{domain}", best)
    lab.dns.a(me, *own.addresses)
    lab.dns.a(f"worse.{domain}", *worse.addresses)
    alone = lab.name("alone")
    lab.dns.mx(alone, [(10, me), (20, f"worse.{domain}")])
    settings = {"server.hostname": {"server.hostname": me},
                "queue.outbound.hostname": {"queue.outbound.hostname": f"'{me}'"},
                "own-addresses": {"server.own-addresses": [own.addresses[0]]}}[how]
    rider = lab.rider(settings)
    rider.inject(SENDER, [f"user@{domain}", f"user@{alone}"])
    line, = rider.wait_record(event="bounced", domain=alone)
    assert line["enhanced"] == "5.4.6"
    rider.wait_record(event="deferred", domain=domain, step="connect", remote_ip=best)
    assert not own.sessions and not worse.sessions
    sink = lab.sink(best)
    rider.wait_record(event="delivered", domain=domain)
    assert len(sink.messages) == 1
    rows = rider.cli("explain", f"user@{alone}").rows
    assert any("this server" in row["why"] or "this server" in row["value"] for row in rows), rows


def test_loopback_hosts_are_skipped(lab):
    sink = lab.sink()
    domain, only = lab.name("one"), lab.name("only")
    lab.dns.mx(domain, [(10, f"lo.{domain}"), (20, f"mx.{domain}")])
    lab.dns.mx(only, [(10, f"lo.{domain}"), (20, f"nil.{domain}")])
    lab.dns.a(f"lo.{domain}", "127.0.0.1", "127.0.0.2")
    lab.dns.aaaa(f"lo.{domain}", "::1")
    lab.dns.a(f"nil.{domain}", "0.0.0.0")
    lab.dns.a(f"mx.{domain}", *sink.addresses)
    rider = lab.rider()
    rider.inject(SENDER, [f"user@{domain}", f"user@{only}"])
    line, = rider.wait_record(event="delivered", domain=domain)
    assert line["host"] == f"mx.{domain}" and line["retry_num"] == 0
    line, = rider.wait_record(event="bounced", domain=only)
    assert line["enhanced"] == "5.4.6"

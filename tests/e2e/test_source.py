"""Which of our addresses a connection comes from, and which name it gives."""
import collections

import pytest

SENDER = "bounces@sender.plain.lab"
FOUR = ["192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13"]
SIX = ["2001:db8::a", "2001:db8::b", "2001:db8::c", "2001:db8::d"]
ABSENT = "203.0.113.7"
ABSENT6 = "2001:db8:1::7"
RANGE = "/proc/sys/net/ipv4/ip_local_port_range"


def many(lab, sink, label="many"):
    """A name whose every subdomain is received by this sink."""
    domain = lab.name(label)
    lab.dns.mx(f"*.{domain}", [f"mx.{domain}"])
    lab.dns.a(f"mx.{domain}", *[a for a in sink.addresses if ":" not in a])
    lab.dns.aaaa(f"mx.{domain}", *[a for a in sink.addresses if ":" in a])
    return domain


def flood(rider, domain, count):
    """One message that needs so many deliveries."""
    rider.inject(SENDER, [f"u@{i}.{domain}" for i in range(count)])


def quoted(addresses):
    return "[" + ", ".join(f"'{one}'" for one in addresses) + "]"


@pytest.mark.parametrize("version", [4, 6])
def test_thousand_connections(lab, version):
    """Exactly the addresses of the list, each for about as many connections."""
    sources = FOUR if version == 4 else SIX
    sink = lab.sink(lab.address() if version == 4 else lab.address6())
    domain = many(lab, sink)
    rider = lab.rider({f"queue.outbound.source-ip.v{version}": quoted(sources),
                       "queue.outbound.connection.max-messages": "1", "worker.count": 2})
    flood(rider, domain, 1000)
    rider.wait_record(1000, event="delivered", seconds=40)
    counts = collections.Counter(session.peer for session in sink.sessions)
    assert len(sink.sessions) == 1000
    assert set(counts) == set(sources)
    # Four and a half standard deviations.
    assert all(188 <= count <= 312 for count in counts.values()), counts
    recorded = collections.Counter(line["source_ip"] for line in rider.record())
    assert recorded == counts


def test_absent_address_in_the_list(lab):
    """Another address of the list is taken, never one that is not listed."""
    sink = lab.sink()
    domain = many(lab, sink)
    rider = lab.rider({"queue.outbound.source-ip.v4": quoted([FOUR[0], ABSENT, FOUR[1]]),
                       "queue.outbound.connection.max-messages": "1"})
    assert f"{ABSENT} is not an address of this machine" in rider.log()
    assert FOUR[0] not in rider.log()
    flood(rider, domain, 100)
    rider.wait_record(100, event="delivered")
    counts = collections.Counter(session.peer for session in sink.sessions)
    assert set(counts) == {FOUR[0], FOUR[1]}
    assert not rider.record(event="deferred")


@pytest.mark.parametrize("version", [4, 6])
def test_only_absent_addresses(lab, version):
    """A fault of ours, said so, and nothing leaves this machine."""
    sink = lab.sink(lab.address() if version == 4 else lab.address6())
    domain = lab.domain("one", sink)
    absent = ABSENT if version == 4 else ABSENT6
    tap = lab.tap()
    rider = lab.rider({f"queue.outbound.source-ip.v{version}": quoted([absent])})
    number = rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="deferred")
    assert (line["step"], line["local"], line["enhanced"]) == ("bind", True, "4.3.5")
    assert absent in line["reply"] and "cannot be used on this machine" in line["reply"]
    assert line["retry_num"] == 0 and "code" not in line
    (retry_num,), = rider.sql("SELECT retry_num FROM delivery")
    assert retry_num == 0
    assert not tap.to(*sink.addresses) and not sink.sessions
    assert "local=yes" in rider.log() and "step=bind" in rider.log()
    rows = rider.cli("show", str(number)).rows
    assert any(row.get("last_step") == "bind" for row in rows)


def test_absent_addresses_of_one_family(lab):
    """The other family of the same host is still a way."""
    sink = lab.sink(lab.address(), lab.address6())
    domain = lab.domain("one", sink)
    rider = lab.rider({"queue.outbound.source-ip.v4": quoted([ABSENT]),
                       "queue.outbound.source-ip.v6": quoted(SIX[:1])})
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="delivered")
    assert line["source_ip"] == SIX[0]


def test_list_follows_the_sender(lab):
    sink = lab.sink(lab.address(), lab.address6())
    domain = many(lab, sink)
    six = lab.domain("six", sink.addresses[1])
    rider = lab.rider(extra=f"""
[queue.outbound.source-ip]
v4 = [ {{ if = "sender_domain == 'a.lab'", then = "['{FOUR[0]}']" }},
       {{ if = "ends_with(sender_domain, '.b.lab')", then = "['{FOUR[1]}', '{FOUR[2]}']" }},
       {{ else = "['{FOUR[3]}']" }} ]
v6 = "if_then(sender_domain == 'a.lab', ['{SIX[0]}'], ['{SIX[1]}'])"
""")
    wanted = {"x@a.lab": {FOUR[0]}, "x@sub.b.lab": {FOUR[1], FOUR[2]}, "x@b.lab": {FOUR[3]},
              "": {FOUR[3]}}
    for sender in wanted:
        rider.inject(sender, [f"u@{i}.{domain}" for i in range(20)])
        rider.inject(sender, f"u@{six}")
    rider.wait_record(21 * len(wanted), event="delivered")
    for sender, sources in wanted.items():
        # Sessions of other senders are not used, though they lead to the same host.
        peers = {m.session.peer for m in sink.messages if m.sender == sender}
        assert {p for p in peers if ":" not in p} <= sources, sender
        assert {p for p in peers if ":" in p} == {SIX[0 if sender == "x@a.lab" else 1]}, sender


def test_name_follows_the_address(lab):
    sink = lab.sink(lab.address(), lab.address6())
    domain = many(lab, sink)
    six = lab.domain("six", sink.addresses[1])
    rider = lab.rider({"queue.outbound.source-ip.v6": quoted(SIX[:2])}, f"""
[queue.outbound]
hostname = [ {{ if = "local_ip == '{FOUR[0]}'", then = "'mx0.sender.plain.lab'" }},
             {{ if = "local_ip == '{FOUR[1]}'", then = "'mx1.sender.plain.lab'" }},
             {{ if = "local_ip == '{SIX[0]}'", then = "'six0.sender.plain.lab'" }},
             {{ else = "'[' + local_ip + ']'" }} ]
[queue.outbound.source-ip]
v4 = "['{FOUR[0]}', '{FOUR[1]}', '{FOUR[2]}']"
""", start=False)
    # A table may be opened once only.
    v6 = rider.settings.pop("queue.outbound.source-ip.v6")
    rider.write(extra=rider.extra + f'v6 = "{v6}"\n')
    rider.start()
    flood(rider, domain, 60)
    for _ in range(12):
        rider.inject(SENDER, f"u@{six}")
    rider.wait_record(72, event="delivered")
    names = {FOUR[0]: "mx0.sender.plain.lab", FOUR[1]: "mx1.sender.plain.lab",
             FOUR[2]: f"[{FOUR[2]}]", SIX[0]: "six0.sender.plain.lab"}
    for session in sink.sessions:
        if session.peer in names:
            assert session.ehlo == names[session.peer]
    assert {s.peer for s in sink.sessions if ":" not in s.peer} == set(FOUR[:3])
    for line in rider.record(event="delivered"):
        if line["source_ip"] in names:
            assert line["ehlo"] == names[line["source_ip"]]


def test_name_that_is_none(lab):
    """Found at run time: server.hostname is used, with a warning."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider({"queue.outbound.hostname": "'not a name ' + sender_domain"})
    rider.inject(SENDER, f"user@{domain}")
    assert sink.wait_messages(1)[0].session.ehlo == rider.settings["server.hostname"]
    said = rider.wait_log("warn .*queue.outbound.hostname: .*")[0]
    assert "\"not a name sender.plain.lab\", and must be a domain name" in said


def test_more_connections_than_ports(lab):
    """One source address, 100 ports, six destinations: the ports are not used up by the first."""
    sinks = [lab.sink() for _ in range(6)]
    domains = [many(lab, sink, f"many{i}") for i, sink in enumerate(sinks)]
    with open(RANGE, encoding="ascii") as f:
        before = f.read()
    try:
        with open(RANGE, "w", encoding="ascii") as f:
            f.write("20000 20099")
    except OSError as error:
        pytest.skip(f"the range of ports cannot be changed here: {error}")
    try:
        for sink in sinks:
            sink.stall("MAIL")
        rider = lab.rider({"queue.outbound.source-ip.v4": quoted(FOUR[:1]),
                           "queue.outbound.timeouts.mail-from": "30s"})
        for domain in domains:
            rider.inject(SENDER, [f"u@{i}.{domain}" for i in range(60)])
        for sink in sinks:
            sink.wait_stalled(60, "MAIL")
        open_now = sum(session.open for sink in sinks for session in sink.sessions)
        assert open_now == 360
        assert {s.peer for sink in sinks for s in sink.sessions} == {FOUR[0]}
        for sink in sinks:
            sink.release()
        rider.wait_record(360, event="delivered")
        assert not rider.record(event="deferred")
    finally:
        with open(RANGE, "w", encoding="ascii") as f:
            f.write(before)


def test_ports_of_one_address_used_up(lab):
    """What has no port left for this peer is no reason to wait while another address has."""
    sink = lab.sink()
    domain = many(lab, sink)
    with open(RANGE, encoding="ascii") as f:
        before = f.read()
    try:
        with open(RANGE, "w", encoding="ascii") as f:
            f.write("20000 20019")
    except OSError as error:
        pytest.skip(f"the range of ports cannot be changed here: {error}")
    try:
        sink.stall("MAIL")
        rider = lab.rider({"queue.outbound.source-ip.v4": quoted(FOUR[:2]),
                           "queue.outbound.timeouts.mail-from": "30s"})
        flood(rider, domain, 40)
        sink.wait_stalled(40, "MAIL")
        assert collections.Counter(s.peer for s in sink.sessions) == {FOUR[0]: 20, FOUR[1]: 20}
        sink.release()
        rider.wait_record(40, event="delivered")
        assert not rider.record(event="deferred")
    finally:
        with open(RANGE, "w", encoding="ascii") as f:
            f.write(before)


def check(lab, settings, extra=""):
    rider = lab.rider(settings, extra, start=False)
    answer = rider.cli("check", json_rows=False)
    return rider, answer


def test_warnings_about_addresses(lab):
    """What `check` says before, start-up says too."""
    rider, answer = check(lab, {"queue.outbound.source-ip.v4": quoted([FOUR[0], ABSENT])})
    said = answer.out + answer.err
    assert answer.status == 0, answer
    assert f"queue.outbound.source-ip.v4: warning: {ABSENT} is not an address of this machine" in (
        said)
    assert "IPv6 has no list" in said and FOUR[0] + " is not" not in said
    line = next(i for i, text in enumerate(open(rider.config), 1) if text.startswith("v4 ="))
    assert f"{rider.config}:{line}:" in said
    rider.start()
    assert f"{ABSENT} is not an address of this machine" in rider.log()
    assert "IPv6 has no list" in rider.log()


def test_warning_about_several_global_addresses(lab):
    rider, answer = check(lab, {})
    said = answer.out + answer.err
    assert answer.status == 0
    assert "queue.outbound.source-ip.v6: warning: this machine has 64 global addresses" in said
    rider.start()
    assert "this machine has 64 global addresses" in rider.log()
    _, answer = check(lab, {"queue.outbound.source-ip.v6": quoted(SIX[:1])})
    said = answer.out + answer.err
    assert "source-ip.v6: warning: this machine" not in said and "IPv4 has no list" in said

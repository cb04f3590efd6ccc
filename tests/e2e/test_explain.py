"""`explain` says what the next delivery does: asked first, then compared with what the servers saw.

Each configuration is drawn from a seed. What its rules mean is computed here once more, in a few
lines, so that explanation and delivery are not merely wrong together.
"""
import random

import pytest

FOUR = ["192.0.2.10", "192.0.2.11", "192.0.2.12"]
SIX = ["2001:db8::a", "2001:db8::b", "2001:db8::c"]
STRATEGIES = ("ipv4_only", "ipv6_only", "ipv4_then_ipv6", "ipv6_then_ipv4")
OUTBOUND = "queue.outbound."
CONFIGURATIONS = 10
MARK = "# drawn"


class Draw:
    """One configuration: for each key a list of (condition or None, value), and what holds."""

    def __init__(self, seed, domain):
        self.rng = random.Random(seed)
        self.sender = self.rng.choice(["x@a.lab", "x@b.lab"])
        self.domain = domain
        self.lines = []
        self.rules = {}
        rng = self.rng
        self.key("ip-strategy", lambda: rng.choice(STRATEGIES), '"{}"')
        self.key("source-ip.v4", lambda: rng.sample(FOUR, rng.randint(1, 3)), '"{}"')
        self.key("source-ip.v6", lambda: rng.sample(SIX, rng.randint(1, 3)), '"{}"')
        self.key("hostname", lambda: f"h{rng.randint(1, 99)}.sender.lab", "\"'{}'\"",
                 local=True)
        self.key("limits.mx", lambda: rng.randint(1, 3), "{}", hosts=False)
        self.key("limits.multihomed", lambda: rng.randint(1, 4), "{}")
        self.key("next-hop", lambda: rng.choice(["smart", None]), "{}", hosts=False)

    def condition(self, hosts, local):
        """Text of the configuration, and the same question to a situation."""
        rng = self.rng
        sender = rng.choice(["a.lab", "b.lab"])
        host = f"mx{rng.randint(1, 3)}.{self.domain}"
        address = rng.choice(FOUR + SIX)
        choices = [
            (f"sender_domain == '{sender}'", lambda s: s["sender"].endswith("@" + sender)),
            (f"rcpt_domain == '{self.domain}'", lambda s: True),
            ("rcpt_domain == 'other.lab'", lambda s: False),
            ("retry_num == 0", lambda s: True),
            ("retry_num > 0", lambda s: False),
        ]
        if hosts:
            choices += 3 * [(f"mx == '{host}'", lambda s: s["mx"] == host)]
        if local:
            choices += 6 * [(f"local_ip == '{address}'", lambda s: s["local"] == address)]
        return rng.choice(choices)

    def key(self, name, value, form, hosts=True, local=False):
        def written(one):
            if name == "next-hop":
                return "\"'smart'\"" if one else "false"
            return form.format(one)
        rules = {}
        for _ in range(self.rng.randint(0, 2)):
            text, holds = self.condition(hosts, local)
            # The same condition twice is refused: the second can never be reached.
            rules[text] = (text, holds, value())
        rules = list(rules.values())
        rules.append((None, lambda s: True, value()))
        if len(rules) == 1:
            self.lines.append(f"{OUTBOUND}{name} = {written(rules[0][2])}")
            self.rules[name] = [(len(self.lines), rules[0][1], rules[0][2])]
            return
        self.rules[name] = []
        self.lines.append(f"{OUTBOUND}{name} = [")
        for i, (text, holds, one) in enumerate(rules):
            head = f'if = "{text}", then =' if text else "else ="
            end = "," if i + 1 < len(rules) else " ]"
            self.lines.append(f"    {{ {head} {written(one)} }}{end}")
            self.rules[name].append((len(self.lines), holds, one))

    def decide(self, name, **situation):
        """(line, value) of the rule that holds."""
        situation = {"sender": self.sender, "mx": None, "local": None} | situation
        return next((line, value) for line, holds, value in self.rules[name] if holds(situation))


def order(draw, host, addresses):
    """The addresses of a host that are tried, by strategy and limit."""
    strategy = draw.decide("ip-strategy", mx=host)[1]
    limit = draw.decide("limits.multihomed", mx=host)[1]
    four = [a for a in addresses if ":" not in a]
    six = [a for a in addresses if ":" in a]
    if strategy in ("ipv4_only", "ipv6_only"):
        return (four if strategy == "ipv4_only" else six)[:limit]
    first, second = (four, six) if strategy == "ipv4_then_ipv6" else (six, four)
    head = min(len(first), limit)
    if head == limit and second and limit >= 2:
        head -= 1
    return first[:head] + second[:limit - head]


def explained(rider, rows):
    """The rows by host: settings and addresses; and what is said before the first host."""
    top, hosts = {}, []
    for row in rows:
        if row["step"] == "host":
            hosts.append({"name": row["value"], "settings": {}, "connects": []})
        elif row["step"] == "connect":
            hosts[-1]["connects"].append({"to": row["value"], "sources": {}, "settings": {}})
        elif row["step"] == "source":
            hosts[-1]["connects"][-1]["sources"][row["value"]] = (row["why"], row["where"])
        elif row["depth"] == 0:
            top.setdefault(row["step"], []).append(row)
        elif row["depth"] == 2:
            hosts[-1]["connects"][-1]["settings"][row["step"]] = row
        elif row["step"].startswith("queue."):
            hosts[-1]["settings"][row["step"]] = row
    return top, hosts


def where(rider, line):
    """The first key of the extra text comes right behind what the rider itself writes."""
    with open(rider.config, encoding="utf-8") as f:
        return f"{rider.config}:{f.read().split(MARK)[0].count(chr(10)) + 2 + line}"


def compare(draw, rider, rows, host_addresses, relay):
    """The explanation against the rules; the connects to come, in order, with sources and names."""
    top, hosts = explained(rider, rows)
    line, hop = draw.decide("next-hop")
    row, = top[OUTBOUND + "next-hop"]
    assert row["where"] == where(rider, line)
    assert row["value"] == (hop or "mail hosts of the domain")
    if hop:
        assert [host["name"] for host in hosts] == [relay]
    else:
        line, limit = draw.decide("limits.mx")
        row, = top[OUTBOUND + "limits.mx"]
        assert (row["value"], row["where"]) == (str(limit), where(rider, line))
        assert [row["why"] for row in top["mx"]] == (
            ["tried"] * min(limit, 3) + ["beyond limits.mx"] * (3 - min(limit, 3)))
        tried = [row["value"].split()[1].split(":")[0] for row in top["mx"][:limit]]
        assert [host["name"] for host in hosts] == tried
    for host in hosts:
        name = host["name"]
        for key in ("ip-strategy", "limits.multihomed", "source-ip.v4", "source-ip.v6"):
            line, value = draw.decide(key, mx=name)
            row = host["settings"][OUTBOUND + key]
            assert row["where"] == where(rider, line), (key, name)
            text = ", ".join(value) if isinstance(value, list) else str(value)
            assert row["value"] == text, (key, name)
        wanted = [relay] if hop else order(draw, name, host_addresses[name])
        assert [one["to"] for one in host["connects"]] == [
            f"[{a}]:25" if ":" in a else f"{a}:25" for a in wanted], name
        for one in host["connects"]:
            key = "source-ip.v6" if one["to"].startswith("[") else "source-ip.v4"
            line, sources = draw.decide(key, mx=name)
            assert set(one["sources"]) == set(sources)
            for source, (why, origin) in one["sources"].items():
                assert origin == where(rider, line)
                ehlo = draw.decide("hostname", mx=name, local=source)[1]
                assert why.endswith(f"EHLO {ehlo}"), (why, ehlo)
            first = list(one["sources"])[0]
            line, value = draw.decide("hostname", mx=name, local=first)
            row = one["settings"][OUTBOUND + "hostname"]
            assert (row["value"], row["where"]) == (value, where(rider, line))
    return hosts


@pytest.mark.parametrize("batch", range(5))
def test_explanation_and_delivery_agree(lab, batch):
    """Ten configurations each; every host sends us on, so that the whole way is walked."""
    tap = lab.tap()
    domain = lab.name("one")
    rng = random.Random(batch)
    addresses = {}
    for i in range(1, 4):
        name = f"mx{i}.{domain}"
        # Two of them equal: their order is drawn anew by explanation and delivery.
        lab.dns.mx(domain, [(10 if i < 3 else 20, name)])
        addresses[name] = ([lab.address() for _ in range(rng.randint(1, 3))]
                           + [lab.address6() for _ in range(rng.randint(1, 2))])
        lab.dns.a(name, *[a for a in addresses[name] if ":" not in a])
        lab.dns.aaaa(name, *[a for a in addresses[name] if ":" in a])
    relay = lab.address()
    sink = lab.sink(*sum(addresses.values(), []), relay)
    sink.reply("EHLO", "421 4.3.2 the next one, please")
    rider = lab.rider({"queue.schedule.retry": "[1h]", "worker.count": 1})
    rider.wait_generation(1)
    for number in range(CONFIGURATIONS):
        draw = Draw(batch * 1000 + number, domain)
        rider.write(extra=f"{MARK}\n" + toplevel(draw.lines)
                    + f'\n[remote.smart]\naddress = "{relay}"\n')
        rider.reload()
        rider.wait_generation(number + 2)
        rows = rider.cli("explain", f"user@{domain}", "--sender", draw.sender).rows
        hosts = compare(draw, rider, rows, addresses, relay)
        before = len(sink.sessions)
        tap.forget()
        rider.inject(draw.sender, f"user@{domain}")
        rider.wait_record(number + 1)
        delivered(draw, sink.sessions[before:], tap.look(), hosts, addresses, relay)
        # Nothing of it is left for the next one, whose rules are others.
        assert rider.shell("DELETE FROM message") == ""


def toplevel(lines):
    """The keys as a table of their own; line n of it is line n of the draw."""
    return "".join(line.replace(OUTBOUND, "", 1) + "\n" for line in
                   ["[queue.outbound]"] + lines)


def delivered(draw, sessions, connects, hosts, addresses, relay):
    """What the servers saw is what was said, but for the dice."""
    assert [session.local for session in sessions] == [to for _, to in connects]
    names = {address: name for name, found in addresses.items() for address in found}
    names[relay] = relay
    seen = {}
    for session in sessions:
        name = names[session.local]
        seen.setdefault(name, []).append(session.local)
        key = "source-ip.v6" if ":" in session.local else "source-ip.v4"
        assert session.peer in draw.decide(key, mx=name)[1]
        assert session.ehlo == draw.decide("hostname", mx=name, local=session.peer)[1]
    for name, found in seen.items():
        assert found == ([relay] if name == relay else order(draw, name, addresses[name]))
    if relay in seen:
        assert list(seen) == [relay]
        return
    said = [host["name"] for host in hosts if host["connects"]]
    walked = list(seen)
    # Equal hosts change places between the two, and with a limit of one the other is taken.
    assert len(said) == len(walked) or len(hosts) == 1
    worst = max(addresses)
    assert (worst in walked) == (worst in said)
    if worst in walked:
        assert walked[-1] == worst


def test_rule_by_retry_num(lab):
    sink = lab.sink(lab.address(), lab.address6())
    domain = lab.domain("one", sink)
    rider = lab.rider(extra='[queue.outbound]\nip-strategy = [\n'
                            '    { if = "retry_num == 0", then = "ipv6_only" },\n'
                            '    { else = "ipv4_only" } ]\n')
    rider.wait_generation(1)
    with open(rider.config, encoding="utf-8") as f:
        line = f.read().split("{ if")[0].count("\n") + 1
    for retry_num, value, add, address in ((0, "ipv6_only", 0, sink.addresses[1]),
                                           (3, "ipv4_only", 1, sink.addresses[0])):
        rows = rider.cli("explain", f"user@{domain}", "--retry-num", str(retry_num)).rows
        row, = [row for row in rows if row["step"] == "queue.outbound.ip-strategy"]
        assert (row["value"], row["where"]) == (value, f"{rider.config}:{line + add}")
        tried = [row["value"] for row in rows if row["step"] == "address"
                 and row["why"] == "tried"]
        assert tried == [address]


def test_text_form(lab):
    """The same for a person: one line for each thing, and where it was said."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider({"queue.outbound.hostname": "'me.lab'",
                       "queue.outbound.source-ip.v4": "['192.0.2.10']"})
    rider.wait_generation(1)
    rows = rider.cli("explain", f"user@{domain}").rows
    answer = rider.cli("explain", f"user@{domain}", json_rows=False)
    lines = answer.out.splitlines()
    assert answer.status == 0 and lines[0].split() == ["DEPTH", "STEP", "VALUE", "WHY", "WHERE"]
    assert len(lines) == 1 + len(rows)
    for row, line in zip(rows, lines[1:]):
        for text in (str(row["depth"]), row["step"], row["value"], row["why"], row["where"]):
            assert text in line
    assert any("192.0.2.10" in line and "EHLO me.lab" in line for line in lines)
    assert not sink.sessions


@pytest.mark.parametrize("trouble", ["null", "nxdomain", "no address", "loopback"])
def test_what_will_fail(lab, trouble):
    """No connection, and the reason in the words of the delivery."""
    domain = lab.name("one")
    if trouble == "null":
        lab.dns.null_mx(domain)
    elif trouble != "nxdomain":
        lab.dns.mx(domain, [f"mx.{domain}"])
        lab.dns.txt(f"mx.{domain}", "x")
    if trouble == "loopback":
        lab.dns.a(f"mx.{domain}", "127.0.0.1")
    rider = lab.rider()
    rider.wait_generation(1)
    answer = rider.cli("explain", f"user@{domain}")
    assert answer.status == 0
    rider.inject("", f"user@{domain}")
    line, = rider.wait_record()
    said = [row for row in answer.rows if row["step"] in ("permanent", "temporary")]
    assert [(row["step"], row["value"]) for row in said] == [("permanent", line["reply"])]


@pytest.mark.parametrize("words, status", [
    ((), 64), (("nobody",), 64), (("a@b.lab", "c@d.lab"), 64),
    (("a@b.lab", "--retry-num", "x"), 64), (("a@b.lab", "--what"), 64)])
def test_usage(lab, words, status):
    rider = lab.rider()
    answer = rider.cli("explain", *words, json_rows=False)
    assert answer.status == status and "usage" in answer.err.lower()


def test_socket_and_time_left(lab):
    """A socket has no source address; next-hop sees the time that the message has left."""
    rider = lab.rider({OUTBOUND + "source-ip.v4": '["192.0.2.10"]'}, extra=f"""
[remote.box]
address = "unix:{lab.place}/lmtp.sock"
protocol = "lmtp"
[remote.late]
address = "192.0.2.99"
[queue.outbound]
next-hop = [ {{ if = "rcpt_domain == 'box.lab'", then = "'box'" }},
             {{ if = "expires_in > 3600", then = "'late'" }},
             {{ else = false }} ]
""")
    rider.wait_log("worker deliver/1 .*-> ready")
    rows = rider.cli("explain", "u@box.lab").rows
    assert [r["value"] for r in rows if r["step"] == "connect"] == [f"{lab.place}/lmtp.sock"]
    assert not [r for r in rows if r["step"] == "source"]
    rows = rider.cli("explain", "u@other.lab").rows
    assert rows[0]["value"] == "late"
    assert [r["value"] for r in rows if r["step"] == "connect"] == ["192.0.2.99:25"]


def test_record_that_is_no_host(lab):
    """What is left out of the MX list is said, too."""
    sink = lab.sink()
    domain = lab.name("odd")
    lab.dns.mx(domain, [(5, "192.0.2.5"), (10, f"mx.{domain}")])
    lab.dns.a(f"mx.{domain}", *sink.addresses)
    rider = lab.rider()
    rider.wait_log("worker deliver/1 .*-> ready")
    rows = [r for r in rider.cli("explain", f"u@{domain}").rows if r["step"] == "mx"]
    assert [(r["value"], r["why"]) for r in rows] == [
        (f"10 mx.{domain}:25", "tried"), ("5 192.0.2.5", "is an address, not a name")]

"""next-hop: through which relay, how many connections it gets, and that it never falls back to MX."""
import os
import socket
import threading

import pytest

SENDER = "bounces@sender.plain.lab"
HOP = "queue.outbound.next-hop"


class Lmtp:
    """A local delivery agent: one answer after the message for each recipient."""

    def __init__(self, family, where):
        self.listener = socket.socket(family)
        self.listener.bind(where)
        self.listener.listen(8)
        self.refused = {}
        self.commands = []
        self.messages = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client):
        try:
            self._answer(client)
        except OSError:
            pass  # QUIT is not waited for

    def _answer(self, client):
        with client, client.makefile("rwb") as stream:
            def say(text):
                stream.write(text.encode() + b"\r\n")
                stream.flush()
            say("220 lmtp.lab LMTP")
            rcpts = []
            for raw in stream:
                line = raw.decode().rstrip("\r\n")
                self.commands.append(line)
                verb = line.split()[0].upper()
                if verb == "LHLO":
                    say("250-lmtp.lab\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES")
                elif verb == "RCPT":
                    rcpts.append(line[line.index("<") + 1:line.index(">")])
                    say("250 2.1.5 fine")
                elif verb == "DATA":
                    say("354 go on")
                    body = b"".join(iter(stream.readline, b".\r\n"))
                    for rcpt in rcpts:
                        say(self.refused.get(rcpt, "250 2.0.0 in the box"))
                    self.messages.append((rcpts, body))
                    rcpts = []
                elif verb == "QUIT":
                    say("221 2.0.0 bye")
                    return
                else:
                    say("250 2.0.0 fine" if verb in ("MAIL", "RSET", "NOOP") else "500 5.5.1 what?")

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.mark.parametrize("by", ["name", "IPv4", "IPv6", "port"])
def test_where_a_relay_is(lab, by):
    """Its name or its address; never the mail hosts, never limits that are about those."""
    port = 2600 if by == "port" else 25
    relay = lab.sink(lab.address6() if by == "IPv6" else lab.address(), port=port)
    target = lab.sink()
    domain = lab.domain("one", target)
    name = lab.name("relay")
    lab.dns.a(name, *relay.addresses if by == "name" else ["192.0.2.1"])
    lab.dns.mx(name, [f"mx.{domain}"])
    rider = lab.rider({HOP: "'smart'"}, f"""
[remote.smart]
address = "{name if by == 'name' else relay.addresses[0]}"
port = {port}
""")
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="delivered")
    assert line["remote_ip"] == relay.addresses[0] and line["port"] == port
    assert line["domain"] == domain and len(relay.messages) == 1 and not target.sessions


def test_loopback_relay(lab):
    relay = lab.sink("127.0.0.3")
    domain = lab.domain("one", lab.sink())
    rider = lab.rider({HOP: "'local'"}, '[remote.local]\naddress = "127.0.0.3"\n')
    rider.inject(SENDER, [f"user@{domain}", "user@never.plain.lab"])
    rider.wait_record(2, event="delivered")
    assert sorted(rcpt for m in relay.messages for rcpt in m.rcpts) == sorted(
        [f"user@{domain}", "user@never.plain.lab"])


@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_lmtp(lab, way):
    """One answer per recipient, after the message."""
    address = lab.address()
    path = f"{lab.place}/lmtp.sock"
    where = (address, 24) if way == "tcp" else path
    agent = Lmtp(socket.AF_INET if way == "tcp" else socket.AF_UNIX, where)
    lab.sinks.append(agent)
    if way == "unix":
        os.chmod(path, 0o777)
    domain = lab.domain("one", "192.0.2.1")
    agent.refused = {f"gone@{domain}": "550 5.1.1 no such box",
                     f"full@{domain}": "452 4.2.2 over quota"}
    rider = lab.rider({HOP: "'box'", "queue.schedule.retry": "[1h]"}, f"""
[remote.box]
address = "{address if way == 'tcp' else 'unix:' + path}"
protocol = "lmtp"
{'port = 24' if way == 'tcp' else ''}
""")
    rcpts = [f"{user}@{domain}" for user in ("a", "gone", "full", "b")]
    rider.inject(SENDER, rcpts)
    rider.wait_record(4)
    events = {line["rcpt"].split("@")[0]: (line["event"], line["enhanced"])
              for line in rider.record()}
    assert events == {"a": ("delivered", "2.0.0"), "b": ("delivered", "2.0.0"),
                      "gone": ("bounced", "5.1.1"), "full": ("deferred", "4.2.2")}
    (got, body), = agent.messages
    assert got == rcpts and body.endswith(b"text\r\n")
    assert agent.commands[0].startswith("LHLO ")


def test_lmtp_socket_that_is_not_there(lab):
    domain = lab.domain("one", lab.sink())
    rider = lab.rider({HOP: "'box'"}, f"""
[remote.box]
address = "unix:{lab.place}/nobody.sock"
protocol = "lmtp"
""")
    rider.inject(SENDER, f"user@{domain}")
    line = rider.wait_record(event="deferred")[0]
    assert line["step"] == "connect" and line["domain"] == domain
    assert line["host"] == f"{lab.place}/nobody.sock"


def test_fallback_relay(lab):
    """What the mail hosts did not take goes through the relay from then on."""
    relay = lab.sink()
    domain = lab.domain("one", lab.address())
    good = lab.domain("good", lab.sink())
    rider = lab.rider({}, f"""
[queue.outbound]
next-hop = [ {{ if = "retry_num > 0", then = "'fallback'" }}, {{ else = false }} ]
[remote.fallback]
address = "{relay.addresses[0]}"
""")
    rider.inject(SENDER, [f"user@{domain}", f"user@{good}"])
    rider.wait_record(2, event="delivered")
    line, = rider.record(event="delivered", domain=domain)
    assert line["retry_num"] == 1 and line["remote_ip"] == relay.addresses[0]
    assert rider.record(domain=good)[0]["retry_num"] == 0 and len(relay.messages) == 1


def test_unknown_relay(lab):
    """Our fault: an alert, no attempt, and never the mail hosts instead."""
    target = lab.sink()
    domain = lab.domain("one", target)
    rider = lab.rider({HOP: "'gone-' + rcpt_domain"}, '[remote.smart]\naddress = "192.0.2.1"\n')
    rider.allow("alert: queue.outbound.next-hop names the relay gone-")
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="deferred")
    assert (line["step"], line["local"], line["enhanced"][0]) == ("route", True, "4")
    assert f"gone-{domain}" in line["reply"]
    rider.wait_log(f"alert: .*gone-{domain}")
    assert rider.sql("SELECT retry_num FROM delivery") == [(0,)]
    rows = rider.cli("explain", f"user@{domain}").rows
    assert rows[0]["value"] == f"gone-{domain}" and "no such relay" in rows[0]["why"]
    assert not target.sessions
    # It is there after a reload, and what waited goes.
    rider.write({HOP: "'smart'"}, f'[remote.smart]\naddress = "{target.addresses[0]}"\n')
    rider.reload()
    assert rider.cli("retry", "--all").status == 0
    rider.wait_record(event="delivered")


def test_unknown_relay_is_refused_where_it_can_be_seen(lab):
    rider = lab.rider({HOP: "'smrat'"}, '[remote.smart]\naddress = "192.0.2.1"\n', start=False)
    answer = rider.cli("check", json_rows=False)
    said = answer.out + answer.err
    assert answer.status == 1 and "smrat" in said and "smart" in said


def test_relay_without_an_address(lab):
    """Neither NXDOMAIN nor silence of our relay is the recipient's fault."""
    domain = lab.domain("one", lab.sink())
    rider = lab.rider({HOP: "'smart'"}, f'[remote.smart]\naddress = "{lab.name("never")}"\n')
    rider.inject(SENDER, f"user@{domain}")
    line = rider.wait_record(event="deferred")[0]
    assert line["step"] == "address" and line["enhanced"].startswith("4.")
    assert not rider.record(event="bounced")


@pytest.mark.parametrize("limit", [1, 4])
def test_connections_belong_to_the_relay(lab, limit):
    """However many domains: no more connections at a time than max-sessions."""
    relay = lab.sink()
    relay.stall("RCPT")
    rider = lab.rider({HOP: "'smart'", "queue.outbound.connection.max-sessions": str(limit),
                       "queue.outbound.timeouts.rcpt-to": "30s", "worker.count": 2},
                      f'[remote.smart]\naddress = "{relay.addresses[0]}"\n')
    for i in range(10):
        rider.inject(SENDER, [f"u@d{i}-{j}.never.lab" for j in range(4)])
    relay.wait_stalled(limit, "RCPT")
    # A second message in each of them would need another connection to be open.
    assert rider.cli("status").status == 0
    assert len(relay.sessions) == limit
    relay.release()
    rider.wait_record(40, event="delivered")
    most = 0
    ends = sorted([(s.began, 1) for s in relay.sessions]
                  + [(s.ended or float("inf"), -1) for s in relay.sessions])
    count = 0
    for _, step in ends:
        count += step
        most = max(most, count)
    assert most <= limit
    assert sorted(r for m in relay.messages for r in m.rcpts) == sorted(
        f"u@d{i}-{j}.never.lab" for i in range(10) for j in range(4))


def test_domains_of_a_message_share_the_relay(lab):
    """Sessions are used again for other domains; each delivery keeps its own state."""
    relay = lab.sink()
    relay.refuse_rcpt("u@d3.never.lab", "450 4.2.0 later", times=1)
    rider = lab.rider({HOP: "'smart'", "queue.outbound.connection.max-sessions": "2"},
                      f'[remote.smart]\naddress = "{relay.addresses[0]}"\n')
    rider.inject(SENDER, [f"u@d{i}.never.lab" for i in range(50)])
    rider.wait_record(50, event="delivered")
    assert len(relay.sessions) <= 3
    retried = [line["domain"] for line in rider.record(event="delivered") if line["retry_num"]]
    assert retried == ["d3.never.lab"]


def test_source_and_name_towards_a_relay(lab):
    """Rules see the relay's host as mx."""
    relay = lab.sink()
    name = lab.name("relay")
    lab.dns.a(name, *relay.addresses)
    rider = lab.rider({HOP: "'smart'", "queue.outbound.source-ip.v4":
                       f"if_then(mx == '{name}', ['192.0.2.12'], ['192.0.2.13'])",
                       "queue.outbound.hostname": "'to.' + mx"},
                      f'[remote.smart]\naddress = "{name}"\n')
    rider.inject(SENDER, "user@never.lab")
    line, = rider.wait_record(event="delivered")
    assert line["source_ip"] == "192.0.2.12" and line["ehlo"] == f"to.{name}"

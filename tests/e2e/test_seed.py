"""The published examples of the transport settings are configurations of this daemon."""
import pytest

SENDER = "bounces@sender.plain.lab"
EXAMPLES = {
    "strategy": """
[queue.outbound]
ip-strategy = "ipv4_then_ipv6"
""",
    "strategy by retry": """
[queue.outbound]
ip-strategy = [ { if = "retry_num == 0", then = "ipv6_only" },
                { else = "ipv4_only" } ]
""",
    "source addresses": """
[queue.outbound.source-ip]
v4 = "['192.0.2.10', '192.0.2.11']"
v6 = "['2001:db8::a', '2001:db8::b']"
""",
    "hostname": """
[queue.outbound]
hostname = "'mx.example.org'"
""",
    "limits": """
[queue.outbound.limits]
mx = 7
multihomed = 2
""",
    "timeouts": """
[queue.outbound.timeouts]
connect = "3m"
greeting = "3m"
tls = "2m"
ehlo = "3m"
mail-from = "3m"
rcpt-to = "3m"
data = "10m"
mta-sts = "2m"
""",
}
ALL = EXAMPLES["strategy by retry"] + "hostname = \"'mx.example.org'\"\n" + "".join(
    EXAMPLES[name] for name in ("source addresses", "limits", "timeouts"))


SHOWN = {
    "strategy": {"ip-strategy": "ipv4_then_ipv6"},
    "strategy by retry": {"ip-strategy": "ipv6_only"},
    "source addresses": {"source-ip.v4": "192.0.2.10, 192.0.2.11",
                         "source-ip.v6": "2001:db8::a, 2001:db8::b"},
    "hostname": {"hostname": "mx.example.org"},
    "limits": {"limits.mx": "7", "limits.multihomed": "2"},
    "timeouts": {"timeouts.connect": "3m", "timeouts.greeting": "3m", "timeouts.tls": "2m",
                 "timeouts.ehlo": "3m", "timeouts.mail-from": "3m", "timeouts.rcpt-to": "3m",
                 "timeouts.data": "10m"},
}


def without_queue(lab):
    """A rider whose queue is all defaults."""
    rider = lab.rider(start=False)
    rider.write({key: None for key in list(rider.settings) if key.startswith("queue.")})
    return rider


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(lab, name):
    sink = lab.sink(lab.address(), "2001:db8::20")
    domain = lab.domain("one", sink)
    rider = without_queue(lab)
    rider.write(extra=EXAMPLES[name])
    lab.dns.publish()
    assert rider.cli("check", json_rows=False).status == 0
    rider.start()
    rider.inject(SENDER, f"user@{domain}")
    message, = sink.wait_messages(1)
    if name == "strategy":
        assert "." in message.session.peer
    if name == "strategy by retry":
        assert ":" in message.session.peer
    if name == "hostname":
        assert message.session.ehlo == "mx.example.org"
    if name == "source addresses":
        assert message.session.peer in ("192.0.2.10", "192.0.2.11")
    shown = {row["step"]: row for row in rider.cli("explain", f"user@{domain}").rows}
    for key, value in SHOWN[name].items():
        row = shown[f"queue.outbound.{key}"]
        assert row["value"] == value and row["where"].startswith(rider.config + ":"), key


def test_all_examples_together(lab):
    """Version 6 first, then version 4 on the next attempt, from the addresses listed."""
    sink = lab.sink(lab.address(), "2001:db8::21")
    domain = lab.domain("one", sink)
    sink.reply("RCPT", "451 4.7.1 greylisted", times=1)
    rider = without_queue(lab)
    rider.write(extra=ALL + '[queue.schedule]\nretry = "[1s]"\n')
    lab.dns.publish()
    rider.start()
    rider.inject(SENDER, f"user@{domain}")
    first, = rider.wait_record(event="deferred")
    second, = rider.wait_record(event="delivered")
    assert first["remote_ip"] == "2001:db8::21"
    assert first["source_ip"] in ("2001:db8::a", "2001:db8::b")
    assert second["remote_ip"] == sink.addresses[0]
    assert second["source_ip"] in ("192.0.2.10", "192.0.2.11")
    assert second["ehlo"] == "mx.example.org"


def test_strategy_by_retry_without_ipv6(lab):
    """No address of the family wanted is no end: the next attempt wants the other one."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = without_queue(lab)
    rider.write(extra=EXAMPLES["strategy by retry"] + '[queue.schedule]\nretry = "[1s]"\n')
    lab.dns.publish()
    rider.start()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="deferred", retry_num=0)
    assert line["step"] == "address" and "ipv6_only" in line["reply"]
    rider.wait_record(event="delivered", retry_num=1)

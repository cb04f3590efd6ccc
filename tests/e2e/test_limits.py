"""How many hosts and addresses one attempt goes to, counted where they are."""
import pytest

SENDER = "bounces@sender.plain.lab"
MANY = 9


def refusing(lab, count=MANY):
    """One server on so many addresses that sends everybody to the next one."""
    sink = lab.sink(*[lab.address() for _ in range(count)])
    sink.reply("CONNECT", "421 4.3.2 not here")
    return sink


@pytest.mark.parametrize("limit", [1, 2, 7, None])
def test_mx(lab, limit):
    sink = refusing(lab)
    domain = lab.domain("one", *sink.addresses)
    rider = lab.rider({"queue.outbound.limits.mx": limit, "queue.schedule.retry": "[1h]"})
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record()
    assert line["event"] == "deferred" and line["code"] == 421
    # The default is 5.
    assert [session.local for session in sink.sessions] == list(sink.addresses[:limit or 5])
    rows = [row for row in rider.cli("explain", f"user@{domain}").rows if row["step"] == "mx"]
    assert [row["why"] for row in rows] == (["tried"] * (limit or 5)
                                            + ["beyond limits.mx"] * (MANY - (limit or 5)))


@pytest.mark.parametrize("limit", [1, 2, 7, None])
def test_multihomed(lab, limit):
    """The first addresses in the order of the answer."""
    sink = refusing(lab)
    domain = lab.domain("one", sink)
    rider = lab.rider({"queue.outbound.limits.multihomed": limit, "queue.schedule.retry": "[1h]"})
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record()
    assert line["event"] == "deferred" and line["code"] == 421
    assert [session.local for session in sink.sessions] == list(sink.addresses[:limit or 2])


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_both_families(lab, limit):
    """A place is kept for the second family as soon as there are two."""
    sink = lab.sink(*[lab.address() for _ in range(4)], *[lab.address6() for _ in range(4)])
    sink.reply("CONNECT", "421 4.3.2 not here")
    domain = lab.domain("one", sink)
    rider = lab.rider({"queue.outbound.limits.multihomed": limit,
                       "queue.outbound.happy-eyeballs": "0", "queue.schedule.retry": "[1h]"})
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(event="deferred")
    wanted = {1: sink.addresses[:1], 2: (sink.addresses[0], sink.addresses[4]),
              7: sink.addresses[:7]}[limit]
    assert tuple(session.local for session in sink.sessions) == wanted


def test_of_each_host(lab):
    """2 × 2 of 3 × 3; the numbers follow the message."""
    sinks = [refusing(lab, 3) for _ in range(3)]
    domain = lab.domain("one", *sinks)
    rider = lab.rider({"queue.schedule.retry": "[1h]"}, """
[queue.outbound.limits]
mx = [ { if = "sender_domain == 'wide.lab'", then = 3 }, { else = 2 } ]
multihomed = "if_then(sender_domain == 'wide.lab', 3, 2)"
""")
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(1, event="deferred")
    assert [len(sink.sessions) for sink in sinks] == [2, 2, 0]
    rider.inject("x@wide.lab", f"user@{domain}")
    rider.wait_record(2, event="deferred")
    assert [len(sink.sessions) for sink in sinks] == [5, 5, 3]

"""Two families race: the first has a head start, and whoever connects first gets the message."""
import time

SENDER = "bounces@sender.plain.lab"
STRATEGY = "queue.outbound.ip-strategy"
HEAD_START = "queue.outbound.happy-eyeballs"


def silent_first(lab, label="one"):
    """A host whose version 6 is silent and whose version 4 is a server."""
    silent, sink = lab.silent(lab.address6()), lab.sink()
    domain = lab.domain(label, silent.addresses[0])
    lab.dns.a(f"mx1.{domain}", *sink.addresses)
    return domain, silent.addresses[0], sink.addresses[0]


def test_second_family_wins(lab):
    tap = lab.tap()
    domain, silent, good = silent_first(lab)
    rider = lab.rider({STRATEGY: "ipv6_then_ipv4", HEAD_START: "300ms"})
    tap.forget()
    rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="delivered")
    assert line["remote_ip"] == good and line["retry_num"] == 0
    # Long before the connect would have timed out.
    assert 0.3 <= line["delays"]["connect"] < 2
    assert tap.to(silent, good) == [silent, good]


def test_first_family_that_answers_is_alone(lab):
    tap = lab.tap()
    sink = lab.sink(lab.address(), lab.address6())
    domain = lab.domain("one", sink)
    rider = lab.rider({STRATEGY: "ipv6_then_ipv4", HEAD_START: "300ms"})
    sink.stall("RCPT")
    tap.forget()
    rider.inject(SENDER, f"user@{domain}")
    session, = sink.wait_stalled(1, "RCPT")
    rider.until(lambda: time.monotonic() - session.stalled_since > 0.6, "time")
    sink.release()
    rider.wait_record(event="delivered")
    assert tap.to(*sink.addresses) == [sink.addresses[1]]


def test_both_silent(lab):
    """Both count as addresses tried, each once; the attempt ends when both have."""
    tap = lab.tap()
    four, six = lab.silent(lab.address()).addresses[0], lab.silent(lab.address6()).addresses[0]
    domain = lab.domain("one", four)
    lab.dns.aaaa(f"mx1.{domain}", six)
    rider = lab.rider({STRATEGY: "ipv6_then_ipv4", HEAD_START: "200ms",
                       "queue.outbound.timeouts.connect": "700ms",
                       "queue.schedule.retry": "[1h]"})
    tap.forget()
    number = rider.inject(SENDER, f"user@{domain}")
    line, = rider.wait_record(event="deferred")
    assert line["step"] == "connect"
    assert tap.to(four, six) == [six, four]
    attempt, = [row for row in rider.cli("show", str(number)).rows if row["table"] == "attempt"]
    assert attempt["hosts"].count(four) >= 1 and attempt["hosts"].count(six) >= 1
    assert len(attempt["hosts"].splitlines()) == 2


def test_winner_that_sends_us_away(lab):
    """The second family won and greets with 421: the first is still an address of this host."""
    tap = lab.tap()
    domain, silent, good = silent_first(lab)
    lab.sinks[-1].reply("CONNECT", "421 4.3.2 busy")
    rider = lab.rider({STRATEGY: "ipv6_then_ipv4", HEAD_START: "200ms",
                       "queue.outbound.timeouts.connect": "700ms",
                       "queue.schedule.retry": "[1h]"})
    tap.forget()
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(event="deferred")
    assert tap.to(silent, good) == [silent, good, silent]


def test_failed_family_is_not_first_again(lab):
    """Refused or timed out: the next message to that host begins with the other family."""
    tap = lab.tap()
    domain, refused, good = silent_first(lab)
    other = lab.domain("other", lab.address6())
    sink = lab.sinks[-1]
    lab.dns.a(f"mx1.{other}", *sink.addresses)
    rider = lab.rider({STRATEGY: "ipv6_then_ipv4", HEAD_START: "2s",
                       "queue.outbound.timeouts.connect": "600ms", "worker.count": 1,
                       "queue.outbound.connection.max-messages": "1"})
    tap.forget()
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(1, event="delivered")
    assert tap.to(refused, good) == [refused, good]
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(2, event="delivered")
    assert tap.to(refused, good) == [refused, good, good]
    # Of another host nothing is known.
    rider.inject(SENDER, f"user@{other}")
    rider.wait_record(3, event="delivered")
    assert tap.look()[-2][1] not in (refused, good)


def test_off(lab):
    """No head start and no memory: one after the other, every time."""
    tap = lab.tap()
    domain, silent, good = silent_first(lab)
    rider = lab.rider({STRATEGY: "ipv6_then_ipv4", HEAD_START: "0",
                       "queue.outbound.timeouts.connect": "1s",
                       "queue.outbound.connection.max-messages": "1"})
    tap.forget()
    for count in (1, 2):
        rider.inject(SENDER, f"user@{domain}")
        line = rider.wait_record(count, event="delivered")[-1]
        assert line["remote_ip"] == good and line["delays"]["connect"] >= 0.95
        assert tap.to(silent, good) == [silent, good] * count


def test_default(lab):
    """Three seconds, or none where the source addresses are chosen."""
    domain = lab.domain("one", lab.sink())

    def shown(settings):
        rider = lab.rider(settings)
        rider.wait_generation(1)
        row, = [row for row in rider.cli("explain", f"user@{domain}").rows
                if row["step"] == HEAD_START]
        assert rider.stop() == 0
        return row["value"]

    assert shown({}) == "3s"
    assert shown({"queue.outbound.source-ip.v4": "['192.0.2.10']"}) == "0s"
    assert shown({"queue.outbound.source-ip.v6": "['2001:db8::a']"}) == "0s"
    assert shown({"queue.outbound.source-ip.v4": "['192.0.2.10']", HEAD_START: "1s"}) == "1s"

"""A bad configuration is refused with every mistake named, a good one takes effect."""
import os
import re

import pytest

import procs
from rider import SWITCHING

SENDER = "bounces@sender.plain.lab"
BAD = """
[queue.outbound]
ip-strategy = "ipv5_only"
hostname = "'two words'"
sorce-ip = "x"

[queue.outbound.timeouts]
connect = "3 parsecs"
data = "rcpt_domain +"

[queue.outbound.source-ip]
v4 = "['192.0.2.256']"
"""
PLACE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): "
                   r"(?P<key>[\w.-]+): (?P<text>.+)$")


def complaints(rider, text):
    """{key: (line of the file, text)} of all that is said about the file."""
    with open(rider.config, encoding="utf-8") as f:
        lines = f.read().splitlines()
    found = {}
    for line in text.splitlines():
        match = PLACE.match(line)
        if match and match["file"] == rider.config:
            found[match["key"]] = (lines[int(match["line"]) - 1], match["text"])
    return found


def bad_rider(lab):
    rider = lab.rider(start=False)
    rider.write({key: None for key in list(rider.settings) if key.startswith("queue.")}, BAD)
    return rider


def check_complaints(found):
    wanted = {
        "queue.outbound.ip-strategy": "ip-strategy =",
        "queue.outbound.hostname": "hostname =",
        "queue.outbound.sorce-ip": "sorce-ip =",
        "queue.outbound.timeouts.connect": "connect =",
        "queue.outbound.timeouts.data": "data =",
        "queue.outbound.source-ip.v4": "v4 =",
    }
    for key, start in wanted.items():
        assert key in found, f"nothing is said about {key}: {found}"
        assert found[key][0].strip().startswith(start), found[key]


def test_daemon_refuses_to_start(lab):
    rider = bad_rider(lab)
    rider.launch()
    assert rider.wait_exit(10) == 78
    check_complaints(complaints(rider, rider.log()))


def test_check_names_every_mistake(lab):
    rider = bad_rider(lab)
    answer = rider.cli("check", json_rows=False)
    assert answer.status == 1
    check_complaints(complaints(rider, answer.out + answer.err))


def test_check_of_a_good_file(lab):
    rider = lab.rider(start=False)
    answer = rider.cli("check", json_rows=False)
    assert answer.status == 0, answer
    answer = rider.cli("check", "-v", json_rows=False)
    assert answer.status == 0
    for key in ("queue.outbound.timeouts.connect", "queue.outbound.limits.mx", "spool.path"):
        assert re.search(rf"^.*{re.escape(key)}\b.*$", answer.out, re.M), key


def test_check_without_a_file(lab):
    rider = lab.rider(start=False)
    os.unlink(rider.config)
    answer = rider.cli("check", json_rows=False)
    assert answer.status not in (0, None) and rider.config in answer.out + answer.err
    rider.launch()
    assert rider.wait_exit(10) == 78


@pytest.mark.skipif(not SWITCHING, reason="there is one uid only here")
def test_missing_account_names_the_command(lab):
    rider = lab.rider({"server.worker-user": "nobody-has-this"}, start=False)
    rider.launch()
    assert rider.wait_exit(10) == 78
    assert "nobody-has-this" in rider.log() and "sysusers" in rider.log()


@pytest.mark.skipif(not SWITCHING, reason="there is one uid only here")
def test_file_that_the_daemon_user_cannot_read(lab):
    """Found at the start, not at the first reload."""
    rider = lab.rider(start=False)
    os.chown(rider.config, 0, 0)
    os.chmod(rider.config, 0o600)
    rider.allow("cannot be read")
    rider.launch()
    assert rider.wait_exit(10) == 78


def test_reload_with_a_mistake_keeps_the_old(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider({"queue.outbound.hostname": "'first.plain.lab'"})
    rider.wait_generation(1)
    workers = rider.workers()
    rider.write({"queue.outbound.hostname": "'second.plain.lab'",
                 "queue.outbound.ip-strategy": "ipv5_only"})
    rider.reload()
    rider.wait_log("old configuration stays")
    found = complaints(rider, re.sub(r"^.*?(/[^:]+:\d+:)", r"\1", rider.log(), flags=re.M))
    assert "queue.outbound.ip-strategy" in found, rider.log()
    rider.inject(SENDER, f"user@{domain}")
    assert sink.wait_messages(1)[0].session.ehlo == "first.plain.lab"
    assert rider.workers() == workers


@pytest.mark.parametrize("by", ["SIGHUP", "cli"])
def test_reload_takes_effect(lab, by):
    """New workers serve the new configuration; the old ones finish what they have and go."""
    sink, slow = lab.sink(), lab.sink()
    domain = lab.domain("one", sink)
    stalled = lab.domain("slow", slow)
    slow.stall("RCPT")
    rider = lab.rider({"queue.outbound.hostname": "'first.plain.lab'"})
    rider.inject(SENDER, f"user@{stalled}")
    slow.wait_stalled(1, "RCPT")
    old = [procs.Watch(pid) for pid in rider.workers()]
    rider.write({"queue.outbound.hostname": "'second.plain.lab'"})
    if by == "cli":
        answer = rider.cli("reload", json_rows=False)
        assert answer.status == 0, answer
    else:
        rider.reload()
    rider.wait_generation(2)
    rider.inject(SENDER, f"user@{domain}")
    assert sink.wait_messages(1)[0].session.ehlo == "second.plain.lab"
    assert not any(watch.ended(0) for watch in old)
    slow.release()
    assert slow.wait_messages(1)[0].session.ehlo == "first.plain.lab"
    for watch in old:
        assert watch.ended(10), "an old worker stays"
        watch.close()
    rider.wait_record(2, event="delivered")
    rows = [row for row in rider.cli("status").rows if "worker" in row]
    assert {row["generation"] for row in rows} == {2}


def test_reload_while_mail_flows(lab):
    """No message is lost or sent twice."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    for i in range(60):
        rider.inject(SENDER, f"u{i}@{domain}")
        if i % 15 == 7:
            rider.write({"queue.outbound.hostname": f"'gen{i}.plain.lab'"})
            rider.reload()
    rider.wait_record(60, event="delivered")
    assert sorted(m.rcpts[0] for m in sink.messages) == sorted(
        f"u{i}@{domain}" for i in range(60))
    rider.wait_empty()

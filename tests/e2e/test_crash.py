"""Processes die without a word; no accepted message does."""
import os
import re
import signal
import socket
import threading

import pytest

import procs
from submitter import Submitter

SENDER = "bounces@sender.plain.lab"
KILLED = r"ended by signal 9|died young|had \d+ jobs"


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT"])
def test_deliver_worker_killed_with_open_sessions(lab, step):
    """Its deliveries go out at once through another worker; the master and the queue stay."""
    sink = lab.sink()
    domains = [lab.domain(f"d{i}", sink) for i in range(4)]
    sink.stall(step)
    rider = lab.rider()
    rider.allow(KILLED)
    numbers = [rider.inject(SENDER, f"user@{domain}") for domain in domains]
    sink.wait_stalled(4, step)
    queue = rider.sql("SELECT id, retry_num, next_attempt_at FROM delivery ORDER BY id")
    master, victims = rider.pid, rider.workers()
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    sink.wait(lambda: len(sink.sessions) >= 8, "the same messages once more")
    assert rider.sql("SELECT id, retry_num, next_attempt_at FROM delivery ORDER BY id") == queue
    sink.release()
    rider.wait_record(4, event="delivered")
    assert {line["retry_num"] for line in rider.record()} == {0}
    assert not rider.record(event="deferred")
    assert sorted(line["message"] for line in rider.record()) == numbers
    assert rider.running() and rider.pid == master
    assert not set(rider.workers()) & set(victims)
    rider.wait_empty()


def test_worker_killed_after_the_dot(lab):
    """Nobody knows what became of it: it follows the schedule and is said to be unknown."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    sink.stall("DOT", times=1)
    rider = lab.rider()
    rider.allow(KILLED)
    rider.inject(SENDER, f"user@{domain}")
    sink.wait_stalled(1, "DOT")
    os.kill(rider.workers()[0], signal.SIGKILL)
    line, = rider.wait_record(event="deferred")
    assert line["unknown_outcome"] is True and line["next_attempt"] > line["time"]
    rider.wait_record(event="delivered")
    rider.wait_empty()


def test_message_that_loses_every_worker(lab):
    """Once: again at once. Twice: when the schedule says, alone. Three times: held, and an alert."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    sink.stall("RCPT")
    rider = lab.rider({"worker.count": 2})
    rider.allow(KILLED + "|alert: delivery")
    number = rider.inject(SENDER, f"user@{domain}")
    for lost in range(3):
        sink.wait(lambda: len(sink.commands("RCPT")) > lost, f"attempt {lost + 1}")
        rider.kill_carrier()
    rider.until(lambda: rider.sql("SELECT state FROM v_queue") == [("held",)], "the hold")
    rider.wait_log(r"alert: delivery=\d+ msg=%d " % number)
    assert rider.sql("SELECT retry_num FROM v_queue") == [(0,)]
    assert not sink.messages


def test_submit_worker_killed(lab):
    """A client loses its connection, the next one is served."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    rider.allow(KILLED)
    with rider.submitter() as client:
        client.hello()
        client.envelope(SENDER, [f"user@{domain}"])
        victim, = rider.workers("submit")
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(OSError):
            client.data(b"x\r\n")
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(event="delivered")
    assert len(sink.messages) == 1


def test_master_killed_with_open_sessions(lab):
    """Workers and spawner are gone at once; the next start delivers what was in the queue."""
    sink = lab.sink()
    domains = [lab.domain(f"d{i}", sink) for i in range(3)]
    sink.stall("RCPT")
    rider = lab.rider()
    numbers = [rider.inject(SENDER, f"user@{domain}", b"Subject: %d\r\n\r\n" % i)
               for i, domain in enumerate(domains)]
    sink.wait_stalled(3, "RCPT")
    rider.kill()
    sink.release()
    rider.start()
    rider.wait_record(3, event="delivered")
    assert sorted(line["message"] for line in rider.record(event="delivered")) == numbers
    rider.wait_empty()
    assert sorted(m.rcpts[0] for m in sink.messages) == sorted(f"user@{d}" for d in domains)


def inject_until(stop, path, domain, accepted):
    """Sends message after message; notes each that got its 250."""
    number = 0
    while not stop.is_set():
        try:
            with Submitter(path) as client:
                client.hello()
                while not stop.is_set():
                    number += 1
                    body = b"Subject: %d\r\n\r\n%s\r\n" % (number, b"z" * (number % 3 * 3000))
                    if client.message(SENDER, [f"u{number}@{domain}"], body).code == 250:
                        accepted.append(f"u{number}@{domain}")
        except (OSError, ValueError):
            stop.wait(0.01)


def test_nothing_accepted_is_lost(lab):
    """The master is killed again and again while clients submit and workers deliver."""
    sink = lab.sink()
    domains = [lab.domain(f"d{i}", sink) for i in range(2)]
    rider = lab.rider({"worker.count": 2})
    stop = threading.Event()
    accepted = [[], []]
    threads = [threading.Thread(target=inject_until,
                                args=(stop, f"{rider.run}/submit.sock", domain, accepted[i]))
               for i, domain in enumerate(domains)]
    for thread in threads:
        thread.start()
    try:
        for round_number in range(4):
            before = sum(map(len, accepted))
            rider.until(lambda: sum(map(len, accepted)) > before + 20 + 15 * round_number,
                        "messages accepted")
            rider.kill()
            rider.start()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    rider.wait_empty(30)
    arrived = {rcpt for message in sink.messages for rcpt in message.rcpts}
    lost = [rcpt for rcpt in accepted[0] + accepted[1] if rcpt not in arrived]
    assert len(accepted[0]) + len(accepted[1]) > 100
    assert not lost, f"{len(lost)} accepted messages never arrived: {lost[:5]}"
    recorded = {line["rcpt"] for line in rider.record(event="delivered")}
    assert set(accepted[0] + accepted[1]) <= recorded


def test_durable_when_answered(lab):
    """SIGKILL the moment after the 250."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider({"worker.count": 0})
    sizes = [1, 5000, 300 * 1024]
    for size in sizes:
        rider.inject(SENDER, f"u{size}@{domain}", b"x" * size + b"\r\n")
        rider.kill()
        rider.start()
    rider.write({"worker.count": 1})
    rider.reload()
    rider.wait_record(3, event="delivered")
    assert sorted(len(message.content) for message in sink.messages) == [size + 2 for size in sizes]


def test_spawner_killed(lab):
    """Without it no worker can be born: the master stops and says so by its status."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    sink.stall("RCPT")
    rider = lab.rider()
    rider.allow("spawner is gone|ended by signal")
    rider.inject(SENDER, f"user@{domain}")
    sink.wait_stalled(1, "RCPT")
    watches = [procs.Watch(pid) for pid in rider.workers() + rider.workers("submit")]
    os.kill(rider.spawner(), signal.SIGKILL)
    assert rider.wait_exit(10) == 71
    assert re.search(r"the spawner is gone", rider.log())
    for watch in watches:
        assert watch.ended(5), "a worker outlived the spawner"
        watch.close()
    sink.release()
    rider.start()
    rider.wait_record(event="delivered")


def test_second_master_on_the_same_spool(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    settings = {"spool.path": rider.spool, "submit.listen": ["127.0.0.1:2526"]}
    second = lab.rider(settings, start=False)
    second.launch()
    assert second.wait_exit(10) == 75
    assert "another postriderd" in second.log()
    rider.inject(SENDER, f"user@{domain}")
    rider.wait_record(event="delivered")


def test_stop_lets_a_transaction_end(lab):
    """SIGTERM while the body is with the peer: the answer is still heard."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    sink.stall("DOT")
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}")
    sink.wait_stalled(1, "DOT")
    rider.signal(signal.SIGTERM)
    rider.until(lambda: not can_connect(f"{rider.run}/submit.sock"), "no more clients")
    sink.release()
    assert rider.wait_exit() == 0
    assert len(rider.record(event="delivered")) == 1
    assert rider.sql("SELECT count(*) FROM message") == [(0,)]


def can_connect(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.2)
        try:
            probe.connect(path)
            return probe.recv(100).startswith(b"220")
        except OSError:
            return False

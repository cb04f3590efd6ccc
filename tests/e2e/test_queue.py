"""The queue as SQL and as the CLI shows it, and what operators may do to it."""
import os
import re
import signal
import sqlite3
import time

import pytest

SENDER = "bounces@sender.plain.lab"
VIEWS = {
    "v_queue": ["delivery_id", "message_id", "sender", "domain", "recipients", "size", "state",
                "retry_num", "created_at", "next_attempt_at", "expires_at", "last_attempt_at",
                "last_host", "last_code", "last_reply"],
}
PROMISED = {
    "v_recipient": {"delivery_id", "message_id", "address", "state", "code", "reply"},
    "v_attempt": {"delivery_id", "message_id", "retry_num", "at", "step", "code", "reply"},
    "v_domain": {"domain", "queued", "deferred", "held", "suspended_until"},
    "v_message": {"message_id", "sender", "created_at", "size", "deliveries", "recipients"},
}
TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")


def columns(rider, view):
    return [row[1] for row in rider.sql(f"PRAGMA table_info({view})")]


def deferred(lab, settings=None, count=1):
    """(rider, sink, domain, message numbers): tried once, due again in an hour."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    sink.reply("RCPT", "451 4.7.1 greylisted")
    rider = lab.rider({"queue.schedule.retry": "[1h]"} | (settings or {}))
    numbers = [rider.inject(SENDER, f"user{i}@{domain}") for i in range(count)]
    rider.wait_record(count, event="deferred")
    rider.until(lambda: rider.sql("SELECT count(*) FROM delivery WHERE retry_num = 1") ==
                [(count,)], "all results in the queue")
    return rider, sink, domain, numbers


def test_columns_of_the_views(lab):
    rider = lab.rider()
    for view, names in VIEWS.items():
        assert columns(rider, view) == names
    for view, names in PROMISED.items():
        assert names <= set(columns(rider, view)), view


def test_views_tell_the_truth(lab):
    rider, sink, domain, (number,) = deferred(lab)
    row = dict(zip(VIEWS["v_queue"], rider.sql("SELECT * FROM v_queue")[0]))
    assert row["message_id"] == number and row["sender"] == SENDER and row["domain"] == domain
    assert (row["recipients"], row["state"], row["retry_num"]) == (1, "deferred", 1)
    assert row["last_host"] == f"mx1.{domain}" and row["last_code"] == 451
    assert "greylisted" in row["last_reply"]
    for name in ("created_at", "next_attempt_at", "expires_at", "last_attempt_at"):
        assert TIME.match(row[name]), (name, row[name])
    wait, = rider.sql("SELECT strftime('%s', next_attempt_at) - strftime('%s', last_attempt_at) "
                      "FROM v_queue")[0]
    assert 3598 <= wait <= 3602
    expiry, = rider.sql("SELECT strftime('%s', expires_at) - strftime('%s', created_at) "
                        "FROM v_queue")[0]
    assert expiry == 5 * 86400
    assert rider.sql("SELECT message_id, address, state FROM v_recipient") == [
        (number, f"user0@{domain}", "pending")]
    assert rider.sql("SELECT message_id, retry_num, step, code FROM v_attempt") == [
        (number, 0, "rcpt-to", 451)]
    assert rider.sql("SELECT domain, queued, deferred, held FROM v_domain") == [(domain, 0, 1, 0)]
    assert rider.sql("SELECT message_id, sender, deliveries, recipients FROM v_message") == [
        (number, SENDER, 1, 1)]


def test_sqlite3_shell_reads_beside_and_after(lab):
    """The documented command line works while the daemon runs and when it is stopped."""
    rider, _, domain, (number,) = deferred(lab)
    query = "SELECT message_id, domain FROM v_queue"
    assert rider.shell(query, readonly=True) == f"{number}|{domain}\n"
    assert rider.stop() == 0
    assert rider.shell(query, readonly=True) == f"{number}|{domain}\n"


def test_queued_state(lab):
    domain = lab.domain("one", lab.address())
    rider = lab.rider({"worker.count": 0})
    rider.inject(SENDER, [f"a@{domain}", f"b@{domain}"])
    assert rider.sql("SELECT state, recipients, retry_num FROM v_queue") == [("queued", 2, 0)]
    assert rider.sql("SELECT queued, deferred FROM v_domain") == [(1, 0)]


# The CLI.

def test_status(lab):
    rider, _, _, _ = deferred(lab, {"worker.count": 2}, count=3)
    rows = rider.cli("status").rows
    queue = next(row for row in rows if "deferred" in row)
    workers = [row for row in rows if "worker" in row]
    assert queue["pid"] == rider.pid
    assert (queue["messages"], queue["queued"], queue["deferred"], queue["held"]) == (3, 0, 3, 0)
    assert (queue["in_flight"], queue["accepted"], queue["temporary"]) == (0, 3, 3)
    pids = sorted(row["pid"] for row in workers)
    assert pids == sorted(rider.workers() + rider.workers("submit")) and len(pids) == 3
    assert {row["generation"] for row in workers} == {1}
    table = rider.cli("status", json_rows=False)
    assert table.status == 0 and str(rider.pid) in table.out and "\x1b" not in table.out


def test_list(lab):
    rider, _, domain, numbers = deferred(lab, count=3)
    rows = rider.cli("list").rows
    assert [row["message_id"] for row in rows] == numbers
    assert {row["domain"] for row in rows} == {domain}
    assert {row["state"] for row in rows} == {"deferred"}
    assert set(VIEWS["v_queue"]) <= set(rows[0])
    assert len(rider.cli("list", "--limit", "2").rows) == 2
    assert len(rider.cli("list", "--domain", domain).rows) == 3
    assert rider.cli("list", "--domain", "elsewhere.plain.lab").rows == []
    assert rider.cli("list", "--state", "queued").rows == []
    assert len(rider.cli("list", "--state", "deferred", "--sender", SENDER).rows) == 3
    row, = rider.cli("list", "--rcpt", f"user1@{domain}").rows
    assert row["message_id"] == numbers[1]
    row, = rider.cli("list", str(numbers[2])).rows
    assert row["message_id"] == numbers[2]
    table = rider.cli("list", json_rows=False)
    assert domain in table.out and "deferred" in table.out


def test_show(lab):
    rider, _, domain, (number,) = deferred(lab)
    answer = rider.cli("show", str(number))
    assert answer.status == 0
    text = rider.cli("show", str(number), json_rows=False).out
    for word in (SENDER, f"user0@{domain}", f"mx1.{domain}", "451", "greylisted"):
        assert word in answer.out and word in text, word
    attempts = [row for row in answer.rows if row.get("step") == "rcpt-to"]
    assert len(attempts) == 1 and attempts[0]["code"] == 451
    missing = rider.cli("show", "999999")
    assert missing.status == 65 and "999999" in missing.err


def test_retry(lab):
    rider, sink, domain, (number,) = deferred(lab)
    expires, = rider.sql("SELECT expires_at FROM delivery")
    dry = rider.cli("retry", "--domain", domain, "--dry-run", json_rows=False)
    assert dry.status == 0 and "1 delivery" in dry.out + dry.err
    assert len(rider.record()) == 1
    answer = rider.cli("retry", "--domain", domain, json_rows=False)
    assert answer.status == 0 and "1 delivery" in answer.out + answer.err
    rider.wait_record(2, event="deferred")
    rider.until(lambda: rider.sql("SELECT retry_num FROM delivery") == [(2,)], "the result")
    assert rider.sql("SELECT expires_at FROM delivery") == [expires]
    sink.release()
    assert rider.cli("retry", str(number), json_rows=False).status == 0
    rider.wait_record(event="delivered", retry_num=2)
    rider.wait_empty()
    assert rider.cli("retry", json_rows=False).status == 64


def test_stop(lab):
    rider = lab.rider()
    assert rider.cli("stop", json_rows=False).status == 0
    assert rider.wait_exit() == 0


def test_no_daemon(lab):
    rider = lab.rider(start=False)
    answer = rider.cli("status")
    assert answer.status == 69 and len(answer.err.splitlines()) == 1
    assert f"{rider.run}/control.sock" in answer.err


def test_wrong_command(lab):
    rider = lab.rider()
    answer = rider.cli("no-such-command", json_rows=False)
    assert answer.status == 64 and "no-such-command" in answer.err


# Changes from the sqlite3 shell.

def test_update_next_attempt_is_honoured(lab):
    rider, sink, domain, numbers = deferred(lab, count=3)
    sink.release()
    at = time.monotonic()
    rider.shell("UPDATE delivery SET next_attempt_at = unixepoch() "
                f"WHERE message_id = {numbers[1]}")
    line, = rider.wait_record(event="delivered", seconds=5)
    assert time.monotonic() - at < 2.5
    assert line["message"] == numbers[1]
    rider.shell("UPDATE delivery SET next_attempt_at = unixepoch() WHERE 1")
    rider.wait_record(3, event="delivered", seconds=5)
    rider.wait_empty()


def test_update_into_the_future_is_honoured(lab):
    rider, sink, domain, numbers = deferred(lab, {"queue.schedule.retry": "[3s]"}, count=2)
    rider.shell("UPDATE delivery SET next_attempt_at = unixepoch() + 600 "
                f"WHERE message_id = {numbers[0]}")
    sink.release()
    rider.wait_record(event="delivered", message=numbers[1])
    # The record is written before the commit.
    rider.until(lambda: rider.sql("SELECT message_id FROM delivery") == [(numbers[0],)],
                "the other one alone in the queue")
    assert not rider.record(event="delivered", message=numbers[0])


def test_delete_is_honoured(lab):
    """Rows, counters and segments follow, and nobody sends what is gone."""
    rider, sink, domain, numbers = deferred(lab, {"queue.schedule.retry": "[4s]"}, count=3)
    rider.shell(f"DELETE FROM message WHERE id = {numbers[0]}")
    assert rider.sql("SELECT count(*) FROM delivery") == [(2,)]
    assert rider.sql("SELECT count(*) FROM recipient") == [(2,)]
    assert rider.sql("SELECT deferred FROM v_domain") == [(2,)]
    sink.release()
    rider.wait_record(2, event="delivered")
    rider.wait_empty()
    assert {line["message"] for line in rider.record(event="delivered")} == set(numbers[1:])
    assert not rider.cli("list").rows


def test_delete_in_flight_ends_as_it_would_have(lab):
    """What is under way is not called back; that its row was gone is said."""
    rider, _, _, (other,) = deferred(lab)
    sink = lab.sink()
    domain = lab.domain("two", sink)
    lab.dns.publish()
    sink.stall("RCPT")
    number = rider.inject(SENDER, f"user@{domain}")
    sink.wait_stalled(1, "RCPT")
    # The other one's attempt shows that the daemon has seen both changes.
    rider.shell(f"BEGIN; DELETE FROM message WHERE id = {number}; UPDATE delivery "
                f"SET next_attempt_at = unixepoch() WHERE message_id = {other}; COMMIT")
    rider.wait_record(2, event="deferred", message=other)
    sink.release()
    line, = rider.wait_record(event="delivered")
    assert line["message"] == number and line["removed_meanwhile"] is True
    assert len(sink.messages) == 1
    assert rider.sql("SELECT id FROM message") == [(other,)]


def test_foreign_lock_stops_nobody(lab):
    """A shell sits in a transaction for two seconds: mail is delivered all the same, and what came
    of it is committed afterwards."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider({"worker.count": 0})
    for i in range(20):
        rider.inject(SENDER, f"u{i}@{domain}")
    rider.write({"worker.count": 1})
    db = sqlite3.connect(f"{rider.spool}/queue.db", isolation_level=None, timeout=5)
    db.execute("BEGIN IMMEDIATE")
    try:
        rider.reload()
        sink.wait_messages(20, seconds=10)
        time.sleep(2)  # the lock is held this long, that is the case
        assert rider.sql("SELECT count(*) FROM message") == [(20,)]
        assert rider.cli("status").rows
    finally:
        db.execute("ROLLBACK")
        db.close()
    rider.wait_empty()
    assert len(rider.record(event="delivered")) == 20
    assert len(sink.messages) == 20


def test_foreign_lock_and_new_messages(lab):
    """No 250 before the commit; all of them after."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    db = sqlite3.connect(f"{rider.spool}/queue.db", isolation_level=None, timeout=5)
    with rider.submitter() as client:
        client.hello()
        client.envelope(SENDER, [f"user@{domain}"])
        db.execute("BEGIN IMMEDIATE")
        assert client.ask("DATA").code == 354
        client.say(b"Subject: x\r\n\r\n.\r\n")
        client.socket.settimeout(0.7)
        with pytest.raises(TimeoutError):
            client.hear()
        db.execute("ROLLBACK")
        client.socket.settimeout(10)
        assert client.hear().code == 250
    db.close()
    rider.wait_record(event="delivered")


def test_open_reader_stops_nobody(lab):
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    db = sqlite3.connect(f"file:{rider.spool}/queue.db?mode=ro", uri=True, isolation_level=None)
    db.execute("BEGIN")
    db.execute("SELECT count(*) FROM message").fetchall()
    for i in range(20):
        rider.inject(SENDER, f"u{i}@{domain}")
    rider.wait_record(20, event="delivered")
    assert db.execute("SELECT count(*) FROM message").fetchall() == [(0,)]
    db.close()
    rider.wait_empty()


def test_record_is_reopened(lab):
    """As logrotate does: move, SIGUSR1."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    rider = lab.rider()
    rider.inject(SENDER, f"a@{domain}")
    rider.wait_record(event="delivered")
    os.rename(rider.record_path, rider.record_path + ".1")
    rider.signal(signal.SIGUSR1)
    rider.until(lambda: os.path.exists(rider.record_path), "a new record")
    rider.inject(SENDER, f"b@{domain}")
    line, = rider.wait_record(event="delivered")
    assert line["rcpt"] == f"b@{domain}"


def test_log_is_reopened_although_the_record_is_not(lab):
    """A reload obeys log.target; SIGUSR1 opens the log anew even if the record cannot be."""
    rider = lab.rider()
    log = os.path.join(os.path.dirname(rider.record_path), "log")
    rider.write({"log.target": log})
    rider.reload()
    rider.until(lambda: os.path.exists(log), "the log of the new configuration")
    os.rename(log, log + ".1")
    if os.path.exists(rider.record_path):
        os.rename(rider.record_path, rider.record_path + ".1")
    os.mkdir(rider.record_path)
    rider.signal(signal.SIGUSR1)
    rider.until(lambda: os.path.exists(log), "a new log")
    rider.until(lambda: "cannot open the delivery record" in open(log).read(), "the complaint")


def test_segments_go_with_their_messages(lab):
    """A large body has a segment of its own, which leaves with it."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    sink.stall("RCPT")
    rider = lab.rider()
    before = set(os.listdir(f"{rider.spool}/segments"))
    rider.inject(SENDER, f"user@{domain}", b"x" * 600 * 1024 + b"\r\n")
    sink.wait_stalled(1, "RCPT")
    large = [n for n in set(os.listdir(f"{rider.spool}/segments")) - before
             if os.path.getsize(f"{rider.spool}/segments/{n}") > 600 * 1024]
    assert len(large) == 1
    sink.release()
    rider.wait_empty()
    rider.until(lambda: not os.path.exists(f"{rider.spool}/segments/{large[0]}"),
                "the segment's removal")

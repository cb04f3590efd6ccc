"""What workers may do, as the kernel sees it."""
import os
import pwd
import re

import pytest

import procs
from rider import SANITIZED, SWITCHING

ROLES = ("deliver", "submit")
SENDER = "bounces@sender.plain.lab"


@pytest.fixture
def rider(lab):
    """One that has a delivery under way, so that its workers are past all preparation."""
    sink = lab.sink()
    domain = lab.domain("one", sink)
    sink.stall("RCPT")
    rider = lab.rider()
    rider.inject(SENDER, f"user@{domain}", b"x" * 400 * 1024)
    sink.wait_stalled(1, "RCPT")
    assert all(rider.workers(role) for role in ROLES)
    return rider


@pytest.mark.parametrize("role", ROLES)
def test_no_new_privileges(rider, role):
    for pid in rider.workers(role):
        assert procs.status(pid)["NoNewPrivs"].strip() == "1"


@pytest.mark.skipif(SANITIZED, reason="sanitizers need system calls that workers do not")
@pytest.mark.parametrize("role", ROLES)
def test_seccomp(rider, role):
    for pid in rider.workers(role):
        assert procs.status(pid)["Seccomp"].strip() == "2"


@pytest.mark.parametrize("role", ROLES)
def test_no_capabilities(rider, role):
    for pid in rider.workers(role):
        status = procs.status(pid)
        for field in ("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"):
            assert int(status[field], 16) == 0, f"{field}: {status[field]}"


@pytest.mark.skipif(not SWITCHING, reason="there is one uid only here")
@pytest.mark.parametrize("role", ROLES)
def test_another_uid_in_an_empty_root(rider, role):
    account = pwd.getpwnam("postrider-worker")
    for pid in rider.workers(role):
        status = procs.status(pid)
        assert status["Uid"].split() == [str(account.pw_uid)] * 4
        assert status["Gid"].split() == [str(account.pw_gid)] * 4
        assert status["Groups"].split() in ([], [str(account.pw_gid)])
        root = procs.root(pid)
        assert root != "/" and os.listdir(f"/proc/{pid}/root") == []
        assert os.stat(f"/proc/{pid}/root").st_uid == 0


@pytest.mark.skipif(not SWITCHING, reason="there is one uid only here")
def test_master_is_not_root(rider):
    account = pwd.getpwnam("postrider")
    status = procs.status(rider.pid)
    assert status["Uid"].split() == [str(account.pw_uid)] * 4
    assert int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert procs.status(rider.spawner())["Uid"].split() == ["0"] * 4


@pytest.mark.skipif(not SWITCHING, reason="there is one uid only here")
def test_modes_of_the_spool(rider):
    account = pwd.getpwnam("postrider")
    spool = os.stat(rider.spool)
    assert spool.st_uid == account.pw_uid and spool.st_mode & 0o777 == 0o750
    assert os.stat(f"{rider.spool}/queue.db").st_mode & 0o777 == 0o640
    assert os.stat(f"{rider.spool}/segments").st_mode & 0o777 == 0o700


@pytest.mark.parametrize("role", ROLES)
def test_no_descriptor_of_the_queue(rider, role):
    for pid in rider.workers(role):
        for number, target in procs.files(pid).items():
            assert "queue.db" not in target and "lock" not in target, f"{number}: {target}"
            if role == "submit":
                continue
            # A body past 256 KiB travels as a descriptor that only reads.
            if ".seg" in target:
                with open(f"/proc/{pid}/fdinfo/{number}", encoding="ascii") as f:
                    flags = int(re.search(r"^flags:\s*(\d+)", f.read(), re.M)[1], 8)
                assert flags & os.O_ACCMODE == os.O_RDONLY


def test_submit_worker_may_only_append(rider):
    segments = []
    for pid in rider.workers("submit"):
        for number, target in procs.files(pid).items():
            if ".seg" in target:
                with open(f"/proc/{pid}/fdinfo/{number}", encoding="ascii") as f:
                    flags = int(re.search(r"^flags:\s*(\d+)", f.read(), re.M)[1], 8)
                segments.append((target, flags))
    for target, flags in segments:
        assert flags & os.O_ACCMODE == os.O_WRONLY and flags & os.O_APPEND, target


def test_said_in_the_log_once(rider):
    """Each role says once what protection it is under, and what is missing when something is."""
    for role in ROLES:
        rider.wait_log(f"protection of {role} workers: ")
        lines = re.findall(rf"protection of {role} workers: on: (.*); off: (.*)", rider.log())
        assert len(lines) == 1
        on, off = lines[0]
        assert "no new privileges" in on and "no capabilities" in on
        assert "seccomp" in (off if SANITIZED else on)
        # A mapped root may be able to change its root directory; its uid is the only one.
        assert "another uid" in (on if SWITCHING else off)
        assert "empty root directory" in on or not SWITCHING and "empty root directory" in off

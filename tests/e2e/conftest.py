"""One name server for the whole run; for each test a lab of its own, and a careful end to it."""
import itertools
import os
import shutil

import pytest

from nameserver import Nameserver
from rider import Rider
from sink import EXTENSIONS, Sink
from smtpsink import SmtpSink
from tap import Silent, Tap

HERE = os.environ.get("E2E_TMP")
numbers = itertools.count(1)
addresses = itertools.cycle([f"192.0.2.{i}" for i in range(20, 250)])
addresses6 = itertools.cycle([f"2001:db8::{i:x}" for i in range(0x24, 0x40)])


class Lab:
    """What one test builds: riders, sinks, names that nobody else uses."""

    def __init__(self, dns):
        self.dns = dns
        self.number = next(numbers)
        self.place = f"{HERE}/{self.number}"
        self.riders = []
        self.sinks = []
        os.mkdir(self.place)
        os.chmod(self.place, 0o755)

    def name(self, label, signed=False):
        """A domain or host name of this test."""
        return f"{label}.t{self.number}.{'signed' if signed else 'plain'}.lab"

    def address(self):
        """An address of this machine that nothing listens on."""
        return next(addresses)

    def address6(self):
        return next(addresses6)

    def tap(self, port=25):
        """A witness of every connect from now on."""
        self.sinks.append(Tap(port))
        return self.sinks[-1]

    def silent(self, address):
        """From now on nothing answers there, not even with a refusal."""
        self.sinks.append(Silent(address))
        return self.sinks[-1]

    def sink(self, *where, port=25, extensions=EXTENSIONS):
        """A scripted server on these addresses, or on a fresh one."""
        self.sinks.append(Sink(*(where or (self.address(),)), port=port,
                               extensions=extensions))
        return self.sinks[-1]

    def smtp_sink(self, *options):
        """Postfix's smtp-sink; (server, its address)."""
        address = self.address()
        place = f"{self.place}/sink{len(self.sinks)}"
        self.sinks.append(SmtpSink(place, address, *options))
        return self.sinks[-1], address

    def domain(self, label, *hosts, signed=False):
        """A domain whose MX hosts have these addresses, first preferred; sinks may be given."""
        domain = self.name(label, signed)
        for i, host in enumerate(hosts):
            found = host.addresses if isinstance(host, Sink) else [host]
            name = f"mx{i + 1}.{domain}"
            self.dns.mx(domain, [(10 * (i + 1), name)])
            self.dns.a(name, *[a for a in found if ":" not in a])
            self.dns.aaaa(name, *[a for a in found if ":" in a])
        return domain

    def rider(self, settings=None, extra="", start=True):
        """A daemon with the names said so far served; `settings` by dotted key."""
        self.dns.publish()
        place = f"{self.place}/rider{len(self.riders)}"
        os.mkdir(place)
        rider = Rider(place, settings, extra, f"rider{self.number}")
        self.riders.append(rider)
        return rider.start() if start else rider

    def close(self):
        try:
            for rider in self.riders:
                rider.finish()
            for sink in self.sinks:
                sink.close()
        finally:
            for rider in self.riders:
                rider.destroy()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.failed = True


@pytest.fixture(scope="session")
def dns():
    assert HERE, "started without tests/e2e/run"
    server = Nameserver(f"{HERE}/dns")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def lab(dns, request):
    lab = Lab(dns)
    yield lab
    for sink in lab.sinks:
        if isinstance(sink, Sink) and sink.thread.is_alive():
            sink.release()
    keep = os.environ.get("E2E_KEEP")
    failed = True
    try:
        lab.close()
        failed = getattr(request.node, "failed", False)
    finally:
        if keep and failed:
            shutil.copytree(lab.place, f"{keep}/{request.node.name}", dirs_exist_ok=True,
                            ignore=lambda d, names: [n for n in names if n.endswith(".sock")
                                                     or n == "notify"])
        shutil.rmtree(lab.place, ignore_errors=True)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.ensure_newline()


def pytest_unconfigure(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    counts = {kind: len(reporter.stats.get(kind, [])) for kind in
              ("passed", "failed", "error", "skipped")}
    line = f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed"
    if counts["skipped"]:
        line += f", {counts['skipped']} skipped"
    print(line)

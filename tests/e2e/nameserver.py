"""Real DNS: NSD with a plain and a signed zone, and a validating unbound in front of it.

Records are collected by the verbs and served after `publish()`, which comes back when both servers
answer from the new zones. Nothing is cached for longer than a second.
"""
import os
import subprocess
import time

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

ADDRESS = "127.0.0.1"
NSD_PORT = 5300
REVERSE = "2.0.192.in-addr.arpa"
PORT = 53

NSD_CONF = """
server:
    ip-address: {address}@{nsd_port}
    server-count: 1
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{place}"
    pidfile: "{place}/nsd.pid"
    xfrdfile: "{place}/xfrd.state"
    zonelistfile: "{place}/zone.list"
    logfile: "{place}/nsd.log"
    rrl-ratelimit: 0
    zonefiles-check: yes
remote-control:
    control-enable: no
"""

UNBOUND_CONF = """
server:
    interface: {address}@{port}
    access-control: 127.0.0.0/8 allow
    username: ""
    chroot: ""
    directory: "{place}"
    pidfile: "{place}/unbound.pid"
    use-syslog: no
    logfile: "{place}/unbound.log"
    do-daemonize: no
    do-ip6: no
    num-threads: 1
    incoming-num-tcp: 50
    do-not-query-localhost: no
    cache-max-ttl: 0
    cache-max-negative-ttl: 0
    aggressive-nsec: no
    rrset-roundrobin: no
    module-config: "validator iterator"
    trust-anchor-file: "{place}/anchor"
    domain-insecure: "plain.lab"
    domain-insecure: "{reverse}"
    local-zone: "{reverse}" nodefault
remote-control:
    control-enable: no
"""


class Nameserver:
    """`plain.lab` is unsigned, `signed.lab` is secure; a name's ending chooses its zone."""

    def __init__(self, place):
        self.place = place
        self.records = {"plain.lab": [], "signed.lab": [], REVERSE: []}
        self.served = {}
        self.serial = 1
        self.processes = []
        self.key = None

    # Verbs. Names have no final dot.

    def a(self, name, *addresses):
        for address in addresses:
            self._add(name, f"A {address}")

    def aaaa(self, name, *addresses):
        for address in addresses:
            self._add(name, f"AAAA {address}")

    def mx(self, domain, hosts):
        """Each host is a name or (preference, name)."""
        for host in hosts:
            preference, name = host if isinstance(host, tuple) else (10, host)
            self._add(domain, f"MX {preference} {name}.")

    def null_mx(self, domain):
        self._add(domain, "MX 0 .")

    def txt(self, name, text):
        self._add(name, f'TXT "{text}"')

    def ptr(self, address, name):
        """The name of one of 192.0.2.0/24."""
        self._add(f"{address.rsplit('.', 1)[1]}.{REVERSE}", f"PTR {name}.")

    def cname(self, name, target):
        self._add(name, f"CNAME {target}.")

    def publish(self):
        """Serves what was said since the last time; returns when it is in force."""
        changed = [zone for zone, records in self.records.items()
                   if self.served.get(zone) != len(records)]
        if not changed:
            return
        self.serial += 1
        for zone in changed:
            self._write(zone)
        if self.processes:
            self._reload(changed)

    def secure(self, name, kind="A"):
        """Whether the resolver vouches for this answer."""
        return bool(self._ask(name, kind, PORT).flags & dns.flags.AD)

    # The servers.

    def start(self):
        os.makedirs(self.place, exist_ok=True)
        self.key = subprocess.run(["ldns-keygen", "-k", "-a", "ECDSAP256SHA256", "signed.lab"],
                                  cwd=self.place, check=True, capture_output=True,
                                  text=True).stdout.strip()
        with open(f"{self.place}/{self.key}.key", encoding="ascii") as f:
            self._file("anchor", f.read())
        facts = {"place": self.place, "address": ADDRESS, "nsd_port": NSD_PORT, "port": PORT,
                 "reverse": REVERSE}
        nsd, unbound = NSD_CONF.format(**facts), UNBOUND_CONF.format(**facts)
        for zone in self.records:
            nsd += f'zone:\n    name: "{zone}"\n    zonefile: "{zone}.zone"\n'
            unbound += (f'stub-zone:\n    name: "{zone}"\n'
                        f"    stub-addr: {ADDRESS}@{NSD_PORT}\n    stub-prime: no\n")
        self._file("nsd.conf", nsd)
        self._file("unbound.conf", unbound)
        for zone in self.records:
            self._write(zone)
        self._run("nsd", "-d", "-c", f"{self.place}/nsd.conf")
        self._run("unbound", "-d", "-c", f"{self.place}/unbound.conf")
        for zone in self.records:
            self._wait(zone, NSD_PORT)
            self._wait(zone, PORT)

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def _run(self, *words):
        with open(f"{self.place}/{words[0]}.out", "ab") as out:
            self.processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out,
                                                   stderr=out, cwd=self.place))

    def _reload(self, changed):
        with open(f"{self.place}/nsd.pid", encoding="ascii") as f:
            os.kill(int(f.read()), 1)
        for zone in changed:
            self._wait(zone, NSD_PORT)
            self._wait(zone, PORT)

    def _ask(self, name, kind, port):
        query = dns.message.make_query(name, kind, want_dnssec=True)
        return dns.query.udp(query, ADDRESS, timeout=0.5, port=port)

    def _wait(self, zone, port):
        """Until the serial of that moment is what is answered."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                for rrset in self._ask(zone, "SOA", port).answer:
                    if rrset.rdtype == dns.rdatatype.SOA and rrset[0].serial == self.serial:
                        return
            except (dns.exception.DNSException, OSError):
                pass
            if any(process.poll() is not None for process in self.processes):
                raise RuntimeError(f"a name server of {self.place} has ended")
            time.sleep(0.01)
        raise RuntimeError(f"{zone} is not served on port {port}: see {self.place}")

    # Zone files.

    def _add(self, name, record):
        name = name.lower()
        zone = next((z for z in self.records if name == z or name.endswith("." + z)), None)
        assert zone is not None, f"{name} is in none of the zones"
        self.records[zone].append(f"{name}. 1 IN {record}\n")

    def _file(self, name, text):
        with open(f"{self.place}/{name}.new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(f"{self.place}/{name}.new", f"{self.place}/{name}")

    def _write(self, zone):
        text = (f"{zone}. 1 IN SOA ns.{zone}. root.{zone}. {self.serial} 3600 600 86400 1\n"
                f"{zone}. 1 IN NS ns.{zone}.\nns.{zone}. 1 IN A {ADDRESS}\n")
        text += "".join(self.records[zone])
        self.served[zone] = len(self.records[zone])
        if zone != "signed.lab":
            self._file(f"{zone}.zone", text)
            return
        self._file("unsigned", text)
        subprocess.run(["ldns-signzone", "-o", zone, "-f", "signed", "unsigned", self.key],
                       cwd=self.place, check=True, capture_output=True)
        os.rename(f"{self.place}/signed", f"{self.place}/{zone}.zone")

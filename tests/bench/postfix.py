"""Postfix as it is measured: an instance of its own, which gets its queue manager for the drain."""
import os
import shutil
import subprocess
import time

from lab import tree

MAIN = """
compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
daemon_directory = {daemons}
maillog_file = {place}/log/maillog
maillog_file_prefixes = {place}
mail_owner = postfix
setgid_group = postdrop
myhostname = mta.example.net
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
local_transport = error:none
alias_maps =
alias_database =
smtputf8_enable = no
smtp_tls_security_level = none
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
in_flow_delay = 0
default_process_limit = 100
default_destination_concurrency_limit = 20
initial_destination_concurrency = 10
qmgr_message_active_limit = 40000
qmgr_message_recipient_limit = 80000
smtp_connection_cache_on_demand = yes
"""

MASTER = """
127.0.0.1:2526 inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

QMGR = "qmgr unix n - n 300 1 qmgr\n"
DAEMONS = "/usr/lib/postfix/sbin"


class Postfix:
    name = "postfix"
    submit = "127.0.0.1:2526"

    def __init__(self, lab, args):
        self.lab = lab
        self.args = args
        self.place = lab.path("postfix")
        self.conf = os.path.join(self.place, "conf")
        self.process = None
        self.fifo = -1

    def _postfix(self, *words):
        subprocess.run(["postfix", "-c", self.conf, *words], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        shutil.rmtree(self.place, ignore_errors=True)
        for name in ("", "conf", "queue", "data", "log"):
            os.mkdir(os.path.join(self.place, name))
        shutil.chown(self.place + "/data", "postfix", "postfix")
        self.lab.write("postfix/conf/main.cf", MAIN.format(place=self.place, daemons=DAEMONS))
        self.lab.write("postfix/conf/master.cf", MASTER)
        with open(os.path.join(self.place, "start.log"), "wb") as log:
            subprocess.run(["postfix", "-c", self.conf, "check"], check=True, stdout=log,
                           stderr=log)
            self.process = subprocess.Popen([DAEMONS + "/master", "-c", self.conf, "-s"],
                                            stdout=log, stderr=log,
                                            env=dict(os.environ, MAIL_CONFIG=self.conf))
        self.lab.wait(lambda: self.lab.listens(2526), "postfix", 20)
        # Stands in for the queue manager, which cleanup pokes after each message.
        poked = os.path.join(self.place, "queue", "public", "qmgr")
        os.mkfifo(poked)
        shutil.chown(poked, "postfix")
        self.fifo = os.open(poked, os.O_RDWR | os.O_NONBLOCK)

    def cpu(self):
        times = tree(self.process.pid).values()
        return tuple(sum(one[i] + one[i + 2] for one in times) for i in (0, 1))

    def _sent(self, counter):
        with open(os.path.join(self.place, "log", "maillog"), "rb") as log:
            log.seek(counter[0])
            data = log.read()
        # Only whole lines are counted.
        data = data[:data.rfind(b"\n") + 1]
        counter[0] += len(data)
        counter[1] += data.count(b" status=sent ")
        return counter[1]

    def drain(self, messages):
        """Seconds from the start of the queue manager to the last line about a delivery."""
        counter = [0, 0]
        self.lab.write("postfix/conf/master.cf", MASTER + QMGR)
        begun = time.monotonic()
        os.close(self.fifo)
        self._postfix("reload")
        self.lab.wait(lambda: self._sent(counter) >= messages, "Postfix")
        return time.monotonic() - begun

    def stop(self):
        self.lab.end(self.process)

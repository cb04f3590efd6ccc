"""Every attempt to connect on this machine, as the network saw it: who, whither, in which order."""
import ctypes
import socket
import struct

PACKET_OUTGOING = 4
ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
# TCP with SYN and without ACK, of either version; the packet begins at its network header.
SYN = [(0x30, 0, 0, 0), (0x54, 0, 0, 0xf0), (0x15, 0, 6, 0x40),
       (0x30, 0, 0, 9), (0x15, 0, 11, 6), (0xb1, 0, 0, 0), (0x50, 0, 0, 13),
       (0x54, 0, 0, 0x12), (0x15, 6, 7, 2),
       (0x15, 0, 6, 0x60), (0x30, 0, 0, 6), (0x15, 0, 4, 6), (0x30, 0, 0, 53),
       (0x54, 0, 0, 0x12), (0x15, 0, 1, 2),
       (0x06, 0, 0, 96), (0x06, 0, 0, 0)]


class Tap:
    """Sees the connects that begin after it was made; retransmissions count once."""

    def __init__(self, port=25):
        self.port = port
        self.seen = set()
        self.connects = []
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        code = b"".join(struct.pack("HBBI", *one) for one in SYN)
        self.filter = ctypes.create_string_buffer(code, len(code))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                               struct.pack("HL", len(SYN), ctypes.addressof(self.filter)))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("lo", ETH_P_ALL))
        self.socket.setblocking(False)

    def look(self):
        """(source, destination) of every connect so far, in order."""
        while True:
            try:
                packet, (_, _, kind, _, _) = self.socket.recvfrom(256)
            except BlockingIOError:
                return self.connects
            if kind != PACKET_OUTGOING:
                continue
            if packet[0] >> 4 == 4:
                at = (packet[0] & 15) * 4
                ends = [socket.inet_ntop(socket.AF_INET, packet[i:i + 4]) for i in (12, 16)]
            else:
                at = 40
                ends = [socket.inet_ntop(socket.AF_INET6, packet[i:i + 16]) for i in (8, 24)]
            ports = struct.unpack("!HH", packet[at:at + 4])
            if ports[1] == self.port and (*ends, *ports) not in self.seen:
                self.seen.add((*ends, *ports))
                self.connects.append(tuple(ends))

    def forget(self):
        """What was seen so far is not of interest, nor is its repetition."""
        self.look()
        self.connects = []

    def to(self, *addresses):
        """Where the connects to these addresses went, in order."""
        return [one for _, one in self.look() if one in addresses]

    def close(self):
        self.socket.close()


class Silent:
    """Port 25 of an address that never answers: its queue of connections is full."""

    def __init__(self, address, port=25):
        self.addresses = (address,)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(0)
        self.clients = []
        for _ in range(4):
            client = socket.socket(family)
            client.setblocking(False)
            client.connect_ex((address, port))
            self.clients.append(client)
        probe = socket.socket(family)
        probe.settimeout(0.2)
        try:
            probe.connect((address, port))
            raise RuntimeError(f"{address} is not silent")
        except socket.timeout:
            self.clients.append(probe)

    def close(self):
        for one in self.clients + [self.listener]:
            one.close()

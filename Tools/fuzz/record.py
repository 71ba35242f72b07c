#!/usr/bin/env python3
"""Records what real clients and nodes say to one another on loopback while a command runs, cut into the fuzz
targets' inputs.

    Tools/fuzz/record.py OUT [--data CLUSTER] -- COMMAND...

It listens on `lo` (so it needs root), takes what goes to and comes from the ports 9042 (CQL), 7000 (between nodes),
8080 and 10000 (HTTP), and puts together each connection's two directions. --data also takes what the nodes of a cluster
folder wrote into LevelDB's logs. OUT/TARGET/ then holds one file an input; `Tools/fuzz/run --minimise TARGET OUT/TARGET`
makes a corpus of it. Connections under TLS say nothing.
"""
import hashlib
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

CQL, INTERNODE, HTTP = {9042}, {7000}, {8080, 10000}
MAX_FLOW_BYTES = 16 << 20
MAX_INPUT_BYTES = 4096
RECEIVE_BUFFER_BYTES = 256 << 20
PACKET_OUTGOING = 4
STARTUP, READY, AUTHENTICATE = 1, 2, 3


class Flow:
    """One direction of a connection, in order; a packet that was missed ends it."""

    def __init__(self, first):
        self.next = (first + 1) & 0xFFFFFFFF
        self.data = bytearray()
        self.early = {}

    def add(self, sequence, payload):
        self.early[sequence] = payload
        while self.next in self.early and len(self.data) < MAX_FLOW_BYTES:
            piece = self.early.pop(self.next)
            self.data += piece
            self.next = (self.next + len(piece)) & 0xFFFFFFFF


class Recorder(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, RECEIVE_BUFFER_BYTES)  # SO_RCVBUFFORCE
        self.socket.bind(("lo", 0x0800))
        self.socket.settimeout(0.2)
        self.flows = {}
        self.ends = False

    def run(self):
        while True:
            try:
                packet, address = self.socket.recvfrom(1 << 17)
            except TimeoutError:
                if self.ends:
                    return
                continue
            if address[2] != PACKET_OUTGOING:
                self.take(packet)

    def take(self, packet):
        head = (packet[0] & 15) * 4
        if packet[9] != socket.IPPROTO_TCP:
            return
        source, target, sequence, _, offset, flags = struct.unpack_from(">HHIIBB", packet, head)
        if not {source, target} & (CQL | INTERNODE | HTTP):
            return
        key = (packet[12:16], source, packet[16:20], target)
        if flags & 2:
            # A port is used again after a while: the old connection's bytes are kept under a name of their own.
            if key in self.flows:
                self.flows[(*key, len(self.flows))] = self.flows.pop(key)
            self.flows[key] = Flow(sequence)
        total = struct.unpack_from(">H", packet, 2)[0] or len(packet)
        payload = packet[head + (offset >> 4) * 4:total]
        if payload and key in self.flows:
            self.flows[key].add(sequence, payload)


class Inputs:
    """Files of OUT/TARGET, each content once."""

    def __init__(self, out):
        self.out = Path(out)
        self.counts = {}

    def add(self, target, content):
        if not content or len(content) > MAX_INPUT_BYTES:
            return
        folder = self.out / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(content).hexdigest()[:16]).write_bytes(content)
        self.counts[target] = self.counts.get(target, 0) + 1


def split_cql(data, is_request, inputs):
    """Frames of the protocol; behind a v5 handshake segments, and the frames in them."""
    at, compression = 0, b""
    while at + 9 <= len(data):
        version, opcode = data[at] & 0x7F, data[at + 4]
        size = 9 + struct.unpack_from(">I", data, at + 5)[0]
        frame = bytes(data[at:at + size])
        if len(frame) < size:
            return
        at += size
        take_frame(frame, inputs)
        if is_request and opcode == STARTUP:
            compression = next((name for name in (b"lz4", b"snappy") if name in frame[9:]), b"")
        if version == 5 and opcode in ((STARTUP,) if is_request else (READY, AUTHENTICATE)):
            return split_segments(data[at:], compression, inputs)


def take_frame(frame, inputs):
    if frame[1] & 1:
        # An LZ4 body begins with its length in four bytes, the first 0 for any that is kept; Snappy's does not.
        inputs.add("compression", (b"\0" if frame[9:10] == b"\0" else b"\1") + frame[9:])
    else:
        inputs.add("frames", frame)
        take_paging_state(frame, inputs)
        if frame[4] in (7, 9) and not frame[0] & 0x80 and not frame[1] & 4:
            size = struct.unpack_from(">I", frame, 9)[0]
            inputs.add("cql", frame[13:13 + size])


def take_paging_state(frame, inputs):
    """Of a page of rows: the state without its seal of 16 bytes, and the whole as a forger would send it."""
    kind, flags = struct.unpack_from(">II", frame, 9) if len(frame) >= 25 else (0, 0)
    if frame[4] != 8 or frame[1] or kind != 2 or not flags & 2:
        return
    size = struct.unpack_from(">i", frame, 21)[0]
    state = frame[25:25 + max(0, size)]
    inputs.add("paging", b"\1" + state[:-16])
    inputs.add("paging", b"\0" + state)


def split_segments(data, compression, inputs):
    """Plain segments and compressed ones tell themselves apart by which header's checksum fits; here by the lengths."""
    data = bytes(data)
    for head, kind in ((6, b"\0"), (8, b"\1")):
        segments = list(cut_segments(data, head))
        if not segments or sum(map(len, segments)) < len(data) // 2:
            continue
        for segment in segments:
            inputs.add("segments", kind + segment)
        inputs.add("segments", kind + b"".join(segments)[:MAX_INPUT_BYTES - 1])
        if head == 6:
            take_frames_of(b"".join(segment[6:-4] for segment in segments), inputs)
        return


def cut_segments(data, head):
    at = 0
    while at + head <= len(data):
        if crc24(data[at:at + head - 3]) != int.from_bytes(data[at + head - 3:at + head], "little"):
            return
        size = head + (int.from_bytes(data[at:at + 3], "little") & 0x1FFFF) + 4
        if at + size > len(data):
            return
        yield data[at:at + size]
        at += size


def crc24(data):
    """Native protocol v5, section 2.2: polynomial 0x1974F0B, begun with 0x875060."""
    value = 0x875060
    for byte in data:
        value ^= byte << 16
        for _ in range(8):
            value = value << 1 ^ (0x1974F0B if value & 0x800000 else 0)
    return value & 0xFFFFFF


def take_frames_of(data, inputs):
    at = 0
    while at + 9 <= len(data):
        size = 9 + struct.unpack_from(">I", data, at + 5)[0]
        take_frame(data[at:at + size], inputs)
        at += size


def split_internode(data, inputs):
    at, row = 0, b""
    while at + 21 <= len(data):
        size = 21 + struct.unpack_from(">I", data, at)[0]
        message = bytes(data[at:at + size])
        if len(message) < size:
            return
        at += size
        inputs.add("messages", message)
        # Several in a row, as they come.
        row = row + message if len(row) + size <= MAX_INPUT_BYTES // 4 else message
        inputs.add("messages", row)
        if message[4] == 6:
            inputs.add("stored", b"p" + message[21:] + message[21:])
        if message[4] in (9, 10):
            inputs.add("stored", b"s" + message[21:])


def log_records(data):
    """LevelDB's log format (doc/log_format.md): blocks of 32 KiB, records in pieces."""
    at, record = 0, b""
    while at + 7 <= len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        size, kind = struct.unpack_from("<HB", data, at + 4)
        piece = data[at + 7:at + 7 + size]
        at += 7 + size
        if kind == 0:
            return
        record = piece if kind in (1, 2) else record + piece
        if kind in (1, 4):
            yield record


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def puts(record):
    """A write batch's keys and values."""
    at = 12
    while at < len(record):
        is_put = record[at] == 1
        size, at = varint(record, at + 1)
        key, at, value = record[at:at + size], at + size, None
        if is_put:
            size, at = varint(record, at)
            value, at = record[at:at + size], at + size
        yield key, value


def take_stored(cluster, inputs):
    for log in sorted(Path(cluster).rglob("*.log")):
        if not log.stem.isdigit():
            continue
        for record in log_records(log.read_bytes()):
            for key, value in puts(record):
                take_pair(key, value, inputs)


def take_pair(key, value, inputs):
    if value is None:
        return
    if key[0] == 0:
        if key == b"\0node":
            inputs.add("stored", b"n" + value)
        elif key[1:5] == b"hint":
            inputs.add("hints", b"h" + value)
        elif key[1:6] == b"batch":
            inputs.add("hints", b"b" + value)
        return
    if key[0] != 1:
        return
    inputs.add("stored", b"k" + key)
    end = 13
    while key[end:end + 2] != b"\0\1":
        end += 2 if key[end] == 0 else 1
    kind = key[end + 2]
    inputs.add("stored", {1: b"d", 2: b"g"}.get(kind, b"r") + value)


def main():
    if "--" not in sys.argv or len(sys.argv) < 4:
        print(__doc__)
        return 2
    cut = sys.argv.index("--")
    options, command = sys.argv[1:cut], sys.argv[cut + 1:]
    inputs, recorder = Inputs(options[0]), Recorder()
    recorder.start()
    status = subprocess.run(command).returncode
    recorder.ends = True
    recorder.join()
    for key, flow in recorder.flows.items():
        source, target = key[1], key[3]
        if {source, target} & CQL:
            split_cql(flow.data, target in CQL, inputs)
        elif {source, target} & INTERNODE:
            split_internode(flow.data, inputs)
        elif target in HTTP:
            inputs.add("http", bytes(flow.data[:MAX_INPUT_BYTES]))
    for index, word in enumerate(options):
        if word == "--data":
            take_stored(options[index + 1], inputs)
    print("recorded: " + ", ".join(f"{name} {count}" for name, count in sorted(inputs.counts.items())))
    return status


if __name__ == "__main__":
    sys.exit(main())

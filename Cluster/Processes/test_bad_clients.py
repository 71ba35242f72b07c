"""Bytes that no driver sends: each gets a clear error or a closed connection, and no other client is harmed."""
import os
import socket
import struct

import harness
import steady_inserts
from cluster import address, expect, request

OPTIONS, STARTUP, QUERY, ERROR, READY, RESULT = 0x05, 0x01, 0x07, 0x00, 0x02, 0x08
PROTOCOL_ERROR, SYNTAX_ERROR, INVALID, UNPREPARED = 0x000A, 0x2000, 0x2200, 0x2500


def frame(opcode, body=b"", version=4, flags=0, stream=1, length=None):
    return struct.pack(">BBhBI", version, flags, stream, opcode, len(body) if length is None else length) + body


def startup():
    pairs = {"CQL_VERSION": "3.0.0"}
    body = struct.pack(">H", len(pairs))
    for key, value in pairs.items():
        body += struct.pack(">H", len(key)) + key.encode() + struct.pack(">H", len(value)) + value.encode()
    return frame(STARTUP, body)


def query(text):
    data = text if isinstance(text, bytes) else text.encode()
    return frame(QUERY, struct.pack(">I", len(data)) + data + struct.pack(">HB", 1, 0))


class Raw:
    """A connection without a driver."""

    def __init__(self, port=9042):
        self.socket = socket.create_connection((address(1), port), timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                return None
            data += piece
        return data

    def answer(self):
        """(opcode, body), or None when the node closed the connection."""
        head = self.read(9)
        if head is None:
            return None
        _, _, _, opcode, length = struct.unpack(">BBhBI", head)
        return opcode, self.read(length)

    def error(self, name):
        """(code, text) of an ERROR answer."""
        got = self.answer()
        expect(got is not None and got[0] == ERROR, f"{name}: wanted an error, got {got}")
        code, length = struct.unpack(">IH", got[1][:6])
        return code, got[1][6:6 + length].decode()


def greeted():
    """A connection after STARTUP."""
    client = Raw()
    client.send(startup())
    expect(client.answer()[0] == READY, "no READY")
    return client


def still_serves():
    with greeted() as client:
        client.send(query("SELECT key FROM system.local"))
        expect(client.answer()[0] == RESULT, "no rows after the bad client")


def test_malformed_frames_are_answered_and_harm_nobody(directory):
    with harness.running_cluster(directory):
        for version in (0x42, 0x41, 1, 2, 9):
            with Raw() as client:
                client.send(frame(OPTIONS, version=version))
                code, text = client.error(f"version {version}")
                expect(code == PROTOCOL_ERROR and "unsupported protocol version" in text, f"version {version}: {code:#x} {text}")
        bad = {
            "an unknown opcode": frame(0x77),
            "a query before STARTUP": query("SELECT key FROM system.local"),
            "a frame of 2 GiB": frame(QUERY, length=0x7FFFFFFF) + b"x" * 64,
            "a frame of 4 GiB": frame(QUERY, length=0xFFFFFFFF) + b"x" * 64,
            "noise": os.urandom(4096),
        }
        for name, data in bad.items():
            with Raw() as client:
                client.send(data)
                got = client.answer()
                expect(got is None or got[0] == ERROR, f"{name}: {got}")
        still_serves()


def test_bad_bodies_get_an_error_and_the_connection_goes_on(directory):
    with harness.running_cluster(directory):
        client = greeted()
        for name, data, codes in [
            ("a query that is not UTF-8", query(b"SELECT \xff\xfe FROM a"), (PROTOCOL_ERROR, SYNTAX_ERROR, INVALID)),
            ("a syntax error", query("SELEC * FROM system.local"), (SYNTAX_ERROR,)),
            ("an unknown table", query("SELECT * FROM system.nothing"), (INVALID,)),
            ("a length beyond the body", frame(QUERY, struct.pack(">I", 1000) + b"SELECT"), (PROTOCOL_ERROR,)),
            ("an unknown prepared id", frame(0x0A, struct.pack(">H", 4) + b"gone" + struct.pack(">HB", 1, 0)), (UNPREPARED,)),
            ("a hundred thousand brackets", query("SELECT " + "(" * 100_000), (SYNTAX_ERROR,)),
        ]:
            client.send(data)
            code, text = client.error(name)
            expect(code in codes, f"{name}: {code:#x} {text}")
            if code == PROTOCOL_ERROR:
                # What could not be read ends the connection, once it was told why.
                client.socket.close()
                client = greeted()
            client.send(query("SELECT key FROM system.local"))
            expect(client.answer()[0] == RESULT, f"{name}: the connection does not go on")
        client.socket.close()


def test_a_client_that_vanishes_or_never_reads_harms_nobody(directory):
    with harness.running_cluster(directory):
        for _ in range(50):
            with Raw() as client:
                client.send(startup() + query("SELECT * FROM system_schema.columns")[:20])
        with Raw() as silent:
            silent.send(startup())
            silent.answer()
            silent.socket.settimeout(0.5)
            try:
                for _ in range(2000):
                    silent.send(query("SELECT * FROM system_schema.columns"))
            except OSError:
                pass  # the node stopped reading, as it should
            still_serves()


def test_bad_http_gets_a_problem_document(directory):
    with harness.running_cluster(directory) as cluster:
        base = f"http://{address(1)}:8080"
        token = cluster.token("5b3d1e2a-94d3-4f6e-8a8e-5f1f0f1c9a01")
        body = {"video_id": "x", "profile_id": "c7a5b0a4-6a39-4f5e-9f0b-0b8c5a9d7e02", "device": {"type": "web", "esn": "a", "drm_capabilities": []}}
        for name, wanted, arguments in [
            ("no token", (401,), dict(method="POST", url=base + "/api/v1/playback/manifest", body=body)),
            ("a forged token", (401,), dict(method="POST", url=base + "/api/v1/playback/manifest", body=body, token=token[:-4] + "AAAA")),
            ("no keyspace yet", (503,), dict(method="POST", url=base + "/api/v1/playback/manifest", body=body, token=token)),
            ("a wrong shape", (400, 422), dict(method="POST", url=base + "/api/v1/playback/manifest", body=[1], token=token)),
            ("an unknown path", (404,), dict(method="GET", url=base + "/api/v1/nothing", token=token)),
            ("a wrong method", (405,), dict(method="DELETE", url=base + "/api/v1/playback/manifest", token=token)),
            ("a path out of the media folder", (400, 404), dict(method="GET", url=base + "/media/..%2f..%2fdata/CURRENT")),
        ]:
            status, headers, text = request(**arguments)
            expect(status in wanted, f"{name}: {status}, wanted {wanted}: {text[:200]}")
            expect(headers.get_content_type() == "application/problem+json", f"{name}: {headers.get_content_type()}")
        with Raw(8080) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            expect(client.socket.recv(4096).startswith(b"HTTP/1.1 400"), "a request with two lengths was not refused")
        status, _, text = request("GET", base + "/api/v1/openapi.json")
        expect(status == 200 and b'"openapi"' in text, f"openapi.json answered {status}")

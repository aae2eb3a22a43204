"""The Runtime API's client on one raw socket. The answer to one invocation and the request for the next event leave in one
write; replies come back in the same order."""

import socket
import sys

MAX_HEAD_BYTES = (1024 + 64) * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024
# Above this a body is sent beside its head instead of being joined to it.
JOIN_LIMIT = 64 * 1024


class RuntimeApi:
    """Replies come in the order of the requests: after each answer follows its acknowledgement, then the next event."""

    def __init__(self, address):
        self.address = address
        self.buffer = b""
        self.socket = None
        agent = "User-Agent: lair-python/%d.%d\r\n" % sys.version_info[:2]
        self.common = "Host: %s\r\n%s" % (address, agent)
        self.next_request = (
            "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n%s\r\n" % self.common
        ).encode()

    def next(self):
        """Ask for the first event and wait for it."""
        self._send(self.next_request)
        return self._read_event()

    def restore_next(self):
        """Say that this process may be snapshotted, and wait until it goes on from there."""
        self._send(self.next_request.replace(b"/invocation/next", b"/restore/next", 1))
        status, _, body = self._read_response()
        if status != 200:
            raise RuntimeError("Runtime API answered %d to restore: %s" % (status, body.decode("utf-8", "replace")))

    def post_and_next(self, path, body, content_type, headers=""):
        """Answer an invocation and wait for the next event."""
        self._post(path, body, content_type, headers, self.next_request)
        _, reply_headers, _ = self._read_response()
        if reply_headers.get("connection", "").lower() == "close":
            self._send(self.next_request)
        return self._read_event()

    def post(self, path, body, headers=""):
        """Post an error after which this process ends."""
        self._post(path, body, "application/json", headers, b"")
        self._read_response()

    def _post(self, path, body, content_type, headers, tail):
        head = (
            "POST /2018-06-01/runtime%s HTTP/1.1\r\n%sContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n"
            % (path, self.common, content_type, headers, len(body))
        ).encode()
        if len(body) <= JOIN_LIMIT:
            self._send(head + body + tail)
            return
        self._send(head)
        self._send(body)
        if tail:
            self._send(tail)

    def _send(self, data):
        if self.socket is None:
            host, _, port = self.address.rpartition(":")
            self.socket = socket.create_connection((host, int(port)))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(data)

    def _read_event(self):
        status, headers, body = self._read_response()
        if status != 200:
            raise RuntimeError("Runtime API answered %d to next: %s" % (status, body.decode("utf-8", "replace")))
        return headers, body

    def _read_response(self):
        while True:
            status, headers = self._read_head()
            if status >= 200:
                break
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = self._read_chunks()
        else:
            body = self._read_exactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").lower() == "close":
            self.socket.close()
            self.socket = None
            self.buffer = b""
        return status, headers, body

    def _read_head(self):
        end = self.buffer.find(b"\r\n\r\n")
        while end < 0:
            if len(self.buffer) > MAX_HEAD_BYTES:
                raise RuntimeError("Runtime API response head is too large")
            self._fill()
            end = self.buffer.find(b"\r\n\r\n")
        lines = self.buffer[:end].decode("utf-8", "replace").split("\r\n")
        self.buffer = self.buffer[end + 4 :]
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(lines[0].split(" ", 2)[1]), headers

    def _read_exactly(self, length):
        if length > MAX_BODY_BYTES:
            raise RuntimeError("Runtime API response is too large")
        have = len(self.buffer)
        if have >= length:
            body, self.buffer = self.buffer[:length], self.buffer[length:]
            return body
        body = bytearray(length)
        body[:have] = self.buffer
        self.buffer = b""
        view = memoryview(body)
        while have < length:
            count = self.socket.recv_into(view[have:])
            if count == 0:
                raise RuntimeError("Runtime API closed the connection")
            have += count
        return body

    def _read_chunks(self):
        parts = []
        size = 0
        while True:
            length = int(self._read_line().split(b";", 1)[0], 16)
            if length == 0:
                break
            size += length
            if size > MAX_BODY_BYTES:
                raise RuntimeError("Runtime API response is too large")
            parts.append(bytes(self._read_exactly(length)))
            self._read_line()
        while self._read_line():
            pass
        return b"".join(parts)

    def _read_line(self):
        while b"\r\n" not in self.buffer:
            self._fill()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _fill(self):
        data = self.socket.recv(64 * 1024)
        if not data:
            raise RuntimeError("Runtime API closed the connection")
        self.buffer += data

# SPDX-License-Identifier: GPL-2.0-or-later
"""Stand between two QEMUs: count what passes, damage it, cut it."""

import re
import socket
import threading

# The RAM section as a stream carries it: start of a section, its number,
# its name, instance 0, version 4.
RAM_SECTION = re.compile(rb"\x01.{4}\x03ram\0{4}\0\0\0\x04", re.DOTALL)


# What CHANGE returns to end one way of one connection: the reader hears no
# more, the sender does not notice.
END = object()


class Connection:
    """One stream: bytes that the source sent, and that came back."""

    def __init__(self):
        self.sent = 0
        self.back = 0
        self.head = b""     # the first MiB of what the source sent

    def has_ram(self):
        return bool(RAM_SECTION.search(self.head))


class Proxy:
    """
    Listens on PATH and connects to TARGET, both UNIX sockets.

    CHANGE, if given, is called with the number of the connection, the offset
    in it and the bytes that come from the source, and returns what goes on:
    bytes, or None to cut all connections.
    """

    def __init__(self, path, target, change=None):
        self.uri = "unix:" + path
        self.target = target
        self.change = change
        self.connections = []
        self.closed = False
        self.lock = threading.Lock()
        self.sockets = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def _accept(self):
        while True:
            try:
                source = self.listener.accept()[0]
            except OSError:
                return
            destination = socket.socket(socket.AF_UNIX)
            with self.lock:
                if self.closed:
                    source.close()
                    return
                number = len(self.connections)
                self.connections.append(Connection())
                self.sockets += [source, destination]
            try:
                destination.connect(self.target)
            except OSError:
                source.close()
                continue
            # A thread per way: a reader that waits for another channel
            # must not keep that one from being served.
            for args in ((source, destination, number, True),
                         (destination, source, number, False)):
                threading.Thread(target=self._pass, args=args,
                                 daemon=True).start()

    def _pass(self, reader, writer, number, forward):
        connection = self.connections[number]
        while True:
            try:
                data = reader.recv(1 << 18)
            except OSError:
                data = b""
            if not data:
                break
            if forward:
                if len(connection.head) < 1 << 20:
                    connection.head += data
                if self.change:
                    data = self.change(number, connection.sent, data)
                    if data is None:
                        self.cut()
                        return
                    if data is END:
                        writer.shutdown(socket.SHUT_WR)
                        while reader.recv(1 << 18):
                            continue
                        return
                connection.sent += len(data)
            else:
                connection.back += len(data)
            try:
                writer.sendall(data)
            except OSError:
                # As without us: the writer learns that nobody reads.
                try:
                    reader.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                break
        # One way may end before the other.
        try:
            writer.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        """End all connections at once, and take no more."""
        with self.lock:
            self.closed = True
            sockets = list(self.sockets)
        for sock in [self.listener] + sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def sent(self):
        return sum(c.sent for c in self.connections)

    def has_ram(self):
        return any(c.has_ram() for c in self.connections)

    def close(self):
        self.cut()
        self.thread.join(5)
        for sock in [self.listener] + self.sockets:
            sock.close()

#!/usr/bin/env python3
"""A terminal that counts what it is sent, and may stop reading.

    terminal.py count COLUMNS ROWS SECONDS COMMAND...

prints how many bytes came: "first N" until the first picture stood, "per_second N" over the SECONDS
after it, "redrawn N" after Ctrl-L, "resized N" one column narrower; then it ends the command by
SIGTERM. TERM comes from the environment, as for any program.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

TIOCGPTPEER = 0x5441  # opens the other side; Python has no name for it


class Terminal:
    def __init__(self, columns, rows, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            self.resize(columns, rows, 0)
            try:
                os.execvp(command[0], command)
            finally:
                os._exit(127)
        self.resize(columns, rows)
        self.last = b""  # what came while it ended

    def resize(self, columns, rows, fd=None):
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.fd if fd is None else fd, termios.TIOCSWINSZ, size)

    def stop_taking(self):
        """As Ctrl-S does where it is on: what is written stays with the writer."""
        self.flow(termios.TCOOFF)

    def take_again(self):
        self.flow(termios.TCOON)

    def flow(self, action):
        slave = fcntl.ioctl(self.fd, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY)
        termios.tcflow(slave, action)
        os.close(slave)

    def settings(self):
        return termios.tcgetattr(self.fd)

    def read(self, seconds):
        """What comes within so many seconds; what is there then is read, too, however late that is."""
        end, got = time.monotonic() + seconds, b""
        while select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
            try:
                part = os.read(self.fd, 65536)
            except OSError:  # the other side is gone
                break
            if not part:
                break
            got += part
        return got

    def read_until(self, text, seconds):
        end, got = time.monotonic() + seconds, b""
        while text not in got and time.monotonic() < end:
            got += self.read(0.05)
        return got

    def read_picture(self):
        """A picture that holds the word "quit", and what comes until the terminal is quiet (or does not become so)."""
        got = self.read_until(b"quit", 30)
        for _ in range(4):
            part = self.read(0.5)
            got += part
            if not part:
                break
        return got

    def write(self, data):
        os.write(self.fd, data)

    def hang_up(self):
        os.close(self.fd)
        self.fd = None

    def end(self, sign=signal.SIGTERM, seconds=20, reading=True):
        """Its exit code, 128 + the signal it died of, or None where it had to be killed."""
        if sign:
            os.kill(self.pid, sign)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            if reading and self.fd is not None:
                self.last += self.read(0.05)
            else:
                time.sleep(0.05)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


def count(columns, rows, seconds, command):
    terminal = Terminal(columns, rows, command)
    first = terminal.read_picture()
    more = terminal.read(seconds)
    print("first", len(first))
    print("per_second", round(len(more) / seconds))
    terminal.write(b"\x0c")
    print("redrawn", len(terminal.read_picture()))
    terminal.resize(columns - 1, rows)
    print("resized", len(terminal.read_picture()))
    terminal.end()


if __name__ == "__main__":
    assert sys.argv[1] == "count"
    count(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])

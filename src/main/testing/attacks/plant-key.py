#!/usr/bin/env python3
"""Writes a private key file that claims somebody else's key, and does not hold it.

    plant-key.py "ssh-ed25519 AAAA... ops" clear|locked|pem > ~/.ssh/id_backup

The public half in an OpenSSH file is in clear, and whoever has seen it can write it there. What is private in the file is
random: `clear` has no passphrase, `locked` claims to have one. `pem` is a locked file of OpenSSL's that shows no key at all,
for a .pub file beside it to say what it is. Ed25519, ECDSA (P-256) and RSA. Run it as an ordinary user of a lab host.
"""
import base64
import os
import struct
import sys


def field(data):
    return struct.pack(">I", len(data)) + data


def fields(blob):
    found, at = [], 0
    while at < len(blob):
        (size,) = struct.unpack_from(">I", blob, at)
        found.append(blob[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def number(size):
    return field(b"\x01" + os.urandom(size - 1))


def secret_of(kind, public):
    if kind == b"ssh-ed25519":
        return field(public[1]) + field(os.urandom(32) + public[1])
    if kind.startswith(b"ecdsa-sha2-"):
        return field(public[1]) + field(public[2]) + number(31)
    if kind == b"ssh-rsa":
        half = len(public[2]) // 2
        return field(public[2]) + field(public[1]) + number(len(public[2]) - 2) + number(half) + number(half) + number(half)
    sys.exit("this kind of key is not known here")


def armour(label, body, head=""):
    text = base64.b64encode(body).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    print("\n".join([f"-----BEGIN {label}-----", *([head] if head else []), *lines, f"-----END {label}-----"]))


def main():
    blob = base64.b64decode(sys.argv[1].split()[1])
    how = sys.argv[2]
    if how == "pem":
        iv = os.urandom(16).hex().upper()
        armour("RSA PRIVATE KEY", os.urandom(1200), f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{iv}\n")
        return
    public = fields(blob)
    kind = public[0]
    magic = b"openssh-key-v1\0"
    if how == "locked":
        options = field(os.urandom(16)) + struct.pack(">I", 24)
        head = field(b"aes256-ctr") + field(b"bcrypt") + field(options)
        body = os.urandom(160)
    else:
        head = field(b"none") + field(b"none") + field(b"")
        check = os.urandom(4)
        body = check + check + field(kind) + secret_of(kind, public) + field(b"backup")
        padding = 0
        while len(body) % 8:
            padding += 1
            body += bytes([padding])
    armour("OPENSSH PRIVATE KEY", magic + head + struct.pack(">I", 1) + field(blob) + field(body))


main()

"""Makes a bundle that speaks for another host, of any bundle: the forger has that host's public keys, and nothing else.

forge-bundle.py BUNDLE [--key FILE.pub]... [--hostname NAME] [--time SECONDS] [--nonce WORD] [--end FILE] > FORGED

--key       takes the place of the host keys of the bundle, in their order; those for which there is none go
--end FILE  what follows the last line of that file (signatures of a true bundle) is put after the forged one's
Count and digest are made anew, so that the bundle is whole.
"""

import argparse
import base64
import hashlib
import re
import sys

parser = argparse.ArgumentParser()
parser.add_argument("bundle")
parser.add_argument("--key", action="append", default=[])
parser.add_argument("--hostname")
parser.add_argument("--time")
parser.add_argument("--nonce")
parser.add_argument("--end")
request = parser.parse_args()


def records_of(data):
    """The first line's nonce, the records as [words, payload], and what follows the last line."""
    start = data.index(b"latchkey-collection 1 ")
    at = data.index(b"\n", start) + 1
    nonce = data[start:at].split()[2].decode()
    records = []
    while True:
        end = data.index(b"\n", at)
        words = data[at:end].decode("latin1").split(" ")
        at = end + 1
        if words[0] == "end":
            return nonce, records, data[at:]
        length = int(words[1])
        records.append([words, data[at : at + length]])
        at += length


def change(word):
    if request.hostname and word.startswith("hostname:"):
        return "hostname:" + request.hostname
    if request.time and word.startswith("time:"):
        return "time:" + request.time
    return word


nonce, records, after = records_of(open(request.bundle, "rb").read())
nonce = request.nonce or nonce
if request.end:
    after = records_of(open(request.end, "rb").read())[2]
keys = [open(path, "rb").read() for path in request.key]
out = b"latchkey-collection 1 " + nonce.encode() + b"\n"
count = 0
for words, payload in records:
    if words[0] == "host":
        words = [change(word) for word in words]
    if request.key and words[0] == "key-file" and re.search(r"ssh_host_\w+_key", " ".join(words)):
        continue
    if request.key and words[0] == "host-key":
        if not keys:
            continue
        payload = base64.encodebytes(keys.pop(0))
        words = ["host-key", str(len(payload)), "b64", *words[3:]]
    out += " ".join(words).encode("latin1") + b"\n" + payload
    count += 1
digest = hashlib.sha256(out).hexdigest()
sys.stdout.buffer.write(out + f"end {count} {nonce} sha256 {digest}\n".encode() + after)

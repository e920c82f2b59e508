#!/usr/bin/env python3
"""Writes a result as an offline script of ours would, without running it, for a script that was read or copied on its way.

  forge-result.py SCRIPT OUTCOME [--key PRIVATE] [--sign PRIVATE] [--ended SECONDS] [--hash added|removed|before]

--key   names the forger's key as the one that the script has made, and shows that the forger holds it
--sign  signs the result with a key of the forger's, in the place of the host's
--hash  which stage of each file it claims to have left there (before: nothing was changed)
"""
import argparse, base64, hashlib, re, subprocess, sys, time

parser = argparse.ArgumentParser()
parser.add_argument("script")
parser.add_argument("outcome")
parser.add_argument("--key")
parser.add_argument("--sign")
parser.add_argument("--ended", type=int, default=int(time.time()))
parser.add_argument("--hash", default="removed")
parser.add_argument("--phases")
args = parser.parse_args()
script = open(args.script, encoding="latin-1").read()


def word(name):
    found = re.search(rf"\b{name}='?([^'\n]*?)'?$", script, re.M)
    return found.group(1) if found else ""


def sign(key, namespace, data):
    said = subprocess.run(["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", key], input=data, capture_output=True, check=True)
    return "".join(said.stdout.decode().splitlines()[1:-1])


nonce = word("offline_nonce")
phases = args.phases or word("offline_phases")
lines = [
    "latchkey-result-2" if nonce else "latchkey-result-1",
    f"plan {word('offline_plan')}",
    f"host {word('offline_host')}",
    f"token {word('offline_token')}",
    *([f"nonce {nonce}"] if nonce else []),
    f"began {args.ended - 1}",
    f"ended {args.ended}",
    f"outcome {args.outcome}",
    f"phases {phases}",
    f"at {phases.split()[-1]}",
    "why %",
    "kept %",
]
if args.key:
    kind, blob = open(args.key + ".pub").read().split()[:2]
    lines.append(f"key {kind} {blob}")
    if nonce:
        lines.append("key-signature " + sign(args.key, "latchkey-new-key", (nonce + "\n").encode()))
for number, before, stages in re.findall(r"id=f(\d+) h_before=(\w+)\n(.*)", script):
    found = re.search(rf"h_{args.hash}=([0-9a-f]{{64}})", stages)
    lines.append(f"file f{number} {found.group(1) if found else before}")
text = "\n".join(lines) + "\n"
text += f"end {hashlib.sha256(text.encode()).hexdigest()}\n"
if args.sign:
    text += "signed " + sign(args.sign, "latchkey-result", text.encode()) + "\n"
sys.stdout.write(text)

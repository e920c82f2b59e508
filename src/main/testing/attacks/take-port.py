#!/usr/bin/env python3
"""Another user of this computer takes over an open page of `latchkey serve`.

    take-port.py PORT AUTHORITY [CODES]

Offers CODES wrong launch codes as the page would (the Host and Origin are AUTHORITY), then waits for the port to be
free, on 127.0.0.1 and on ::1, binds it, and speaks the page's protocol to whoever comes: it serves a page, accepts each
WebSocket, and answers each call with a key of its own, to which a page would seal what is typed. Where the page asks
for an HMAC it has none, it sends back what it was sent, and then what it pleases.

Prints one JSON object a line: {"codes": [status, ...]}, {"bound": address}, {"heard": what, ...}. Runs until killed.
"""
import base64
import hashlib
import json
import socket
import struct
import sys
import threading
import time

PORT, AUTHORITY = int(sys.argv[1]), sys.argv[2]
CODES = int(sys.argv[3]) if len(sys.argv) > 3 else 10
PAGE = b"<!doctype html><title>Latchkey</title><h1>Unlock the vault</h1><input type=password>"
# The generator of P-256: a point on the curve whose private key is 1.
POINT = base64.b64encode(bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")).decode()
LOCK = threading.Lock()


def say(**what):
    with LOCK:
        print(json.dumps(what), flush=True)


def offer_wrong_code():
    body = json.dumps({"code": "A" * 43})
    with socket.create_connection(("127.0.0.1", PORT), 5) as client:
        client.sendall((
            f"POST /session HTTP/1.1\r\nHost: {AUTHORITY}\r\nOrigin: http://{AUTHORITY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
        reply = client.recv(4096).decode("latin1")
    return int(reply.split(" ")[1]) if reply.startswith("HTTP/") else 0


def read_exactly(client, count):
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise ConnectionError("gone")
        data += more
    return data


def read_message(client):
    first, second = read_exactly(client, 2)
    size = second & 0x7F
    if size == 126:
        size = struct.unpack("!H", read_exactly(client, 2))[0]
    elif size == 127:
        size = struct.unpack("!Q", read_exactly(client, 8))[0]
    mask = read_exactly(client, 4)
    data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(read_exactly(client, size)))
    return first & 0x0F, data


def send_message(client, text):
    data = text.encode()
    head = bytes([0x81, len(data)]) if len(data) < 126 else bytes([0x81, 126]) + struct.pack("!H", len(data))
    client.sendall(head + data)


def answer(client, text):
    """What the page says, answered as the program would, as far as one can who knows nothing."""
    try:
        said = json.loads(text)
    except ValueError:
        return
    if "i" in said:
        value = {"id": "stranger", "point": POINT, "state": "open", "kind": "open"}
        send_message(client, json.dumps({"i": said["i"], "p": {"b": {"json": value}}}))
    elif "nonce" in said:
        # Its own words back, an HMAC of nothing, and the word that all is well.
        send_message(client, json.dumps({"nonce": said["nonce"], "hmac": said.get("hmac", "A" * 43)}))
        send_message(client, json.dumps({"open": True}))


def serve(client, address):
    try:
        client.settimeout(30)
        request = b""
        while b"\r\n\r\n" not in request:
            more = client.recv(65536)
            if not more:
                return
            request += more
        head = request.split(b"\r\n\r\n")[0].decode("latin1").split("\r\n")
        headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head[1:] if ":" in line}
        if headers.get("upgrade", "").lower() != "websocket":
            say(heard="request", line=head[0], host=headers.get("host"))
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: "
                           + str(len(PAGE)).encode() + b"\r\n\r\n" + PAGE)
            return
        protocols = headers.get("sec-websocket-protocol", "")
        say(heard="upgrade", protocols=protocols)
        accept = base64.b64encode(hashlib.sha1(
            (headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        client.sendall((
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocols.split(',')[0]}\r\n\r\n").encode())
        while True:
            code, data = read_message(client)
            if code == 8:
                return
            text = data.decode("utf8", "replace")
            say(heard="message", text=text)
            answer(client, text)
    except OSError:
        return
    finally:
        client.close()


def take(family, address):
    """Binds the port of this address as soon as nobody else has it."""
    while True:
        server = socket.socket(family, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((address, PORT))
            server.listen(64)
            break
        except OSError:
            server.close()
            time.sleep(0.01)
    say(bound=address)
    while True:
        client, _ = server.accept()
        threading.Thread(target=serve, args=(client, address), daemon=True).start()


say(codes=[offer_wrong_code() for _ in range(CODES)])
takers = [threading.Thread(target=take, args=(socket.AF_INET, "127.0.0.1"))]
try:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::1", 0))
    takers.append(threading.Thread(target=take, args=(socket.AF_INET6, "::1")))
except OSError:
    pass
for taker in takers:
    taker.start()

"""A server that speaks as MariaDB does, and answers the first statement of a client by asking for a file: ask-for-file.py SOCKET FILE

Who logs in is told behind "login ", what the client sends of the file behind "got ".
"""
import os, socket, struct, sys

path, wanted = sys.argv[1:]


def send(to, number, body):
    to.sendall(struct.pack("<I", len(body))[:3] + bytes([number]) + body)


def receive(file):
    head = file.read(4)
    if len(head) < 4:
        raise EOFError
    return head[3], file.read(int.from_bytes(head[:3], "little"))


# Protocol 4.1, local files, secure login, plugins; no TLS.
CAPABILITIES = 0x00000001 | 0x00000080 | 0x00000200 | 0x00002000 | 0x00008000 | 0x00080000
GREETING = (
    b"\x0a5.5.5-11.8.0-MariaDB\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<H", CAPABILITIES & 0xFFFF)
    + b"\x21\x02\x00" + struct.pack("<H", CAPABILITIES >> 16) + bytes([21]) + bytes(10) + b"123456789012\0"
    + b"mysql_native_password\0"
)
OK = b"\0\0\0\x02\0\0\0"

server = socket.socket(socket.AF_UNIX)
server.bind(path)
os.chmod(path, 0o777)
server.listen()
print("listens", flush=True)
while True:
    client, _ = server.accept()
    file = client.makefile("rb")
    try:
        send(client, 0, GREETING)
        number, login = receive(file)
        print("login", login[32:].split(b"\0")[0].decode(), flush=True)
        send(client, number + 1, OK)
        while True:
            number, body = receive(file)
            if body[:1] != b"\x03":
                send(client, number + 1, OK)
                continue
            send(client, number + 1, b"\xfb" + wanted.encode())
            number, content = receive(file)
            print("got", content.decode().strip() or "nothing", flush=True)
            send(client, number + 1, OK)
    except (EOFError, OSError):
        print("closed", flush=True)

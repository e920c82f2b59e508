import { expect, test } from "vitest";
import { SOME_SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { inspectFile, inspectHost } from "./inspect-host.ts";
import { openSessionIn } from "./testing/open-session-in.ts";

const FILE = "/home/alice/.ssh/authorized_keys";

/**
 * What an account does that controls the shell which root started as it: it answers in place of that shell, goes on
 * answering when that has ended, and reads whatever else it can.
 */
const HOSTILE = `
import os, sys, time
said = sys.stdin.buffer.read().decode().split("\\n")
nonce, seq = said[0], int(said[1].split(" ")[0])
def say(which, *lines):
    for line in lines:
        try: os.write(1, f"lk {nonce} {which} {line}\\n".encode())
        except OSError: os._exit(0)
stolen = ""
for fd in range(3, 20):
    try:
        os.fstat(fd)
        stolen += f"{fd} "
    except OSError: pass
for name in ("OF_ROOT", "PWD", "SSH_AUTH_SOCK"):
    if os.environ.get(name, "/") != "/": stolen += name
try:
    stolen += open("diary").read()
except OSError: pass
open("/home/alice/stolen", "w").write(stolen)
say(seq, "fact real /evil", "fact goal /root/secret", "fact target /root/secret", "fact refusal linked-file .", "fact actor 0 root", "fact file -rw------- 1 0 0 5 root", "fact work-folder /etc/shadow", "fact lock a do%20as%20root 1 2 1", "ok", "end 0", "fact hash evil", "end 0")
if os.fork() == 0:
    for turn in range(400):
        for which in range(seq, seq + 40):
            say(which, "fact uid 0 evil", "fact time 1", "fact hash-tool evil", "ok", "end 0")
        time.sleep(0.005)
    os._exit(0)
`;

/** The account's own program runs where setpriv would start our shell as the account. */
const PREPARE = `
  useradd --create-home alice; mkdir -m 700 /home/alice/.ssh; echo theirs > ${FILE}; chown -R alice: /home/alice
  echo ours > /root/secret; chmod 600 /root/secret
  chmod 700 /root; mkdir -m 755 /root/open; echo entry > /root/open/diary; chmod 644 /root/open/diary
  cat > /run/hostile.py <<'PYTHON'${HOSTILE}PYTHON
  cp /usr/bin/setpriv /run/setpriv
  cat > /run/instead <<'END'
#!/bin/sh
case "$*" in *' true') exec /run/setpriv "$@" ;; esac
exec /run/setpriv --reuid "$2" --regid "$4" --init-groups /usr/bin/python3 /run/hostile.py
END
  chmod 755 /run/setpriv /run/instead /run/hostile.py
  mount --bind /run/instead /usr/bin/setpriv`;

test.skipIf(!canStartHosts()).each(SOME_SHELLS)(
  "an account that answers in the place of its shell spoils its own answer and none of those after it: %s",
  async (shell) => {
    await using host = await startHost({ name: "hostile", prepare: PREPARE });
    await using hand = await openSessionIn(
      startShellIn(host, { shell, wrap: ["env", "--chdir=/root/open", "OF_ROOT=secret"] }),
    );
    const before = await inspectHost(hand);
    const alice = Number(await host.run("id -u alice"));
    // The file's path and owner decide what root writes: its account must not choose them.
    expect(await inspectFile(hand, FILE)).toMatchObject({
      kind: "seen",
      file: { content: null, real: FILE, goal: null, actorUid: alice, uid: alice },
    });
    // Nor the user in commands printed for root, a path that we tell people to remove, or a lock's text.
    expect(await inspectFile(hand, FILE)).toMatchObject({
      file: { owner: "alice", workFolder: "/home/alice/.ssh/.latchkey", lock: null },
    });
    for (let turn = 0; turn < 20; turn++) {
      expect(await inspectHost(hand)).toMatchObject({ kind: "seen", host: { user: "root", uid: 0 } });
      const look = await inspectFile(hand, "/root/secret");
      expect(look).toMatchObject({
        file: { owner: "root", content: Uint8Array.from(Buffer.from("ours\n")) },
      });
    }
    expect(before).toMatchObject({ host: { user: "root" } });
    // Open files, environment and working directory of root's shell.
    expect(await host.run("cat /home/alice/stolen")).toBe("");
  },
);

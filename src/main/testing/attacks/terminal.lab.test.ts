/** A script of Latchkey's that root runs by hand, on a terminal. */
import { expect, test } from "vitest";
import { readHandScript } from "#net/ssh/hand/testing/open-hand-in.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";

test.skipIf(!canStartHosts())(
  "what a script of root's does as an account has no terminal of root's, where that account could type",
  async () => {
    const script = `${await readHandScript()}
      do_terminal() { enter "$1"; if (: </dev/tty) 2>/dev/null; then ok typed; else ok none; fi; }`;
    await using host = await startHost({
      name: "web",
      prepare: `useradd --create-home evil; su evil -c 'mkdir -m 700 /home/evil/.ssh'
        cat >/run/library <<'END_OF_LIBRARY'\n${script}\nEND_OF_LIBRARY
        cat >/run/script <<'END_OF_SCRIPT'
hand_library=$(cat /run/library)
eval "$hand_library"
hand_prepare
nonce=n seq=0 by_root=no
for file in /root/.profile /home/evil/.ssh/authorized_keys; do request="1 terminal '$file'"; hand_do "$request"; done
END_OF_SCRIPT`,
    });
    const said = await host.run("script -qec 'sh /run/script' /dev/null </dev/null");
    expect(said.trim().split(/\r?\n/)).toEqual(["lk n 1 ok typed", "lk n 1 ok none"]);
  },
);

/** A script of Latchkey's that root runs by hand, on a terminal. */
import { expect, test } from "vitest";
import { readSessionScript } from "#net/ssh/session/testing/open-session-in.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { readCollector } from "#testing/read-scripts.ts";

test.skipIf(!canStartHosts())(
  "what a script of root's does as an account has no terminal of root's, where that account could type",
  async () => {
    const script = `${await readSessionScript()}
      do_terminal() { cd_as_owner "$1"; if (: </dev/tty) 2>/dev/null; then ok typed; else ok none; fi; }`;
    await using host = await startHost({
      name: "web",
      prepare: `useradd --create-home evil; su evil -c 'mkdir -m 700 /home/evil/.ssh'
        cat >/run/library <<'END_OF_LIBRARY'\n${script}\nEND_OF_LIBRARY
        cat >/run/script <<'END_OF_SCRIPT'
session_library=$(cat /run/library)
eval "$session_library"
session_prepare
nonce=n seq=0 by_root=no
for file in /root/.profile /home/evil/.ssh/authorized_keys; do request="1 terminal '$file'"; session_do "$request"; done
END_OF_SCRIPT`,
    });
    const said = await host.run("script -qec 'sh /run/script' /dev/null </dev/null");
    expect(said.trim().split(/\r?\n/)).toEqual(["lk n 1 ok typed", "lk n 1 ok none"]);
  },
);

test.skipIf(!canStartHosts())(
  "nor has what the collector reads with the rights of an account, when root runs it by hand",
  async () => {
    const collector = await readCollector();
    await using host = await startHost({
      name: "web",
      prepare: `useradd --create-home evil
        cat >/run/collect.sh <<'END_OF_COLLECTOR'\n${collector.replace(/\nmain "\$@".*$/s, "")}
prepare_shell
my_uid=0
find_drop
exec 2>&1
terminal='if (: </dev/tty) 2>/dev/null; then echo typed; else echo none; fi'
sh -c "$terminal"
as_account "$(id -u evil)" "$(id -g evil)" evil "$terminal"
END_OF_COLLECTOR`,
    });
    const said = await host.run("script -qec 'sh /run/collect.sh' /dev/null </dev/null");
    expect(said.trim().split(/\r?\n/)).toEqual(["typed", "none"]);
  },
);

import { expect, test } from "vitest";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { findAcceptedBy, formatAcceptedBy } from "./check-access.ts";

/** A host without any of the files, and the requests that it received. */
function makeEmptyHost() {
  const asked: string[] = [];
  const hand = {
    async send({ words }: { words: readonly string[] }) {
      asked.push(words[0] ?? "");
      return { kind: "answered", status: "ok", words: [], facts: new Map(), data: new Map() };
    },
  } as unknown as RemoteSession;
  return { asked, hand };
}

const account = (sshdVersion: string | null, settings: readonly (readonly [string, string])[]) => ({
  uid: 1_000,
  gid: 1_000,
  home: "/home/ann",
  shell: "/bin/sh",
  from: null,
  sshdVersion,
  sshd: new Map(settings),
  otherSshds: [],
  unloadedConfig: [],
});

const askFor = async (version: string | null, ...settings: readonly (readonly [string, string])[]) => {
  const { asked, hand } = makeEmptyHost();
  const { own } = await findAcceptedBy(hand, "ann", {
    seen: account(version, settings),
    fingerprint: "SHA256:old",
  });
  return { asked, said: formatAcceptedBy(own) };
};

test("an sshd that expands no wildcards reads the file of that very name, and nothing else is a way in", async () => {
  const wildcard = ["authorizedkeysfile", "/etc/keys/%u.*"] as const;
  const leadsTo = "perhaps by a file that AuthorizedKeysFile /etc/keys/ann.* leads to";
  expect(await askFor("OpenSSH_9.9p2", wildcard)).toEqual({ asked: ["/etc/keys/ann.*"], said: [] });
  expect(await askFor("OpenSSH_10.0p2", wildcard)).toEqual({ asked: [], said: [leadsTo] });
  expect(await askFor(null, wildcard)).toEqual({ asked: [], said: [leadsTo] });
});

test("what may let a key in, and was not seen to, is said as possible, after what was", async () => {
  const { said } = await askFor("OpenSSH_10.0p2", ["authorizedkeyscommand", "/bin/keys %u"]);
  expect(said).toEqual(["perhaps by AuthorizedKeysCommand /bin/keys %u"]);
  const known = { kind: "known", by: "line 2 of /k" } as const;
  const possible = { kind: "possible", by: "AuthorizedKeysCommand /bin/keys" } as const;
  expect(formatAcceptedBy([possible, known])).toEqual([
    "by line 2 of /k",
    "perhaps by AuthorizedKeysCommand /bin/keys",
  ]);
});

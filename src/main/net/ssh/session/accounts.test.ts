import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { RemovedAccount } from "#shared/model/runs/disabled-account.ts";
import { inspectLines, readAccountUses, removeLines } from "./accounts.ts";
import type { RemoteSession } from "./remote-session.ts";

test("a log that its host does not say to have read to its end is partial, whatever lines of it came", async () => {
  const use = "+1700000000.5 web su[3]: (to app) root on pts/0";
  const line = "+Nov 14 22:13:19 web su[3]: (to app) root on pts/0";
  const reading = (journal: string, lines: string) =>
    readAccountUses(
      {
        send: async () => ({
          kind: "answered",
          status: "ok",
          words: ["read"],
          facts: new Map([
            ["sources", [["journal", "/var/log/auth.log"]]],
            ["now", [["1700000000", "+0000"]]],
          ]),
          data: new Map([
            ["journal", Buffer.from(journal)],
            ["lines", Buffer.from(lines)],
          ]),
        }),
      } as unknown as RemoteSession,
      "app",
      0,
    );
  const [journal, lines] = [[use], [`/var/log/auth.log\t${line}`]];
  expect(await reading(`=\n${use}\n`, `/var/log/auth.log\t=\n/var/log/auth.log\t${line}\n`)).toMatchObject({
    journal,
    lines,
    partial: [],
  });
  expect(await reading(`${use}\n`, `/var/log/auth.log\t=\n/var/log/auth.log\t${line}\n`)).toMatchObject({
    journal,
    lines,
    partial: ["journal"],
  });
  expect(await reading(`=\n${use}\n`, `/var/log/auth.log\t${line}\n`)).toMatchObject({
    journal,
    lines,
    partial: ["/var/log/auth.log"],
  });
});

test("lines of an account are sent back to the byte, be they no UTF-8 or of a group with thousands of members", async () => {
  const members = Array.from({ length: 4_000 }, (_, index) => `member${index}`).join(",");
  const triples = [
    ["/etc/passwd", "app:x:1005:1005:J\xf6rg:/home/app:/bin/sh", "-"],
    ["/etc/group", "caf\xc3\xa9:x:998:app,jo", "=caf\xc3\xa9:x:998:jo"],
    ["/etc/gshadow", `many:!::app,${members}`, `=many:!::${members}`],
    ["/etc/gshadow", "odd\xff:!::app", "=odd\xff:!::"],
  ];
  const sent: string[][] = [];
  const session = {
    send: async ({ words }: { words: string[] }) => {
      sent.push(words);
      return {
        kind: "answered",
        status: "ok",
        words: [],
        facts: new Map(),
        data: new Map([
          ["lines", Buffer.from(triples.map((all) => `${all.join("\n")}\n`).join(""), "latin1")],
        ]),
      };
    },
  } as unknown as RemoteSession;
  const identity = { account: "app", uid: 1_005, gid: 1_005, home: "/home/app" };
  const reading = await inspectLines(session, identity);
  const lines = reading.kind === "lines" ? reading.lines : [];
  expect(
    lines.map(({ line, becomes, isLatin1 }) => [line.slice(0, 24), becomes?.slice(0, 12), isLatin1]),
  ).toEqual([
    ["app:x:1005:1005:Jörg:/ho", undefined, true],
    ["café:x:998:app,jo", "café:x:998:j", false],
    ["many:!::app,member0,memb", "many:!::memb", false],
    ["oddÿ:!::app", "oddÿ:!::", true],
  ]);
  // As it comes out of the store.
  const account = RemovedAccount.parse(
    JSON.parse(JSON.stringify({ ...identity, state: STATE, lines, stays: [] })),
  );
  await removeLines(session, { token: "t", id: "account0" }, account);
  const printed = execFileSync("sh", ["-c", "printf '%b\\n' \"$@\"", "sh", ...(sent.at(-1)?.slice(5) ?? [])]);
  expect(printed.toString("latin1")).toBe(triples.map((all) => `${all.join("\n")}\n`).join(""));
});

const STATE = { shell: "/usr/sbin/nologin", password: "locked", expires: 1 };

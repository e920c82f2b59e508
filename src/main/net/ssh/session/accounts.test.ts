import { expect, test } from "vitest";
import { readAccountUses } from "./accounts.ts";
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

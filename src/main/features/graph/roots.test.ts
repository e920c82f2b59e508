import { expect, test } from "vitest";
import { file, grant, type Host, openGraph, rule, say } from "./testing/open-graph.ts";

/** A key of two hosts opens an account of db that can become root there; a key of another account of db opens nothing. */
const HOSTS: Record<string, Host> = {
  web: { keyFiles: [file("web-key", "root")] },
  db: {
    grants: [grant("web-key", "deploy")],
    escalations: [rule("deploy")],
    keyFiles: [file("backup-key", "ci")],
  },
  other: { grants: [grant("nobody-has-it", "ci")], keyFiles: [file("web-key", "deploy")] },
  lone: { accounts: [] },
};

test("who can be root on a host is told from the nearest on, by key and by rule, and without those who log in there as others", async () => {
  const { client } = openGraph(HOSTS);
  const told = async (host: string) => {
    const { rows, ...rest } = await client.roots({ host, port: 22 });
    return { ...rest, rows: rows.map(say) };
  };
  expect(await told("db")).toEqual({
    isRead: true,
    isCut: false,
    rows: [
      "deploy@db sudo root@db 1",
      "root@web opens deploy@db 2",
      "deploy@other opens deploy@db 2",
      "root@other root deploy@other 3",
    ],
  });
  expect(await told("other")).toEqual({ isRead: true, isCut: false, rows: [] });
  expect(await told("lone")).toMatchObject({ isRead: false, rows: [] });
  expect(await told("never-seen")).toMatchObject({ isRead: false, rows: [] });
});

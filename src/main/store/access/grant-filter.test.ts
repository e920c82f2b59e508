import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { listFindings, listGrants } from "#store/testing/ask.ts";
import { makeGrant, visitHost } from "#store/testing/make-visit.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const FILE = "/home/ann/.ssh/authorized_keys";

test("lines that move in their file are found where they are by now, and what grants are searched by is not written anew", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  const reader = new Sqlite(path, { readonly: true });
  const index = reader.prepare("SELECT id, hex(block) AS block FROM grant_search_data ORDER BY id");
  const visit = (from: number) => {
    const grants = ["one", "two", "three"].map((comment, line) =>
      makeGrant(comment, { comment, file: FILE, line: from + line }),
    );
    visitHost(store, "web1", { collected: { grants } });
  };
  const at = (line: number) =>
    listGrants(store, { search: `${FILE}:${line}` }).rows.map(({ comment }) => comment);
  visit(7);
  const before = index.all();
  expect([6, 7, 8, 9].map(at)).toEqual([[], ["one"], ["two"], ["three"]]);
  visit(8);
  expect([6, 7, 8, 9].map(at)).toEqual([[], [], ["one"], ["two"]]);
  expect(index.all()).toEqual(before);
  reader.close();
  store.close();
});

test("a file with a line is found beside other words, of few grants and of many, and so is what only looks like one", () => {
  const grants = ["10.0.0.1:22", "b:1", "c", "d", "e"].map((comment, line) =>
    makeGrant(`key ${line}`, { comment, line: line + 9, file: line < 4 ? FILE : "/etc/ssh/keys" }),
  );
  for (const mostCounted of [undefined, 2]) {
    const store = openStore({
      path: ":memory:",
      access: "write",
      ...(mostCounted === undefined ? {} : { mostCounted }),
    });
    visitHost(store, "web1", { collected: { grants } });
    const lines = (search: string) => listGrants(store, { search }).rows.map(({ line }) => line);
    expect(lines("authorized_keys:9")).toEqual([9]);
    expect(lines("authorized_keys:1")).toEqual([10, 11, 12]);
    expect(lines("authorized_keys: b:1")).toEqual([10]);
    expect(lines("web1 AUTHORIZED_keys:11 c")).toEqual([11]);
    expect(lines("s:13 web1")).toEqual([13]);
    expect(lines("10.0.0.1:22")).toEqual([9]);
    expect(lines("authorized_keys:13")).toEqual([]);
    expect(lines("ssh:9")).toEqual([]);
    expect(listFindings(store, { search: "authorized_keys:9 nowhere" }).rows).toEqual([]);
    store.close();
  }
});

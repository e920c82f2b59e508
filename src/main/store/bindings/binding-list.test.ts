import { expect, test } from "vitest";
import type { ServedState } from "#shared/model/certificates/served.ts";
import { openStore } from "#store/store.ts";
import { makeServing, visitHost } from "#store/testing/make-visit.ts";

test("what no handshake is answered by is told apart from what none has shown, until its host is read otherwise", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const never = { kind: "never" as const, why: "another one is served in its place" };
  const scan = { kind: "scan" as const, host: "web1", serverName: "mail" };
  const read = (...bindings: ReturnType<typeof makeServing>[]) =>
    visitHost(store, "web1", { collected: { disk: { addresses: [], map: null, bindings } } });
  const states = (state: ServedState | null = null) =>
    store.bindings
      .list({
        search: "",
        state,
        host: null,
        sha256: null,
        after: null,
        limit: 10,
        sort: { by: "host", descending: false },
      })
      .rows.map((row) => [row.name, row.state, row.shownBy]);

  read(makeServing("shop", { shownBy: never }), makeServing("mail", { shownBy: scan }), makeServing("old"));
  const shop = ["shop", "never-served", never];
  const others = [
    ["mail", "not-seen", scan],
    ["old", "not-seen", null],
  ];
  expect(states()).toEqual([shop, ...others]);
  expect(states("never-served")).toEqual([shop]);
  expect(states("not-seen")).toEqual(others);
  read(makeServing("shop", { shownBy: scan }));
  expect(states()).toEqual([["shop", "not-seen", scan]]);
});

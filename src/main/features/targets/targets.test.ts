import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import type { Announcement } from "#shared/contract/events.ts";
import { openStore } from "#store/store.ts";
import { START } from "#store/testing/make-visit.ts";
import { createTargets } from "./index.ts";
import { createTargetReader } from "./read-targets.ts";

function open() {
  const store = openStore({ path: ":memory:", access: "write" });
  const announced: Announcement[] = [];
  const announce = (announcement: Announcement) => announced.push(announcement);
  const workstation = { user: "jo", home: "/nonexistent", agentSocket: null };
  const readTargets = createTargetReader({ workstation });
  const targets = createRouterClient(
    createTargets({ store, readTargets, workstation, now: () => new Date(START), announce }),
  );
  return { store, announced, targets };
}

test("targets are added once, keep their login, and are listed in their order", async () => {
  const { store, announced, targets } = open();
  expect(await targets.add({ text: "ann@web1, shop.example:443" })).toEqual({
    added: 2,
    known: 0,
    broken: [],
    notes: [],
  });
  expect(await targets.add({ text: "web1:22 web2:22", useSudo: true })).toEqual({
    added: 1,
    known: 1,
    broken: [],
    notes: [],
  });
  expect(await targets.list()).toEqual([
    { id: 1, target: { kind: "ssh", host: "web1", port: 22, user: "ann" }, useSudo: true, addedAt: START },
    {
      id: 2,
      target: { kind: "tls", host: "shop.example", port: 443, serverName: null },
      useSudo: false,
      addedAt: START,
    },
    { id: 3, target: { kind: "ssh", host: "web2", port: 22, user: null }, useSudo: true, addedAt: START },
  ]);
  expect(announced).toEqual([{ kind: "targets-changed" }, { kind: "targets-changed" }]);
  expect({ count: store.events.count(), brokenAt: store.events.findBreak() }).toEqual({
    count: 2,
    brokenAt: null,
  });
});

test("a target is removed by its address, and only with its own login when one is named", async () => {
  const { targets } = open();
  await targets.add({ text: "ann@web1 bob@web2 shop:443" });
  expect(await targets.remove({ text: "bob@web1" })).toEqual({ removed: 0, broken: [] });
  expect(await targets.remove({ text: "web1:22 bob@web2 shop:443 unknown:22" })).toEqual({
    removed: 3,
    broken: [],
  });
  expect(await targets.list()).toEqual([]);
});

test("a preview counts and adds nothing", async () => {
  const { targets } = open();
  expect(await targets.preview({ text: "10.0.0.1-40:22 web1:443" })).toMatchObject({
    total: 41,
    ssh: 40,
    tls: 1,
    logins: ["jo"],
  });
  expect(await targets.list()).toEqual([]);
});

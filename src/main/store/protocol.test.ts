import { expect, test } from "vitest";
import type { Protocol, TlsTarget } from "#shared/model/hosts/target.ts";
import { openStore } from "./store.ts";
import { beginScan, START } from "./testing/make-visit.ts";

const target = (protocol: Protocol): TlsTarget => ({
  kind: "tls",
  host: "mail.example",
  port: 2525,
  serverName: null,
  protocol,
});

test("one port that is greeted in two ways is two targets and two endpoints, visited and failing apart", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const scanId = beginScan(store);
  const visit = { scanId, at: START, tookMs: 1, state: "failed", message: "", presented: null } as const;
  store.atomically(() => {
    for (const protocol of ["smtp", "tls"] as const)
      store.targets.remember({ target: target(protocol), useSudo: false, at: START });
    store.endpoints.recordProbe({ ...visit, target: target("smtp"), outcome: "no-starttls" });
  });
  expect(store.targets.list().map((remembered) => remembered.target)).toEqual([
    target("smtp"),
    target("tls"),
  ]);
  expect(store.targets.listFailed().map((remembered) => remembered.target)).toEqual([target("smtp")]);

  store.atomically(() =>
    store.endpoints.recordProbe({ ...visit, target: target("tls"), outcome: "not-tls" }),
  );
  const page = { state: null, search: "", after: null, limit: 10 };
  expect(store.scans.probes({ scanId, ...page }).rows.map((probe) => [probe.target, probe.outcome])).toEqual([
    [target("smtp"), "no-starttls"],
    [target("tls"), "not-tls"],
  ]);
  expect(store.targets.forget(target("tls"))).toBe(true);
  expect(store.targets.list()).toHaveLength(1);
});

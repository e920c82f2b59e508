import { expect, test } from "vitest";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { RunState } from "#shared/model/runs/run.ts";
import { findDisabling } from "./disable.ts";

const WAITING: ReadonlySet<RunState> = new Set<RunState>(["waiting"]);

const addressOf = (word: string) => {
  const [account = "", host = ""] = word.split("@");
  return { host, port: 22, account };
};

/** Finds the run that has disabled these accounts, of runs (the last first) that have disabled those. */
function find(named: readonly string[], runs: { [id: number]: { state?: RunState; accounts: string[] } }) {
  const ids = Object.keys(runs).map(Number).toReversed();
  const client = {
    runs: {
      list: async () => ({
        rows: ids.map((id) => ({ id, planId: id, state: runs[id]?.state ?? "waiting" })),
        next: null,
        total: ids.length,
      }),
      findPlan: async ({ planId }: { planId: number }) => ({
        plan: {
          hosts: (runs[planId]?.accounts ?? []).map(addressOf).map(({ account, ...at }) => ({
            ...at,
            disables: [{ account }],
          })),
        },
      }),
    },
  } as unknown as LatchkeyClient;
  return findDisabling(named.map(addressOf), WAITING, client);
}

test("accounts that different runs have disabled are neither removed nor restored by one command: none is left out unsaid", async () => {
  const runs = { 3: { accounts: ["app@web1"] }, 5: { accounts: ["app@web2"] } };
  for (const named of [
    ["app@web1", "app@web2"],
    ["app@web2", "app@web1"],
  ])
    await expect(find(named, runs)).rejects.toThrow(
      /different runs have disabled them \(run [35]: app@web[12]; run [35]: app@web[12]\).*name those of each run in a command of its own/,
    );
  expect(await find(["app@web1"], runs)).toMatchObject({ runId: 3 });
});

test("an account that no run has disabled is named, beside one that a run has", async () => {
  await expect(find(["app@web1", "db@web1"], { 3: { accounts: ["app@web1"] } })).rejects.toThrow(
    /has disabled db@web1;/,
  );
});

test("of runs that have disabled an account the last counts, and one that has disabled all that are named before one that has disabled some", async () => {
  const both = ["app@web1", "app@web2"];
  const runs = { 3: { accounts: both }, 5: { accounts: ["app@web2"] }, 7: { accounts: ["app@web2"] } };
  expect(await find(["app@web2"], runs)).toMatchObject({ runId: 7 });
  expect(await find(both, runs)).toMatchObject({ runId: 3 });
  await expect(find(["app@web1"], runs)).rejects.toThrow("run 3 has disabled app@web2 as well");
  await expect(find(["app@web2"], { 3: { state: "rolled-back", accounts: ["app@web2"] } })).rejects.toThrow(
    "no run that can still be",
  );
});

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeChange } from "#domain/runs/testdata/make-change.ts";
import {
  makeHolder,
  makeHost,
  makePlanValue,
  makeRenewalHost,
  makeRenewalPlan,
} from "#domain/runs/testdata/make-plan-value.ts";
import type { RunStep } from "#shared/model/runs/run.ts";
import { formatByHand, removeKeptByHand } from "./by-hand.ts";

const plan = makeRenewalPlan({
  hosts: [makeRenewalHost({ host: "web1", batch: 0, certificates: [makeChange(0)] })],
});

const formatOf = (phase: RunStep["phase"]): string => {
  const at = { ordinal: 1, phase, host: "web1", port: 22, batch: 0, verification: null, result: null };
  return formatByHand(plan, [{ ...at, state: "needs-attention", message: "", at: null }], [], "t0").join(
    "\n",
  );
};

test("by hand, old files go back where an installation is stuck, and are cleared away where a commit is", () => {
  expect(formatOf("install")).toContain("mv -f -T");
  expect(formatOf("install")).not.toMatch(/rm -rf|mv -f [^-]/);
  for (const phase of ["finish", "request"] as const) {
    expect(formatOf(phase)).toContain("rm -rf -- '/var/lib/latchkey/t0/");
    expect(formatOf(phase)).not.toContain("mv -f");
  }
  expect(formatOf("post-check")).toBe("");
});

test("what lies in an account's folder is touched as that account, without a terminal, and a hostile name stays one word", () => {
  const file = {
    account: "ev",
    path: "/home/e'$(id)/.ssh/authorized_keys",
    uid: 1_000,
    gid: 1_000,
    owner: "e'v;id",
    mode: "0600",
    before: "ab".repeat(32),
    sizeBytes: 1,
    added: [],
    removed: null,
    hunks: [],
    adds: 1,
    changes: 0,
    removes: 0,
  };
  const keys = makePlanValue({ hosts: [makeHost({ host: "web1", batch: 0, files: [file] })] });
  const at = {
    ordinal: 1,
    phase: "grant" as const,
    host: "web1",
    port: 22,
    batch: 0,
    verification: null,
    result: null,
  };
  const said = formatByHand(keys, [{ ...at, state: "needs-attention", message: "", at: null }], [], "t0");
  const [enter, hint, restore, clear] = said;
  expect(enter).toMatch(/^ssh /);
  expect(hint).toMatch(/^# .*never as root/);
  for (const line of [restore, clear]) {
    expect(line).toMatch(/^\(cd \/ && exec env -i PATH=\S+ setsid -w runuser -u 'e'\\''v;id' -- sh -c /);
    expect(line).toContain(" '/home/e'\\''$(id)/.ssh' ");
    expect(line).toMatch(/ <\/dev\/null 2>&1 \| cat$/);
  }
  expect(restore).toContain(`'${"ab".repeat(32)}'`);
});

test("what removes an old private key by hand says that it is gone, or why it is not", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "latchkey-kept-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [path, kept] = [join(folder, "id"), join(folder, "id.latchkey-kept-1")];
  const before = createHash("sha256").update("old").digest("hex");
  const removeAt = (one: string): string => {
    const holder = { ...makeHolder("web1"), path, before, uid: 0, owner: "root" };
    const plan = makePlanValue({
      hosts: [makeHost({ host: "web1", batch: 0, privateKeyLocations: [holder] })],
    });
    const [, line = ""] = removeKeptByHand(plan, [{ host: "web1", port: 22, path, kept: one }]);
    return execFileSync("sh", ["-c", `${line}; :`], { encoding: "utf8" });
  };
  writeFileSync(kept, "somebody's");
  expect(removeAt(kept)).toBe("not removed: it is not the old private key of this run\n");
  rmSync(kept);
  symlinkSync(path, kept);
  expect(removeAt(kept)).toBe("not removed: it is no plain file\n");
  rmSync(kept);
  writeFileSync(kept, "old");
  expect(removeAt(join(folder, "none", "id"))).toMatch(
    /not removed: its folder cannot be entered, or is a link\n$/,
  );
  expect([removeAt(kept), existsSync(kept), removeAt(kept)]).toEqual([
    "removed\n",
    false,
    "removed already\n",
  ]);
});

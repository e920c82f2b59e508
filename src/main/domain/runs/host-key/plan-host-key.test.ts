import { expect, test } from "vitest";
import { makeFileFacts, makeHostFacts } from "#domain/runs/testdata/make-facts.ts";
import { planFor, stagesOf, stops } from "#domain/runs/testdata/plan-for.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";

test("a host key gets a line beside the old one's; without any, all that sshd uses are named; where sshd would not take its configuration, none is planned", () => {
  const request: PlanRequest = { kind: "rotate-host-key", host: "web1", port: 22, keyType: "ed25519" };
  const old = ["rsa", "ed25519"].map((type) => ({
    path: `/etc/ssh/ssh_host_${type}_key`,
    keyType: `ssh-${type}`,
    fingerprint: `SHA256:${type}`,
    line: `ssh-${type} AAAA${type}`,
  }));
  const planned = (text: string, problem: string | null = null) => {
    const file = {
      ...makeFileFacts("root", text),
      path: "/etc/ssh/sshd_config",
      realPath: "/etc/ssh/sshd_config",
    };
    const daemon = { files: [file], hostKeys: old, occupied: [], canReload: true, problem };
    const login = { account: "root", isRoot: true, key: null, certificate: null, from: null };
    return planFor([makeHostFacts("web1", "", { daemon, login, files: [] })], {
      request,
      key: null,
      here: [],
    });
  };
  const path = "/etc/ssh/ssh_host_ed25519_key_2026-11-26";
  const named = "Port 22\nHostKey /etc/ssh/ssh_host_rsa_key\nHostKey /etc/ssh/ssh_host_ed25519_key\n";
  expect(stagesOf(named, planned(named))).toEqual([
    `${named}HostKey ${path}\n`,
    `Port 22\nHostKey /etc/ssh/ssh_host_rsa_key\nHostKey ${path}\n`,
  ]);
  expect(stagesOf("Port 22\n", planned("Port 22\n"))).toEqual([
    `HostKey ${old[0]?.path}\nHostKey ${old[1]?.path}\nHostKey ${path}\nPort 22\n`,
    `HostKey ${old[0]?.path}\nHostKey ${path}\nPort 22\n`,
  ]);
  expect(planned(named).checks).toContainEqual(
    expect.objectContaining({ state: "warning", id: "unverified" }),
  );
  expect(stops(planned(named))).toEqual([]);
  expect(stops(planned(named, "/etc/ssh/sshd_config line 2: bad"))).toEqual(["refused sshd-config"]);
  expect(planned(named)).toMatchObject({
    oldKey: "SHA256:ed25519",
    newKey: { kind: "made-on-host", path },
    afterwards: [expect.stringContaining("@revoked * ssh-ed25519 AAAAed25519; otherwise none is needed")],
    confirm: { word: "web1" },
  });
});

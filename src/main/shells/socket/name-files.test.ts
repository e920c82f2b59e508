import { resolve } from "node:path";
import { expect, test } from "vitest";
import { contract } from "#shared/contract/index.ts";
import { nameFilesFromHere } from "./name-files.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEk7pG3EOuahO3pRt3B/BNbSZAxiML3FIh8uI5iDs52u jo";

test("files are named from the folder of the command, and keys, homes and files of hosts stay as they are", () => {
  const scan = { text: "web1", sshConfigFile: "fleet.conf", identityFiles: ["id", "~/.ssh/id", "/etc/id"] };
  expect(nameFilesFromHere(contract, ["scans", "start"], scan)).toEqual({
    text: "web1",
    sshConfigFile: resolve("fleet.conf"),
    identityFiles: [resolve("id"), "~/.ssh/id", "/etc/id"],
  });
  const none = { sshConfigFile: "none" };
  expect(nameFilesFromHere(contract, ["scans", "start"], none)).toEqual(none);

  const plan = (request: object) => nameFilesFromHere(contract, ["runs", "plan"], { request });
  const rotate = { kind: "rotate-key", fingerprint: "SHA256:x" };
  for (const newKey of [KEY, "SHA256:abc"])
    expect(plan({ ...rotate, newKey })).toEqual({ request: { ...rotate, newKey } });
  expect(plan({ ...rotate, newKey: "new", keyFile: "made" })).toEqual({
    request: { ...rotate, newKey: resolve("new"), keyFile: resolve("made") },
  });
  // This file is on the host.
  const renewal = { kind: "rotate-certificate", described: { keyFile: "key.pem", reload: "nginx" } };
  expect(plan(renewal)).toEqual({ request: renewal });
});

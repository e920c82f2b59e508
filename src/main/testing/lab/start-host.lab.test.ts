import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { START_JOURNAL } from "./own-clock.ts";
import { startHost } from "./start-host.ts";

test("two hosts have names, users and host keys of their own, and are gone when they are let go", async () => {
  const one = await startHost({ name: "one", prepare: "useradd --create-home alice" });
  const two = await startHost({ name: "two" });
  expect(await one.run("hostname; id -un alice")).toBe("one\nalice\n");
  expect(await two.run("hostname; ls /home")).toBe("two\n");
  expect(one.address).not.toBe(two.address);
  const key = (root: string) => readFile(`${root}/etc/ssh/ssh_host_ed25519_key.pub`, "utf8");
  expect(await key(one.root)).not.toBe(await key(two.root));
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  await expect(readFile(`${one.root}/etc/hostname`)).rejects.toThrow();
});

test("a journald that does not start is told of at once, with what was said", async () => {
  await using host = await startHost({ name: "one" });
  await host.run(`printf '#!/bin/sh\\necho no seccomp here >&2; exit 1\\n' >/usr/local/bin/by-clock
    chmod 755 /usr/local/bin/by-clock`);
  await expect(host.run(START_JOURNAL)).rejects.toThrow("no seccomp here");
});

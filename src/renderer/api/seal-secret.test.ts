import { expect, test } from "vitest";
import { createReceiver } from "#net/vault/sealed-box.ts";
import { Redacted } from "#shared/model/secret.ts";
import { sealSecret } from "./seal-secret.ts";

test("what the page seals the vault process opens, whichever way its characters were written", async () => {
  const { receiver, open } = createReceiver();
  const textOf = async (typed: string) =>
    Buffer.from(Redacted.reveal(open(await sealSecret(receiver, typed)))).toString();
  expect(await textOf("caf\u00e9 and a horse")).toBe("caf\u00e9 and a horse");
  expect(await textOf("cafe\u0301 and a horse")).toBe("caf\u00e9 and a horse");
});

import { expect, test } from "vitest";
import { RenewalWish } from "#shared/contract/runbooks.ts";
import { openStore } from "#store/store.ts";
import { seekRenewal } from "./seek-renewal.ts";

test("one key file is described for one certificate alone", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const seek = (certificates: string[]) =>
    seekRenewal(
      RenewalWish.parse({
        ...{ kind: "rotate-certificate", certificates },
        described: { keyFile: "/own/key", reload: "reload it" },
      }),
      store.runbooks,
      "2026-06-01T00:00:00Z",
    );
  const [one, other] = ["a".repeat(64), "b".repeat(64)] as const;
  expect(() => seek([one, other])).toThrow("one key file is not the key of 2 certificates");
  expect(seek([one]).leftOut).toEqual([expect.stringContaining("is in no file of a host that was read")]);
  store.close();
});

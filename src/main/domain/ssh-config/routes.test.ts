import { expect, test } from "vitest";
import { makeConfig } from "./testdata/make-config.ts";

test("a way has 64 jump hosts at most, in one line or one after another; a longer one is named", () => {
  const hops = Array.from({ length: 65 }, (_, index) => `hop${index}`);
  const lines = [
    ...hops.map((hop, index) => `Host ${hop}\n  ProxyJump hop${index + 1}`),
    `Host farther\n  ProxyJump ${hops.join(",")}`,
  ];
  const { routeTo } = makeConfig({ config: lines.join("\n") });
  const find = (host: string) => routeTo({ kind: "ssh", host, port: 22, user: null }, "jo");
  expect(find("hop1")).toMatchObject({ kind: "hops", hops: { length: 65 } });
  expect(find("hop0")).toEqual({
    kind: "unsupported",
    why: "hop0 is reached through more than 64 machines by ProxyJump; name fewer",
  });
  expect(find("farther")).toEqual({
    kind: "unsupported",
    why: "what ssh_config says of farther at ~/.ssh/config:132 names more than 64 machines; correct that line",
  });
});

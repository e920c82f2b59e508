import { expect, test } from "vitest";
import { readConnectError } from "./connect-failure.ts";

test("a computer without IPv6 has no way to such an address, and one without a free port may have one later", () => {
  const error = Object.assign(new Error("connect"), { code: "EADDRNOTAVAIL" });
  expect(readConnectError({ ...error, address: "2001:db8::1" }, 443)).toEqual({
    outcome: "timed-out",
    message: "there is no way to it from here (EADDRNOTAVAIL); is it on, and is the route right?",
  });
  expect(readConnectError({ ...error, address: "192.0.2.1" }, 443)).toMatchObject({
    passing: "no-descriptor",
  });
});

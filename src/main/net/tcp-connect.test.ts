import { expect, test } from "vitest";
import { createAddressFinder, readConnectError } from "./tcp-connect.ts";

test("a computer without IPv6 has no way to such an address, and one without a free port may have one later", () => {
  const error = Object.assign(new Error("connect"), { code: "EADDRNOTAVAIL" });
  expect(readConnectError({ ...error, address: "2001:db8::1" }, 443)).toEqual({
    outcome: "timed-out",
    message: "there is no way to it from here (EADDRNOTAVAIL); is it on, and is the route right?",
  });
  expect(readConnectError({ ...error, address: "192.0.2.1" }, 443)).toMatchObject({
    transient: "no-descriptor",
  });
});

const { signal } = new AbortController();
const withinAMillisecond = { timeoutMs: 1, signal };

/** A system that resolves one name at a time; the server of "silent" does not answer until the test ends it. */
function open() {
  const asked: string[] = [];
  const silence = Promise.withResolvers<never>();
  const find = createAddressFinder(1, async (host) => {
    asked.push(host);
    return host === "silent" ? silence.promise : [{ address: "192.0.2.1" }];
  });
  const end = () => silence.reject(Object.assign(new Error("the system gave up"), { code: "EAI_AGAIN" }));
  return { asked, find, end };
}

test("a name whose server is silent keeps its slot until its look-up ends, and costs the next no time", async () => {
  const { asked, find, end } = open();
  const waits: string[] = [];
  expect(await find("silent", withinAMillisecond)).toMatchObject({ outcome: "timed-out" });
  const next = find("web1", {
    ...withinAMillisecond,
    waitApart: async (wait) => {
      const release = await wait();
      waits.push("web1");
      return release;
    },
  });
  expect(await find("192.0.2.7", withinAMillisecond)).toEqual(["192.0.2.7"]);
  expect({ asked, waits }).toEqual({ asked: ["silent"], waits: [] });
  end();
  expect(await next).toEqual(["192.0.2.1"]);
  expect({ asked, waits }).toEqual({ asked: ["silent", "web1"], waits: ["web1"] });
});

test("who waits for a look-up and is told to stop waits no longer, and keeps nobody waiting", async () => {
  const { asked, find, end } = open();
  await find("silent", withinAMillisecond);
  const stopped = new AbortController();
  const waiting = find("web1", { timeoutMs: 1, signal: stopped.signal });
  const next = find("web2", withinAMillisecond);
  stopped.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  end();
  expect(await next).toEqual(["192.0.2.1"]);
  expect(asked).toEqual(["silent", "web2"]);
});

import { createRouterClient, os } from "@orpc/server";
import { expect, test } from "vitest";
import { lazily, lazyRouter } from "./lazy.ts";

test("the procedures of a feature are made once, so that what they share is the same at every call", async () => {
  let made = 0;
  const counter = lazyRouter(async () => {
    made += 1;
    let calls = 0;
    return { count: os.handler(() => ++calls) };
  });
  const client = createRouterClient(os.router({ counter }));
  expect([await client.counter.count(), await client.counter.count(), made]).toEqual([1, 2, 1]);
});

test("a part that could not be loaded is tried again, and is not made until it is asked for", async () => {
  let tries = 0;
  const part = lazily(async () => {
    tries += 1;
    if (tries === 1) throw new Error("too many open files");
    return "loaded";
  });
  expect(part.ifMade()).toBeNull();
  await expect(part()).rejects.toThrow("too many open files");
  expect(part.ifMade()).toBeNull();
  expect([await part(), await part(), tries]).toEqual(["loaded", "loaded", 2]);
});

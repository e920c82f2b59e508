import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort } from "./on-abort.ts";

test("whoever still listens is told once, and a signal has one listener for all of them", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const told: string[] = [];
  onAbort(signal, () => told.push("one"));
  const ignore = onAbort(signal, () => told.push("two"));
  onAbort(signal, () => told.push("three"));
  expect(getEventListeners(signal, "abort").length).toBe(1);
  ignore();
  controller.abort();
  controller.abort();
  expect(told).toEqual(["one", "three"]);
});

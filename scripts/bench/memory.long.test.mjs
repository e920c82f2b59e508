import { accessSync } from "node:fs";
import { expect, test } from "vitest";
import { measureScan } from "./measure-scan.mjs";

const ENDPOINTS = 10_000;
const MOST_BYTES = 200e6;

const hasNginx = ["/usr/sbin/nginx", "/usr/bin/nginx"].some((path) => {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
});

test.runIf(hasNginx)("ten thousand endpoints are scanned in less than 200 MB", async () => {
  const { ok, peakBytes } = await measureScan(ENDPOINTS);
  expect(ok).toBe(ENDPOINTS);
  expect(peakBytes).toBeLessThan(MOST_BYTES);
});

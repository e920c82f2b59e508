import { expect, test } from "vitest";
import type { Service } from "#shared/model/runs/deployment.ts";
import { servicesOf } from "./tools.ts";

test("a server of two pairs is told once, but HAProxy of each", () => {
  const tell = (server: "nginx" | "haproxy") => {
    const services = [{ server, config: "/etc/it.conf" } as Service];
    return servicesOf(["c0", "c1"].map((id) => ({ id, services }))).length;
  };
  expect(tell("nginx")).toBe(1);
  expect(tell("haproxy")).toBe(2);
});

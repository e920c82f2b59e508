import { expect, test } from "vitest";
import { checkScanned } from "./check-scanned.ts";

const NOW = "2026-06-03T12:00:00Z";

test("a plan says how old what is known of a host's servers is, and warns where that is more than a day, or less than its files", () => {
  const check = (at: string | null, changed: string[] = []) => {
    const { id, state, text } = checkScanned({ host: "web1", port: 22 } as never, { at, changed }, NOW);
    expect(id).toBe("scanned");
    return `${state}: ${text}`;
  };
  expect(check("2026-06-03T11:59:00Z")).toBe("ok: its servers were last read on 2026-06-03 at 11:59 UTC");
  expect(check("2026-06-02T12:00:01Z")).toMatch(/^ok/);
  expect(check("2026-06-01T11:00:00Z")).toMatch(
    /^warning: .* on 2026-06-01 at 11:00 UTC, 2 days ago; scan it/,
  );
  expect(check("2026-06-03T11:59:00Z", ["/etc/nginx/sites-enabled"])).toMatch(
    /^warning: \/etc\/nginx\/sites-enabled changed since its servers were last read/,
  );
  expect(check(null)).toMatch(/^warning: when its servers were last read is not known/);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { formatFault, formatTrace } from "./fault.ts";

test("a fault is said by its kind, its code and where in this program it happened", () => {
  const cause = Object.assign(new TypeError("a secret"), { code: "ERR_SOMETHING" });
  const [head, first, ...rest] = formatFault(new Error("a secret", { cause })).split("\n");
  expect(head).toBe("Error");
  expect(first).toMatch(/^ {4}at .*\(fault\.test\.ts:\d+:\d+\)$/);
  expect(rest).toContain("caused by TypeError ERR_SOMETHING");
});

test.each([undefined, null, "a secret", 7, { message: "a secret" }, Symbol("a secret")])(
  "what is no error is not repeated",
  (thrown) => {
    expect(formatFault(thrown)).toBe(`a ${typeof thrown} was thrown that is no error`);
  },
);

test("an error that causes itself is said, and ends", () => {
  const error = new Error("a secret");
  error.cause = error;
  expect(formatFault(error).match(/caused by/g)).toHaveLength(3);
});

test("nothing of a message, a field or a cause is said, whatever it looks like", () => {
  const secret = fc.constantFrom("canary", "x\n    at canary (canary.ts:1:1)", "Error: canary", "CANARY");
  fc.assert(
    fc.property(secret, secret, fc.string(), (message, other, noise) => {
      const error = Object.assign(new Error(`${message}${noise}`, { cause: new Error(other) }), {
        code: `${other}!`,
        name: `${message} ${noise}`,
        data: { other },
      });
      expect(formatFault(error)).not.toMatch(/canary/i);
    }),
  );
});

test("a message that was changed after the fact costs the calls, and says nothing", () => {
  const error = new Error("canary");
  void error.stack;
  error.message = "another";
  expect(formatFault(error)).toBe("Error");
});

test("a trace is made of names, and of nothing else that it is given", () => {
  expect(formatTrace(["session", "db-1.corp:22", "look", "ok"])).toBe("session db-1.corp:22 look ok");
  expect(formatTrace(["run", 7, null, "remove"])).toBe("run 7 null remove");
  const others = ["", "a b", "\u001b[2J", "a\nb", "x".repeat(81), "AAAA+/=", "/home/jo/.ssh/id", "p\u00e4ss"];
  expect(formatTrace(others)).toBe(others.map(() => "?").join(" "));
});

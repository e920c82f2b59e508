import { expect, test } from "vitest";
import { Refusal } from "#shared/model/refusal.ts";
import { formatFault } from "#shared/text/fault.ts";
import { carryError, reviveError } from "./carried-error.ts";

const carry = (error: unknown): Error => reviveError(structuredClone(carryError(error)));

test("a refusal is a refusal on the other side, with its code, its sentence and its cause", () => {
  const full = new Refusal("unusable", "the disk is full", { cause: new RangeError("too far") });
  const carried = carry(full);
  expect(carried).toBeInstanceOf(Refusal);
  expect(carried).toMatchObject({ code: "unusable", message: "the disk is full" });
  expect(carried.cause).toMatchObject({ name: "RangeError", message: "too far" });
});

test("the log says the same of a fault on either side", () => {
  const fault = Object.assign(new TypeError("what was read"), { code: "ERR_INVALID_ARG_TYPE" });
  expect(formatFault(carry(fault))).toBe(formatFault(fault));
  expect(formatFault(fault)).toContain("TypeError ERR_INVALID_ARG_TYPE\n    at ");
});

test("what was thrown and is no error is told as that", () => {
  expect(carry("a word").message).toBe("a string was thrown that is no error");
});

import { expect, test } from "vitest";
import { explainEnd, type Progress } from "./ssh-failure.ts";

const connecting: Progress = {
  stage: "connecting",
  hostKey: null,
  tried: [],
  attempt: null,
  taken: null,
  asking: null,
};

const failed = (...codes: readonly string[]) =>
  Object.assign(new AggregateError(codes.map((code) => Object.assign(new Error(code), { code }))), {
    code: codes[0] ?? "",
  });

test("of several addresses that fail, the one where somebody refused is told", () => {
  const tell = (...codes: readonly string[]) =>
    explainEnd({ host: "web1", port: 22 }, connecting, failed(...codes), null);
  expect(tell("ENETUNREACH", "ECONNREFUSED")).toEqual({
    outcome: "refused",
    message: "nothing listens at web1:22",
    passing: "refused",
  });
  expect(tell("ENETUNREACH", "ETIMEDOUT")).toEqual({
    outcome: "timed-out",
    message: "web1:22 did not answer",
  });
});

import { expect, test } from "vitest";
import { readConnectError } from "#net/tcp-connect.ts";
import { explainEnd, type Progress } from "./ssh-failure.ts";

const connecting: Progress = {
  stage: "connecting",
  hostKey: null,
  tried: [],
  attempt: null,
  accepted: null,
  isTyped: false,
  promptState: null,
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
    message: "web1: the connection was refused: nothing listens on port 22",
    transient: "refused",
  });
  expect(tell("ENETUNREACH", "ETIMEDOUT")).toEqual({
    outcome: "timed-out",
    message: "web1: nothing answered on port 22",
    transient: null,
  });
});

test("a connection that is not made is told over SSH as it is over TLS", () => {
  for (const code of ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EACCES"]) {
    const error = Object.assign(new Error(code), { code });
    const { outcome, message } = readConnectError(error, 22);
    expect(explainEnd({ host: "web1", port: 22 }, connecting, error, null)).toMatchObject({
      outcome,
      message: `web1: ${message}`,
    });
  }
});

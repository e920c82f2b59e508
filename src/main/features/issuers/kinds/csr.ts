import type { Desk } from "./desk.ts";

/** A person signs: whatever is asked for waits until it is brought back. */
export const csrDesk: Desk = {
  order: async ({ name, note }) => ({
    kind: "waits",
    what: `take the request to ${name}${note === "" ? "" : ` (${note})`}, and bring back the certificate`,
  }),
  test: async ({ note }) => ({
    isSound: true,
    lines: [note === "" ? "a person signs, and there is nothing to try" : `a person signs: ${note}`],
  }),
  secretsOf: () => [],
};

import type { Page } from "@playwright/test";

/** The program that a page belongs to. */
export type Shell = {
  stop(): Promise<void>;
  /** What was copied last. */
  readClipboard(): Promise<string>;
};

/** What the specs run on: the same program, in one shell or another. */
export type Stage = {
  /** Opens the program on a database, for a user with this home, and waits for nothing. */
  open(database: string, home: string): Promise<{ page: Page; shell: Shell }>;
  /** The page that was opened last. */
  readonly page: Page;
};

/** Without any key, agent or known host of whoever runs the tests. */
export function environmentOf(home: string): Record<string, string> {
  const env = Object.entries(process.env).filter(
    ([name, value]) => name !== "SSH_AUTH_SOCK" && value !== undefined,
  );
  return { ...(Object.fromEntries(env) as Record<string, string>), HOME: home, USERPROFILE: home };
}

/**
 * Records what a page complains of: errors, and what its policy has refused. A dropped connection is no error of the
 * page.
 */
export function listen(page: Page, complaints: string[]): void {
  page.on("console", (message) => {
    const isOurs = !/ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|WebSocket connection/.test(
      message.text(),
    );
    if (message.type() === "error" && isOurs) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
}

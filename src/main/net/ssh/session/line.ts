/** The two ends of a command that runs on a host. */
export type Line = {
  send(text: string): void;
  /** Called once. */
  follow(told: { out(chunk: Buffer): void; over(why: string): void }): void;
};

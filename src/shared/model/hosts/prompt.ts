import { z } from "zod";
import { HostName, Port } from "./target.ts";

const Login = z.object({ user: z.string(), host: HostName, port: Port });

/**
 * What a running scan prompts whoever started it for. Answers are kept in memory, until the scan ends at the latest.
 */
export const PromptRequest = z.object({
  id: z.string(),
  about: z.discriminatedUnion("kind", [
    /** For an encrypted identity file, once a scan, before any host is probed. */
    z.object({ kind: z.literal("passphrase"), file: z.string(), fingerprint: z.string().nullable() }),
    z.object({ kind: z.literal("password"), ...Login.shape }),
    /** For the password of a proxy that leads to endpoints, once a scan. */
    z.object({ kind: z.literal("proxy"), ...Login.shape }),
    /** What the host itself asks; its words are a stranger's. */
    z.object({
      kind: z.literal("keyboard-interactive"),
      ...Login.shape,
      title: z.string(),
      instructions: z.string(),
    }),
  ]),
  /** What to answer, in this order. */
  prompts: z.array(z.object({ text: z.string(), isEchoed: z.boolean() })).min(1),
  /** How many answers were wrong before this one; at three the scan goes on without. */
  wrongAnswers: z.int(),
});
export type PromptRequest = z.infer<typeof PromptRequest>;

/** After so many wrong answers, for a key file or a login, there are no more prompts. */
export const MOST_WRONG_ANSWERS = 3;

/** Whether the answer is a password that another host may want as well: of one hidden prompt, for a login. */
export const isPasswordPrompt = ({ about, prompts }: Pick<PromptRequest, "about" | "prompts">): boolean =>
  about.kind === "password" ||
  (about.kind === "keyboard-interactive" &&
    prompts.length === 1 &&
    prompts.every(({ isEchoed, text }) => !isEchoed && /password/i.test(text) && !ONE_TIME.test(text)));

/** A prompt for what is valid once, as "One-time password (OATH)" of pam_oath: no other host wants the same. */
const ONE_TIME = /one.?time|\botp\b|token|code/i;

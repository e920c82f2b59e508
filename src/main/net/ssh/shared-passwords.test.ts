import { expect, test } from "vitest";
import type { PromptRequest } from "#shared/model/hosts/prompt.ts";
import { Redacted } from "#shared/model/secret.ts";
import { byPassword, startPromptingServer } from "#testing/ssh/ssh-server.ts";
import {
  createInteractiveLogins,
  type InteractiveLogin,
  type InteractiveLogins,
} from "./interactive-login.ts";
import { logIn } from "./log-in.ts";

const never = new AbortController().signal;

const about = {
  kind: "keyboard-interactive" as const,
  user: "jo",
  host: "web1",
  port: 22,
  title: "",
  instructions: "",
};
const askedFor = (text: string): Omit<PromptRequest, "id"> => ({
  about,
  prompts: [{ text, isEchoed: false }],
  wrongAnswers: 0,
});

/** Somebody who types the word of `words` for each prompt, each time for all hosts. */
function typing(words: Record<string, string>) {
  const asked: string[] = [];
  const typed = createInteractiveLogins(async ({ prompts: [prompt] }) => {
    const text = prompt?.text ?? "";
    asked.push(text);
    return { answers: [new Redacted(words[text] ?? "")], isForSameUser: true };
  });
  return { asked, typed };
}

const answer = async (login: InteractiveLogin, text: string) =>
  (await login.answer(askedFor(text)))?.map(Redacted.reveal);

test("a host may ask for more after a password for all hosts, which is tried elsewhere once the login is done", async () => {
  const { asked, typed } = typing({ "Password:": "hunter2", "Code:": "123" });
  const one = typed.open("jo", never);
  expect(await answer(one, "Password:")).toEqual(["hunter2"]);
  expect(await answer(one, "Code:")).toEqual(["123"]);
  one.onResult(true);
  expect(await answer(typed.open("jo", never), "Password:")).toEqual(["hunter2"]);
  expect(asked).toEqual(["Password:", "Code:"]);
});

test("what is good once goes to no other host, and a password is no answer to what wants such", async () => {
  const oneTime = "One-time password (OATH) for `jo':";
  const { asked, typed } = typing({ "Password:": "hunter2", [oneTime]: "123456" });
  const one = typed.open("jo", never);
  expect(await answer(one, "Password:")).toEqual(["hunter2"]);
  one.onResult(true);
  for (const _ of [1, 2]) {
    const other = typed.open("jo", never);
    expect(await answer(other, oneTime)).toEqual(["123456"]);
    other.onResult(true);
  }
  expect(asked).toEqual(["Password:", oneTime, oneTime]);
});

test("a login that has ended waits for no answer to another one's question, and keeps nobody waiting", async () => {
  const reply = Promise.withResolvers<null>();
  const typed = createInteractiveLogins(() => reply.promise);
  const asking = typed.open("jo", never).answer(askedFor("Password:"));
  const ended = new AbortController();
  const waiting = typed.open("jo", ended.signal).answer(askedFor("Password:"));
  ended.abort(new Error("the host hung up"));
  await expect(waiting).rejects.toThrow("the host hung up");
  reply.resolve(null);
  expect(await asking).toBeNull();
  expect(await typed.open("jo", never).answer(askedFor("Password:"))).toBeNull();
});

test("a host that hangs up before its turn to ask came has refused nobody, and may be tried again", async () => {
  const asked = Promise.withResolvers<void>();
  const reply = Promise.withResolvers<null>();
  let hangUp = () => {};
  await using one = await startPromptingServer({ judge: byPassword("hunter2") });
  await using two = await startPromptingServer({
    judge: (attempt, hang) => {
      hangUp = hang;
      attempt.reject(["password"]);
    },
  });
  const typed = createInteractiveLogins(() => {
    asked.resolve();
    return reply.promise;
  });
  const asking = visit(one, typed);
  await asked.promise;
  const open: typeof typed.open = (user, signal) => {
    const login = typed.open(user, signal);
    const answer: typeof login.answer = (...about) => {
      const answered = login.answer(...about);
      hangUp();
      return answered;
    };
    return { ...login, answer };
  };
  expect(await visit(two, { open })).toMatchObject({
    outcome: "reset",
    transient: "before-its-turn",
    message: expect.stringContaining("hung up before its turn to ask came"),
  });
  reply.resolve(null);
  expect(await asking).toMatchObject({ outcome: "login-refused" });
});

const visit = ({ host, port }: { host: string; port: number }, typed: InteractiveLogins) =>
  logIn({
    target: { host, port },
    user: "jo",
    identities: [],
    hostKeyTypes: ["ssh-ed25519"],
    interactive: typed,
    signal: never,
    verifyHostKey: () => ({ kind: "trusted" }),
    limits: { connectMs: 3_000, readyMs: 10_000 },
  });

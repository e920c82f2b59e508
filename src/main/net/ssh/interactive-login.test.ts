import type { AuthContext } from "ssh2";
import { expect, test } from "vitest";
import type { PromptRequest } from "#shared/model/hosts/prompt.ts";
import { Redacted } from "#shared/model/secret.ts";
import { byPassword, makeKeyPair, promptFor, startPromptingServer } from "#testing/ssh/ssh-server.ts";
import type { Identity } from "./identities.ts";
import { type Answer, createInteractiveLogins, type PromptUser } from "./interactive-login.ts";
import { type LoginOptions, logIn } from "./log-in.ts";
import { readPrivateKeyFile } from "./private-key-file.ts";

type PromptWithoutId = Omit<PromptRequest, "id">;

function makeIdentity(source: string): Identity {
  const read = readPrivateKeyFile(Buffer.from(makeKeyPair().private));
  if (read.kind !== "usable") throw new Error(read.why);
  const { keyType, fingerprint, key } = read;
  return { keyType, fingerprint, source, comment: "", secret: { kind: "file", key } };
}

const identities = Array.from({ length: 6 }, (_, index) => makeIdentity(`key${index}`));

/** Somebody who answers each prompt by `reply`, and the prompts so far. */
function somebody(
  reply: (question: PromptWithoutId, count: number) => string[] | null,
  isForSameUser = false,
) {
  const asked: PromptWithoutId[] = [];
  const ask: PromptUser = async (question): Promise<Answer | null> => {
    asked.push(question);
    const answers = reply(question, asked.length);
    return answers && { answers: answers.map((answer) => new Redacted(answer)), isForSameUser };
  };
  return { asked, ask, typed: createInteractiveLogins(ask) };
}

async function visit({ host, port }: { host: string; port: number }, options: Partial<LoginOptions> = {}) {
  const result = await logIn({
    target: { host, port },
    user: "jo",
    identities: [],
    hostKeyTypes: ["ssh-ed25519"],
    verifyHostKey: () => ({ kind: "trusted" }),
    limits: { connectMs: 3_000, readyMs: 10_000 },
    signal: new AbortController().signal,
    ...options,
  });
  if (!("client" in result)) return result;
  await result.close();
  return { identity: result.identity?.source ?? null };
}

test("a password is asked for after the keys were refused, and no key is said to have let us in", async () => {
  await using server = await startPromptingServer({ judge: byPassword("hunter2") });
  const { asked, typed } = somebody(() => ["hunter2"]);
  expect(await visit(server, { identities: identities.slice(0, 1), interactive: typed })).toEqual({
    identity: null,
  });
  expect(server.attempts).toEqual(["publickey", "password hunter2"]);
  const about = { kind: "password", user: "jo", host: server.host, port: server.port };
  expect(asked).toEqual([{ about, prompts: [{ text: "Password", isEchoed: false }], wrongAnswers: 0 }]);
});

test("without a key the host is asked first what it takes; one that takes nothing typed is not asked about", async () => {
  await using server = await startPromptingServer({ judge: byPassword("hunter2") });
  const { typed } = somebody(() => ["hunter2"]);
  expect(await visit(server, { interactive: typed })).toEqual({ identity: null });
  expect(server.attempts).toEqual(["none", "password hunter2"]);

  await using keysOnly = await startPromptingServer({ judge: (attempt) => attempt.reject(["publickey"]) });
  const nobody = somebody(() => ["hunter2"]);
  expect(await visit(keysOnly, { interactive: nobody.typed })).toMatchObject({
    outcome: "login-refused",
    message: expect.stringContaining("there is no key to log in with"),
  });
  expect(nobody.asked).toEqual([]);
});

test("nothing is asked where nobody may be, and the sentence says how it would be", async () => {
  await using server = await startPromptingServer({ judge: byPassword("hunter2") });
  expect(await visit(server, { identities: identities.slice(0, 1) })).toMatchObject({
    outcome: "login-refused",
    message: expect.stringMatching(/only by password; 1 key was offered: key0; .*--ask-password/),
  });
  expect(server.attempts).toEqual(["publickey"]);
});

test("a password never goes to a host whose key is not trusted", async () => {
  await using server = await startPromptingServer({ judge: byPassword("hunter2") });
  const { asked, typed } = somebody(() => ["hunter2"]);
  const verifyHostKey = () => ({ kind: "refused", outcome: "host-key-unknown", message: "mind" }) as const;
  expect(await visit(server, { interactive: typed, verifyHostKey })).toMatchObject({
    outcome: "host-key-unknown",
  });
  await server.untilLeft();
  expect({ asked, attempts: server.attempts }).toEqual({ asked: [], attempts: [] });
});

test("three wrong passwords are the end, each is counted, and the sentence holds none of them", async () => {
  await using server = await startPromptingServer({ judge: byPassword("hunter2") });
  const { asked, typed } = somebody((_, count) => [`wrong${count}`]);
  expect(await visit(server, { interactive: typed })).toEqual({
    outcome: "login-refused",
    hostKey: expect.anything(),
    isKeyRefused: false,
    transient: null,
    message: `what was typed for jo at ${server.host}:${server.port} was refused 3 times; no key was offered`,
  });
  expect(server.attempts).toEqual(["none", "password wrong1", "password wrong2", "password wrong3"]);
  expect(asked.map(({ wrongAnswers }) => wrongAnswers)).toEqual([0, 1, 2]);
});

test("keys that were refused leave fewer tries, for sshd counts all of them", async () => {
  await using server = await startPromptingServer({
    judge: (attempt) => attempt.reject(["publickey", "password"]),
  });
  const { typed } = somebody(() => ["wrong"]);
  expect(await visit(server, { identities, interactive: typed })).toMatchObject({
    message: expect.stringContaining("was refused once; 5 keys were offered"),
  });
  expect(server.attempts).toEqual([...Array(5).fill("publickey"), "password wrong"]);
});

test.each([
  ["no answer", null],
  ["an empty one", [""]],
])("with %s the login ends, and nothing is sent", async (_, reply) => {
  await using server = await startPromptingServer({ judge: byPassword("hunter2") });
  const { typed } = somebody(() => reply);
  expect(await visit(server, { interactive: typed })).toMatchObject({
    outcome: "login-refused",
    message: expect.stringContaining("nothing was typed for jo at"),
  });
  await server.untilLeft();
  expect(server.attempts).toEqual(["none"]);
});

test("what the host asks goes first, in its own words on one line each, over several rounds", async () => {
  await using server = await startPromptingServer({
    judge: async (attempt) => {
      if (attempt.method !== "keyboard-interactive")
        return attempt.reject(["password", "keyboard-interactive"]);
      const first = await promptFor(attempt, { prompt: "Password: ", echo: false });
      await promptFor(attempt);
      const second = await promptFor(
        attempt,
        { prompt: "Code\u001b[2J: ", echo: true },
        { prompt: "PIN", echo: false },
      );
      return [...first, ...second].join() === "hunter2,123,456" ? attempt.accept() : attempt.reject();
    },
  });
  const { asked, typed } = somebody(({ prompts }) => (prompts.length === 1 ? ["hunter2"] : ["123", "456"]));
  expect(await visit(server, { interactive: typed })).toEqual({ identity: null });
  const about = {
    kind: "keyboard-interactive",
    user: "jo",
    host: server.host,
    port: server.port,
    title: "Two factors",
    instructions: "Take out your token",
  };
  expect(asked).toEqual([
    { about, prompts: [{ text: "Password:", isEchoed: false }], wrongAnswers: 0 },
    {
      about,
      prompts: [
        { text: "Code\u001b[2J:", isEchoed: true },
        { text: "PIN", isEchoed: false },
      ],
      wrongAnswers: 0,
    },
  ]);
});

test("a host that offers to ask and then asks nothing is tried by password", async () => {
  await using server = await startPromptingServer({
    judge: (attempt) =>
      attempt.method === "password" ? attempt.accept() : attempt.reject(["keyboard-interactive", "password"]),
  });
  const { typed } = somebody(() => ["hunter2"]);
  expect(await visit(server, { interactive: typed })).toEqual({ identity: null });
  expect(server.attempts).toEqual(["none", "keyboard-interactive", "password hunter2"]);
});

const asksForEver = async (attempt: AuthContext): Promise<void> => {
  if (attempt.method !== "keyboard-interactive") return attempt.reject(["keyboard-interactive"]);
  for (;;) await promptFor(attempt, { prompt: "More?", echo: true });
};

test.each([
  ["rounds without end", asksForEver, "was asked more than is answered here", 3],
  ["nine prompts at once", asks(Array(9).fill("Word")), "was asked more than is answered here", 0],
  ["a new password", asks(["New password:"]), "has expired: set a new one with ssh", 0],
])("a host that asks for %s is left", async (_, judge, message, count) => {
  await using server = await startPromptingServer({ judge });
  const { asked, typed } = somebody(({ prompts }) => prompts.map(() => "yes"));
  expect(await visit(server, { interactive: typed })).toMatchObject({
    outcome: "login-refused",
    message: expect.stringContaining(message),
  });
  expect(asked).toHaveLength(count);
});

function asks(prompts: readonly string[]) {
  return async (attempt: AuthContext): Promise<void> => {
    if (attempt.method !== "keyboard-interactive") return attempt.reject(["keyboard-interactive"]);
    await promptFor(attempt, ...prompts.map((prompt) => ({ prompt, echo: false })));
    attempt.reject();
  };
}

test("a password that has expired is not changed, and that is said", async () => {
  await using server = await startPromptingServer({
    judge: (attempt) =>
      attempt.method === "password"
        ? attempt.requestChange("Now", () => undefined)
        : attempt.reject(["password"]),
  });
  const { typed } = somebody(() => ["hunter2"]);
  expect(await visit(server, { interactive: typed })).toMatchObject({
    message: expect.stringContaining("has expired"),
  });
});

test.each([
  ["a key and then a password", "publickey", "password"],
  ["a password and then a key", "password", "publickey"],
] as const)(
  "a host that wants %s gets both, and the key is told as the one it took",
  async (_, first, second) => {
    await using server = await startPromptingServer({ judge: inOrder(first, second) });
    const { typed } = somebody(() => ["hunter2"]);
    expect(await visit(server, { identities: identities.slice(0, 1), interactive: typed })).toEqual({
      identity: "key0",
    });
  },
);

/** AuthenticationMethods first,second */
function inOrder(first: "publickey" | "password", second: "publickey" | "password") {
  let isHalfIn = false;
  return (attempt: AuthContext) => {
    if (attempt.method !== (isHalfIn ? second : first)) return attempt.reject([isHalfIn ? second : first]);
    if (attempt.method === "publickey" && !attempt.signature) return attempt.accept();
    if (isHalfIn) return attempt.accept();
    isHalfIn = true;
    attempt.reject([second], true);
  };
}

test("a host that hangs up while somebody is asked withdraws the question", async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  let hangUp = () => {};
  await using server = await startPromptingServer({
    judge: (attempt, hang) => {
      hangUp = hang;
      attempt.reject(["password"]);
    },
  });
  const typed = createInteractiveLogins(async (_question, signal) => {
    asked.resolve(signal);
    hangUp();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return null;
  });
  expect(await visit(server, { interactive: typed })).toMatchObject({
    outcome: "login-refused",
    message: expect.stringContaining("hung up while an answer was waited for"),
  });
  expect((await asked.promise).aborted).toBe(true);
});

test("a password for all hosts is asked for once, and tried at each of them once", async () => {
  await using one = await startPromptingServer({ judge: byPassword("hunter2") });
  await using two = await startPromptingServer({ judge: byPassword("hunter2") });
  await using other = await startPromptingServer({ judge: byPassword("another") });
  const { asked, typed } = somebody(
    ({ about }) => ["port" in about && about.port === other.port ? "another" : "hunter2"],
    true,
  );
  expect(await visit(one, { interactive: typed })).toEqual({ identity: null });
  const results = await Promise.all([
    visit(two, { interactive: typed }),
    visit(other, { interactive: typed }),
  ]);
  expect(results).toEqual([{ identity: null }, { identity: null }]);
  expect([two, other].map(({ attempts }) => attempts)).toEqual([
    ["none", "password hunter2"],
    ["none", "password hunter2", "password another"],
  ]);
  expect(asked.map(({ about, wrongAnswers }) => ["port" in about && about.port, wrongAnswers])).toEqual([
    [one.port, 0],
    [other.port, 1],
  ]);
});

test("of many hosts that want one at the same time only the first asks, and a wrong one goes to no other", async () => {
  await using one = await startPromptingServer({ judge: byPassword("hunter2") });
  await using two = await startPromptingServer({ judge: byPassword("hunter2") });
  const { asked, typed } = somebody((_, count) => [count === 1 ? "wrong" : "hunter2"], true);
  expect(await Promise.all([visit(one, { interactive: typed }), visit(two, { interactive: typed })])).toEqual(
    [{ identity: null }, { identity: null }],
  );
  const passwords = [...one.attempts, ...two.attempts].filter((attempt) => attempt !== "none").sort();
  expect(passwords).toEqual(["password hunter2", "password hunter2", "password wrong"]);
  expect(asked).toHaveLength(2);
});

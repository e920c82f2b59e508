import { expect, test } from "vitest";
import { beginSession } from "./open-session.ts";

const SCRIPT = "# a comment\nsession_serve() {\n\t# another\n\techo\n}\n";

/** A host that runs `answer` for each text that it gets. */
function makeHost(answer: (text: string, say: (text: string) => void, end: (why: string) => void) => void) {
  let out: (chunk: Buffer) => void = () => undefined;
  let over: (why: string) => void = () => undefined;
  const got: string[] = [];
  return {
    got,
    line: {
      send(text: string) {
        got.push(text);
        answer(
          text,
          (said) => out(Buffer.from(said)),
          (why) => over(why),
        );
      },
      follow(told: { out(chunk: Buffer): void; over(why: string): void }) {
        ({ out, over } = told);
      },
    },
  };
}

/** A host that runs our shell, and answers each request with these lines after its nonce and number. */
const obey = (...lines: string[]) => {
  let nonce = "";
  return makeHost((text, say) => {
    if (text.includes("session_library=")) return say("welcome\nsession-boots\n");
    if (text.includes("#session-ends")) {
      nonce = text.trim().split("\n").at(-1) ?? "";
      return say(`lk ${nonce} 0 ok ready 0 root\n`);
    }
    for (const line of lines) say(`lk ${nonce} ${text.split(" ")[0]} ${line}\n`);
  });
};

const begin = async (host: ReturnType<typeof makeHost>, beginMs = 5_000) => {
  const begun = await beginSession(host.line, SCRIPT, beginMs);
  if (!("send" in begun)) throw new Error(begun.message);
  return begun;
};

test("the library goes out when the shell says that it runs, without its comments", async () => {
  const host = obey("ok done", "end 0");
  const { send, uid } = await begin(host);
  expect(uid).toBe(0);
  expect(host.got[1]).toMatch(/^session_serve\(\) \{\necho\n\}\n#session-ends\n[0-9a-f]{32}\n$/);
  expect(await send({ verb: "inspect", words: ["it's"] }, { deadlineMs: 5_000 })).toMatchObject({
    status: "ok",
    words: ["done"],
  });
  expect(host.got[2]).toBe("1 inspect 'it'\\''s'\n");
});

test("requests go one after the other", async () => {
  const host = obey("ok done", "end 0");
  const { send } = await begin(host);
  const answers = await Promise.all(
    ["one", "two", "three"].map((verb) => send({ verb, words: [] }, { deadlineMs: 5_000 })),
  );
  expect(answers.map((answer) => answer.kind)).toEqual(["answered", "answered", "answered"]);
  expect(host.got.slice(2)).toEqual(["1 one\n", "2 two\n", "3 three\n"]);
});

test("a host that does not answer in time is lost, also for what is asked after", async () => {
  const { send, ended } = await begin(obey());
  const late = { kind: "lost", message: "it did not answer within 0.02 s" };
  expect(await send({ verb: "write", words: [] }, { deadlineMs: 20 })).toEqual(late);
  expect(await send({ verb: "inspect", words: [] }, { deadlineMs: 5_000 })).toEqual(late);
  expect(await ended).toEqual(late);
});

test("a host that answers nonsense, or something else than was asked, is lost", async () => {
  for (const lines of [["what"], ["ok a", "ok b"], ["end 0", "end 0"]]) {
    const { send } = await begin(obey(...lines));
    await send({ verb: "write", words: [] }, { deadlineMs: 5_000 });
    const next = await send({ verb: "inspect", words: [] }, { deadlineMs: 5_000 });
    expect(next.kind, String(lines)).toBe("lost");
  }
});

test("a host that echoes what it gets has not begun", async () => {
  const host = makeHost((text, say) => say(text));
  expect(await beginSession(host.line, SCRIPT, 50)).toMatchObject({
    kind: "silent",
    noise: expect.any(String),
  });
});

test("a host that hangs up is lost at once", async () => {
  const host = makeHost((_, say, end) => {
    say("This account is not available.\n");
    end("the shell has ended");
  });
  expect(await beginSession(host.line, SCRIPT, 5_000)).toEqual({
    kind: "lost",
    message: "the shell has ended",
    noise: "This account is not available.\n",
  });
});

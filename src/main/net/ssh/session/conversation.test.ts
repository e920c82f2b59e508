import fc from "fast-check";
import { expect, test } from "vitest";
import { ANSWER_LIMITS, AnswerReader } from "./conversation.ts";
import { quoteWord, readWord, writeBytes } from "./remote-session.ts";

const NONCE = "0123456789abcdef";

/** What a reader makes of these pieces of a host's output, as the answer to request 1. */
function read(...pieces: (string | Uint8Array)[]) {
  const answers: unknown[] = [];
  const nonsense: string[] = [];
  const reader = new AnswerReader(NONCE, {
    answer: (sequence, answer) => answers.push({ sequence, ...answer }),
    nonsense: (why) => nonsense.push(why),
  });
  reader.expect(1);
  for (const piece of pieces) reader.take(Buffer.from(piece as string));
  return { answers, nonsense };
}

const frames = (...lines: string[]): string => lines.map((line) => `lk ${NONCE} 1 ${line}\n`).join("");
const WHOLE = `motd\n${frames("fact hash abc%20d %", "fact hash e", "data content b64")}aGVsbG8K\n.\n${frames("ok written now", "end 0")}`;
const ANSWER = {
  sequence: 1,
  kind: "answered",
  status: "ok",
  words: ["written", "now"],
  facts: new Map([["hash", [["abc d", ""], ["e"]]]]),
  data: new Map([["content", Uint8Array.from(Buffer.from("hello\n"))]]),
};

test("an answer is read whole, however it is cut into pieces", () => {
  expect(read(WHOLE)).toEqual({ answers: [ANSWER], nonsense: [] });
  expect(read(...WHOLE)).toEqual({ answers: [ANSWER], nonsense: [] });
  for (let at = 0; at < WHOLE.length; at++)
    expect(read(WHOLE.slice(0, at), WHOLE.slice(at)).answers, String(at)).toEqual([ANSWER]);
});

test("an answer that is cut anywhere is no answer", () => {
  for (let at = 0; at < WHOLE.length; at++) expect(read(WHOLE.slice(0, at)).answers, String(at)).toEqual([]);
});

test("a shell that ended before it said what came of it has failed", () => {
  expect(read(frames("fact hash abc", "end 137")).answers).toMatchObject([
    { status: "fail", words: ["ended", "137"] },
  ]);
});

test("an answer with a frame that makes no sense is none, whatever else is in it, and the next one is read", () => {
  const bad = [
    "",
    "ok a%",
    "ok %2",
    "ok a\x01",
    "what now",
    "data content",
    "data content b65",
    "data content b64 x",
    "ok a\nok b",
    "ok\ntell late",
    "data a hex\n.\ndata a hex",
    "data a b64\n??\n.",
    "data a b64\nYQ\n.",
    "data a hex\nabc\n.",
  ].map((text) => text.replaceAll("\n", "\n__").replaceAll("__.", "."));
  for (const line of bad) {
    const text = `lk ${NONCE} 1 ${line}\n`
      .replaceAll(/\n__([?Ya]|abc)/g, "\n$1")
      .replaceAll("__", `lk ${NONCE} 1 `);
    const { answers, nonsense } = read(text, frames("ok", "end 0"));
    expect(nonsense, JSON.stringify(text)).toEqual([]);
    const spoilt = {
      kind: "answered",
      status: "fail",
      words: ["no-sense"],
      facts: new Map(),
      data: new Map(),
    };
    expect(answers, JSON.stringify(text)).toEqual([{ sequence: 1, ...spoilt }]);
  }
  for (const line of [`lk ${NONCE} 2 ok`, `lk ${NONCE} 01 ok`, `lk ${NONCE}  ok`])
    expect(read(`${line}\n`).nonsense, line).toHaveLength(1);
});

test("what has another nonce is noise", () => {
  expect(read("lk ffff 1 ok\nlk ffff 1 end 0\n", WHOLE)).toEqual({ answers: [ANSWER], nonsense: [] });
});

test("an answer that nobody asked for ends it", () => {
  expect(read(WHOLE, frames("ok", "end 0"))).toMatchObject({
    answers: [ANSWER],
    nonsense: [expect.any(String)],
  });
});

test("a host that sends without end is stopped, and nothing of it is kept", () => {
  const { lineBytes, noiseBytes, answerBytes } = ANSWER_LIMITS;
  const chunk = Buffer.alloc(1024 * 1024, "x");
  expect(read(chunk).nonsense).toEqual(["a line is too long"]);
  expect(read(...Array.from({ length: lineBytes / 64 + 1 }, () => "x".repeat(64))).nonsense).toHaveLength(1);
  expect(read("x\n".repeat(noiseBytes)).nonsense).toEqual(["too much beside the answers"]);
  expect(read(frames("data content b64"), "YWFh\n".repeat(answerBytes / 4)).nonsense).toEqual([
    "an answer is too long",
  ]);
  expect(read(frames("fact a b").repeat(answerBytes / 16)).nonsense).toEqual(["an answer is too long"]);
});

test("whatever a host sends, it is an answer, noise or nonsense, and never a crash", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    fc.constantFrom(...frames("ok a", "no", "fail x", "end 0", "fact a b", "data c hex").split(/(?<=\n)/)),
    fc.constantFrom("00 ff\n", ".\n", "\n", "lk ", `lk ${NONCE} `, "%", "a".repeat(70_000)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const { answers, nonsense } = read(...pieces.map((text) => Buffer.from(text, "latin1")));
      expect(answers.length).toBeLessThanOrEqual(1);
      expect(nonsense.length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 3_000 },
  );
});

test("words and bytes are written so that nothing in them means anything", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = writeBytes(bytes);
      expect(text).toMatch(/^[A-Za-z /\\0-7]*$/);
      const back = text.replace(/\\0([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
      expect(Buffer.from(back, "latin1").equals(bytes)).toBe(true);
    }),
  );
  expect(quoteWord('it\'s $(x) `y` \\ "z"')).toBe("'it'\\''s $(x) `y` \\ \"z\"'");
  for (const word of ["a\nb", "a\rb", "a\0b"]) expect(() => quoteWord(word)).toThrow("line break");
  expect(["%", "a%20b", "%c3%a9", "%zz", "a b", ""].map(readWord)).toEqual([
    "",
    "a b",
    "é",
    null,
    null,
    null,
  ]);
});

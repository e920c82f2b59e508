/**
 * A name server with scripted answers, as a program of its own: it is started inside a network.
 *
 *   node name-server.ts ADDRESS JSON      JSON: names and their IPv4 addresses; [] is no such name, null no answer
 *
 * It prints a line once it accepts queries. Every name that is not listed does not exist.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const [address = "127.0.0.1", json = "{}"] = process.argv.slice(2);
const names = JSON.parse(json) as Record<string, string[] | null>;
const A = 1;
const HEADER_BYTES = 12;
/** Without EDNS, a longer answer does not fit into a datagram; the client queries again by TCP. */
const MOST_BYTES = 512;

const server = createServer((socket) => {
  let held = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (piece) => {
    held = Buffer.concat([held, piece]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0);
      const answer = answerTo(held.subarray(2, end));
      held = held.subarray(end);
      if (answer) socket.write(Buffer.concat([toBytes16(answer.length), answer]));
    }
  });
});
const datagrams = createSocket("udp4");
datagrams.on("message", (question, from) => {
  const answer = answerTo(question);
  if (answer)
    datagrams.send(answer.length > MOST_BYTES ? cutShort(question) : answer, from.port, from.address);
});
datagrams.bind(53, address, () => server.listen(53, address, () => process.stdout.write("ready\n")));

function answerTo(question: Buffer): Buffer | null {
  const { name, type, end } = readQuestion(question);
  const found = name in names ? names[name] : [];
  if (!found) return null;
  const records = type === A ? found.map(toRecord) : [];
  const head = question.subarray(0, end);
  const answer = Buffer.concat([head, ...records]);
  answer.writeUInt16BE(found.length > 0 ? 0x8180 : 0x8183, 2);
  answer.writeUInt16BE(1, 4);
  answer.writeUInt16BE(records.length, 6);
  answer.writeUInt32BE(0, 8);
  return answer;
}

function cutShort(question: Buffer): Buffer {
  const answer = Buffer.from(question.subarray(0, readQuestion(question).end));
  answer.writeUInt16BE(0x8380, 2);
  answer.writeUInt32BE(0, 8);
  return answer;
}

function readQuestion(question: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  return { name: labels.join("."), type: question.readUInt16BE(at + 1), end: at + 5 };
}

/** The name of the query again, A, IN, 60 s, four bytes. */
const toRecord = (ip: string): Buffer =>
  Buffer.from([0xc0, HEADER_BYTES, 0, A, 0, 1, 0, 0, 0, 60, 0, 4, ...ip.split(".").map(Number)]);

const toBytes16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

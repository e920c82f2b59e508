/** Scans these endpoints, a line each, and answers with how many were read. */
export async function scanAll(client, text) {
  const controller = new AbortController();
  const events = await client.events.watch(undefined, { signal: controller.signal });
  const { scanId } = await client.scans.start({
    text,
    only: "tls",
    ...(process.env.CONC ? { concurrency: Number(process.env.CONC) } : {}),
  });
  try {
    for await (const _ of events) {
      const { state, ok } = await client.scans.find({ scanId });
      if (state !== "running") return ok;
    }
    throw new Error("the program ended before the scan");
  } finally {
    controller.abort();
  }
}

import { createServer } from "node:tls";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { scanAll } from "#testing/lab/desk.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { listen } from "#testing/servers.ts";

const make = async (name: string) => ({ name, ...(await makeCertificate({ names: [name] })) });
const [leaf, intermediate, root, stray] = [
  await make("leaf"),
  await make("intermediate"),
  await make("root"),
  await make("stray"),
];

/** What a server sends, right and wrong. */
const SENT = {
  "a stray before the intermediate": [leaf, stray, intermediate],
  "the root, too": [leaf, intermediate, root],
  "one twice, and the leaf again": [leaf, intermediate, intermediate, leaf],
  "in the wrong order": [leaf, root, intermediate],
};

test.for(Object.entries(SENT))(
  "%s: a chain is shown as it was sent, from the wire to the row",
  async ([, sent]) => {
    await using app = createApp({ databasePath: ":memory:" });
    const cert = sent.map(({ pem }) => pem).join("");
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      await using server = await listen(createServer({ cert, key: leaf.keyPem, maxVersion }));
      const { host, port } = server.endpoint;
      await scanAll(app, { text: `${host}:${port}` });
      const { rows } = await app.client.certificates.list({ locationLimit: 100 });
      const shown = rows.flatMap(({ locations, names }) =>
        locations.flatMap((location) =>
          location.kind === "endpoint" && location.port === port
            ? [{ position: location.position, name: names[0] }]
            : [],
        ),
      );
      expect(shown.toSorted((one, other) => one.position - other.position)).toEqual(
        sent.map(({ name }, position) => ({ position, name: `DNS:${name}` })),
      );
    }
  },
);

import { implement } from "@orpc/server";
import { readKnownHostsFiles } from "#net/local/read-ssh-files.ts";
import { settings } from "#shared/contract/settings.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { VERSION } from "#shared/model/version.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; isReadOnly: boolean; workstation: Pick<Workstation, "home"> };

export function createSettings({ store, isReadOnly, workstation }: Deps) {
  const os = implement(settings);
  return {
    read: os.read.handler(async () => {
      const { files } = await readKnownHostsFiles(workstation.home);
      const { path, sizeBytes, schema } = store.facts();
      return {
        version: VERSION,
        databasePath: path,
        sizeBytes,
        schema,
        isReadOnly,
        knownHostsFiles: files.map((file) => file.path),
        targetCount: store.targets.count(),
        pinCount: store.pins.count(),
        eventCount: store.events.count(),
        maxAgeDays: store.settings.maxAgeDays(),
      };
    }),
  };
}

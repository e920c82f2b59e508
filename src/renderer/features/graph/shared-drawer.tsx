import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { usePlanRequest } from "#renderer/api/plan-request.ts";
import { Drawer, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import type { SharedKey } from "#shared/model/graph.ts";
import { sayCount } from "#shared/text/count.ts";
import { OnwardFrom } from "./drawer.tsx";
import { KIND_WORDS } from "./shared-words.ts";

type Props = { shared: SharedKey; onClose: () => void };

/** Who holds a key together, and why that matters. */
export function SharedDrawer({ shared, onClose }: Props) {
  const requestPlan = usePlanRequest();
  const { kind, fingerprint, holders, holderCount } = shared;
  const more = holderCount - holders.length;
  return (
    <Drawer
      label="shared key"
      title={KIND_WORDS[kind]}
      subtitle={<Fingerprint value={fingerprint} />}
      onClose={onClose}
    >
      <Section title={kind === "people" ? "People" : "Hosts"} count={holderCount}>
        <p>{WHY[kind]}</p>
        <Lines>
          {holders.map((name) => (
            <OnwardFrom key={name} name={kind === "people" ? `person:${name}` : name} />
          ))}
        </Lines>
        {more > 0 && <p>and {sayCount(more, kind === "people" ? "more person" : "more host")}</p>}
      </Section>
      {kind === "people" && (
        <Section title="Go on from here">
          <Lines>
            <OnwardFrom name={fingerprint} />
          </Lines>
          <Button
            variant="default"
            size="xs"
            mt={10}
            leftSection={<IconRefresh size={15} />}
            onClick={() => requestPlan({ kind: "rotate-key", fingerprint })}
          >
            Rotate the key
          </Button>
        </Section>
      )}
    </Drawer>
  );
}

const WHY: Record<SharedKey["kind"], string> = {
  people:
    "What one of them does with it cannot be told from what the others do, and it cannot be taken from one alone.",
  hosts: "Whoever has one of these hosts can answer as any of the others, and no client would notice.",
};

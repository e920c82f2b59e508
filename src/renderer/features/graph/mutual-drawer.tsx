import { Drawer, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { GraphNode, MutualTrust } from "#shared/model/graph.ts";
import { Certainty } from "./columns.tsx";
import { Onward, StepFacts } from "./drawer.tsx";

type Props = { pair: MutualTrust; onClose: () => void };

/** Two hosts that trust each other: the surest way there, and the surest back. */
export function MutualDrawer({ pair: { there, back }, onClose }: Props) {
  const ends = [there.from, there.to, back.from, back.to];
  const different = [...new Map(ends.map((node) => [node.id, node])).values()];
  return (
    <Drawer
      label="pair"
      title={
        <>
          <Untrusted text={placeOf(there.from)} /> and <Untrusted text={placeOf(there.to)} />
        </>
      }
      subtitle={<Certainty isCertain={there.isCertain && back.isCertain} isWayCertain={null} />}
      onClose={onClose}
    >
      <StepFacts title="There" link={there} />
      <StepFacts title="Back" link={back} />
      <Section title="Go on from here">
        <Lines>
          {different.map((node) => (
            <Onward key={node.id} node={node} />
          ))}
        </Lines>
      </Section>
    </Drawer>
  );
}

const placeOf = (node: GraphNode): string => ("host" in node ? node.host : node.id);

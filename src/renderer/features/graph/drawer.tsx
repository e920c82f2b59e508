import { Link } from "@tanstack/react-router";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { Certainty } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import type { GraphLink, GraphNode } from "#shared/model/access/graph.ts";
import { HOW_WORDS, nameNode } from "#shared/text/access/graph.ts";

type Props = { link: GraphLink; onClose: () => void };

export function StepDrawer({ link, onClose }: Props) {
  const { from, to, fingerprint } = link;
  return (
    <Drawer
      label="step"
      title={<Untrusted text={nameNode(to)} />}
      subtitle={<Certainty isCertain={link.isPathCertain ?? link.isCertain} />}
      onClose={onClose}
    >
      <StepFacts title="Step" link={link} />
      <Section title="Go on from here">
        <Lines>
          <Onward node={from} />
          {fingerprint !== null && <OnwardFrom name={fingerprint} />}
          <Onward node={to} />
        </Lines>
      </Section>
    </Drawer>
  );
}

/** What a step is, and on what it depends. */
export function StepFacts({ title, link }: { title: string; link: GraphLink }) {
  const { from, to, how, fingerprint, heldAt, where, options, notes, distance } = link;
  return (
    <>
      <Section title={title}>
        <Facts>
          <Fact name="From">
            <Untrusted text={nameNode(from)} />
          </Fact>
          <Fact name="How">{HOW_WORDS[how]}</Fact>
          <Fact name="To">
            <Untrusted text={nameNode(to)} />
          </Fact>
          <Fact name="Key">{fingerprint === null ? "none" : <Fingerprint value={fingerprint} />}</Fact>
          <Fact name="Held at">
            <Untrusted text={heldAt ?? "unknown"} />
          </Fact>
          <Fact name="Where">
            <Untrusted text={where || "unknown"} />
          </Fact>
          <Fact name="Options">
            <Untrusted text={options || "none"} />
          </Fact>
          {distance !== null && <Fact name="Steps from the start">{distance}</Fact>}
        </Facts>
      </Section>
      {notes.length > 0 && (
        <Section title="Notes" count={notes.length}>
          <Lines>
            {notes.map((note) => (
              <Line key={note}>
                <Untrusted text={note} />
              </Line>
            ))}
          </Lines>
        </Section>
      )}
    </>
  );
}

/** Links to what the thing reaches, and what reaches it. A key has a line of its own; an agent's keys are not known. */
export function Onward({ node }: { node: GraphNode }) {
  return node.kind === "key" || node.kind === "agent" ? null : <OnwardFrom name={nameNode(node)} />;
}

export function OnwardFrom({ name }: { name: string }) {
  return (
    <Line
      end={
        <>
          <TextLink>
            <Link to="/graph" search={{ start: name }}>
              What it reaches
            </Link>
          </TextLink>{" "}
          <TextLink>
            <Link to="/graph" search={{ start: name, direction: "to" }}>
              What reaches it
            </Link>
          </TextLink>
        </>
      }
    >
      <Untrusted text={name} limit={120} />
    </Line>
  );
}

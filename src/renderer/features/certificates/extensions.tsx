import { IconAlertTriangle } from "@tabler/icons-react";
import { Dim } from "#renderer/ui/cells.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { Extension } from "#shared/model/certificate.ts";

/** Each extension in words; one that is broken says so and hides none of the others. */
export function Extensions({ extensions }: { extensions: readonly Extension[] }) {
  if (extensions.length === 0) return null;
  return (
    <Section title="Extensions" count={extensions.length}>
      <Lines>
        {extensions.map((extension, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a broken certificate may carry the same one twice
          <Line key={index} end={<Marks extension={extension} />} below={<Content extension={extension} />}>
            <Untrusted text={extension.name} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Marks({ extension: { isCritical, malformed } }: { extension: Extension }) {
  return (
    <>
      {isCritical && <Dim>critical</Dim>}
      {malformed !== null && (
        <Tag tone="amber" Icon={IconAlertTriangle}>
          malformed
        </Tag>
      )}
    </>
  );
}

function Content({ extension: { value, malformed, oid, name } }: { extension: Extension }) {
  if (malformed !== null) return <Untrusted text={malformed} />;
  if (value !== null) return <Untrusted text={value} />;
  return <Dim>{oid === name ? "not known to this program" : <Untrusted text={oid} />}</Dim>;
}

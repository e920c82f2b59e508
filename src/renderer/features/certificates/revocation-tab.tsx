import { Button } from "@mantine/core";
import { IconCircleCheck, IconCircleDashed, IconCircleX, IconHelpCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { type CertificateDetail, Sha256 } from "#shared/model/certificates/certificate.ts";
import type { RevocationState, RevocationView } from "#shared/model/certificates/chain.ts";
import { useFetchLists, useQueryResponders, useRevocation } from "./queries.ts";

/** Whether it was revoked, who says so, and who could be asked. Nothing is fetched to show this. */
export function RevocationTab({ certificate: { sha256 } }: { certificate: CertificateDetail }) {
  const { data, error } = useRevocation(sha256);
  const ocsp = useQueryResponders();
  if (error) return <ErrorState doing="show its revocation" error={error} />;
  if (!data) return null;
  const refused = new Set(ocsp.data?.views.flatMap(({ refusedHost }) => refusedHost ?? []));
  return (
    <>
      <Section title="Revocation">
        <Views views={data.views} />
      </Section>
      <Addresses
        title="Revocation lists"
        addresses={data.lists}
        none="It names no list."
        action={data.lists.length > 0 && <Fetch sha256={sha256} />}
      />
      <Addresses
        title="OCSP"
        addresses={data.responders}
        none="It names no responder, as many authorities have none any more."
        action={
          data.responders.length > 0 && (
            <Act
              label="Ask"
              isPending={ocsp.isPending}
              onAct={() => ocsp.mutate({ sha256: Sha256.parse(sha256) })}
            />
          )
        }
      />
      {ocsp.data && (
        <Section
          title="Answers"
          action={[...refused].map((host) => (
            <Act
              key={host}
              label={`Ask ${host} all the same`}
              isPending={ocsp.isPending}
              onAct={() => ocsp.mutate({ sha256: Sha256.parse(sha256), hosts: [host] })}
            />
          ))}
        >
          <Views views={ocsp.data.views} />
        </Section>
      )}
    </>
  );
}

function Views({ views }: { views: readonly RevocationView[] }) {
  return (
    <Lines>
      {views.map(({ by, state, sentence }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one address may staple for several names, and their order never changes
        <Line key={index} end={<StateTag state={state} />} below={<Untrusted text={sentence} />}>
          <Untrusted text={`By ${by}`} />
        </Line>
      ))}
    </Lines>
  );
}

const STATES = {
  good: { tone: "green", Icon: IconCircleCheck, word: "Not revoked" },
  revoked: { tone: "red", Icon: IconCircleX, word: "Revoked" },
  unknown: { tone: "amber", Icon: IconHelpCircle, word: "Unknown" },
  "not-checked": { tone: "gray", Icon: IconCircleDashed, word: "Not checked" },
} as const satisfies Record<RevocationState, object>;

function StateTag({ state }: { state: RevocationState }) {
  const { tone, Icon, word } = STATES[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

/** Whoever presses it sees below where the lists are fetched from. */
function Fetch({ sha256 }: { sha256: string }) {
  const { mutate, isPending } = useFetchLists();
  const fetchLists = () =>
    mutate(
      { sha256: Sha256.parse(sha256) },
      {
        onSuccess: ({ added, known, failed }) =>
          toast(
            `${added + known} fetched${failed.length > 0 ? `, ${failed.length} could not be had: ${failed[0]?.why}` : ""}`,
          ),
      },
    );
  return <Act label="Fetch" isPending={isPending} onAct={fetchLists} />;
}

function Act({ label, isPending, onAct }: { label: string; isPending: boolean; onAct: () => void }) {
  return (
    <Button variant="subtle" size="compact-sm" loading={isPending} onClick={onAct}>
      {label}
    </Button>
  );
}

/** Text, never a link: a stranger wrote it. */
function Addresses({
  title,
  addresses,
  none,
  action,
}: {
  title: string;
  addresses: readonly string[];
  none: string;
  action?: ReactNode;
}) {
  return (
    <Section title={title} count={addresses.length} action={action}>
      {addresses.length === 0 ? (
        <p>{none}</p>
      ) : (
        <Lines>
          {addresses.map((address, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a certificate may name the same twice
            <Line key={index}>
              <Untrusted text={address} isMono />
            </Line>
          ))}
        </Lines>
      )}
    </Section>
  );
}

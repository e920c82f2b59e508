import { Button } from "@mantine/core";
import { IconAlertOctagon, IconPinned } from "@tabler/icons-react";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { Notice } from "#renderer/ui/notice.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { TrustKey } from "#renderer/ui/trust-key.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { HostDetail, Pin } from "#shared/model/host.ts";
import type { HostKeyView } from "#shared/model/probe.ts";
import classes from "./hosts.module.css";
import { useForgetPin, useTrustKey } from "./queries.ts";

/** The key that we trust, the one that was refused, and those that the host says are its own. */
export function HostKeys({ host }: { host: HostDetail }) {
  const { pin, refusedKey, hostKeys } = host;
  const others = hostKeys.filter(({ fingerprint }) => fingerprint !== pin?.fingerprint);
  if (!pin && !refusedKey && others.length === 0) return null;
  return (
    <Section title="Host keys">
      {refusedKey &&
        (host.outcome === "host-key-unknown" && !pin ? (
          <Unknown host={host} refusedKey={refusedKey} />
        ) : (
          <Changed pin={pin} refusedKey={refusedKey} />
        ))}
      {(pin || others.length > 0) && (
        <Lines>
          {pin && <Pinned host={host} pin={pin} />}
          {others.map(({ keyType, fingerprint }) => (
            <Line key={fingerprint} below={<WholeFingerprint value={fingerprint} />}>
              <Untrusted text={keyType} />
            </Line>
          ))}
        </Lines>
      )}
    </Section>
  );
}

function Unknown({ host: { host, port }, refusedKey }: { host: HostDetail; refusedKey: HostKeyView }) {
  const { mutate, isPending, error } = useTrustKey();
  const trust = () =>
    mutate(
      { host, port, fingerprint: refusedKey.fingerprint },
      { onSuccess: () => toast("The key is trusted; scan the host again to read it") },
    );
  return (
    <div className={classes.notice}>
      <TrustKey hostKey={refusedKey} onTrust={trust} isTrusting={isPending} error={error} />
    </div>
  );
}

/** A changed key is never trusted from here: only the pin can be forgotten, elsewhere and on purpose. */
function Changed({ pin, refusedKey }: { pin: Pin | null; refusedKey: HostKeyView }) {
  return (
    <div className={classes.notice}>
      <Notice tone="red" Icon={IconAlertOctagon} title="The host showed another key than the trusted one">
        <p>No login was tried. Either the host was rebuilt, or something stands between you and it.</p>
        {pin && (
          <p>
            Trusted: <Untrusted text={pin.keyType} /> <WholeFingerprint value={pin.fingerprint} />
          </p>
        )}
        <p>
          Shown: <Untrusted text={refusedKey.keyType} /> <WholeFingerprint value={refusedKey.fingerprint} />
        </p>
        {pin ? (
          <p>
            Ask whoever runs the host. Only if the change is theirs: forget the pin below (or correct
            known_hosts), scan again, and compare the new key then.
          </p>
        ) : (
          <p>
            Latchkey has no pin for it any more. Correct known_hosts if the old key stands there; then scan
            again, and compare the new key.
          </p>
        )}
      </Notice>
    </div>
  );
}

function Pinned({ host, pin }: { host: HostDetail; pin: Pin }) {
  const [isAsking, setIsAsking] = useState(false);
  const forget = (
    <Button variant="subtle" color="red" size="compact-xs" onClick={() => setIsAsking(true)}>
      Forget this pin
    </Button>
  );
  const origin = pin.source === "accepted" ? "trusted" : "from known_hosts";
  return (
    <Line
      end={
        <>
          <Tag tone="blue" Icon={IconPinned}>
            pinned
          </Tag>
          {forget}
        </>
      }
      below={
        <>
          <WholeFingerprint value={pin.fingerprint} />
          <div>
            {origin} <When instant={pin.pinnedAt} />
          </div>
        </>
      }
    >
      <Untrusted text={pin.keyType} />
      <ForgetDialog host={host} isOpen={isAsking} onClose={() => setIsAsking(false)} />
    </Line>
  );
}

type DialogProps = { host: HostDetail; isOpen: boolean; onClose: () => void };

function ForgetDialog({ host: { host, port }, isOpen, onClose }: DialogProps) {
  const { mutate, isPending, error } = useForgetPin();
  const forget = () =>
    mutate(
      { host, port },
      {
        onSuccess: () => {
          toast("The pin is forgotten; the next key must be compared and trusted");
          onClose();
        },
      },
    );
  return (
    <Dialog title="Forget this pin?" isOpen={isOpen} onClose={onClose} width={460}>
      <p>
        Latchkey will no longer recognise <Untrusted text={host} />. Its next key is unknown until you have
        compared its fingerprint and trusted it. Nothing changes on the host.
      </p>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
      <div className={classes.dialogActions}>
        <Button variant="default" size="xs" onClick={onClose}>
          Keep it
        </Button>
        <Button color="red" size="xs" loading={isPending} onClick={forget}>
          Forget the pin
        </Button>
      </div>
    </Dialog>
  );
}

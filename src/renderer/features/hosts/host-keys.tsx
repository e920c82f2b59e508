import { Button } from "@mantine/core";
import { IconAlertOctagon, IconPinned } from "@tabler/icons-react";
import { useState } from "react";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { Notice } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { ForgetPinDialog, TrustKey } from "#renderer/ui/trust-key.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { HostDetail, Pin } from "#shared/model/hosts/host.ts";
import type { HostKeyView } from "#shared/model/hosts/probe.ts";
import classes from "./hosts.module.css";
import { useForgetPin, useTrustKey } from "./queries.ts";

/** The key that we trust, the one that was refused, and those that were found on the host. */
export function HostKeys({ host }: { host: HostDetail }) {
  const { pin, refusedKey, hostKeys, bundleKeys } = host;
  const signers = new Set(bundleKeys.map(({ fingerprint }) => fingerprint));
  const others = hostKeys.filter(
    ({ fingerprint }) => fingerprint !== pin?.fingerprint && !signers.has(fingerprint),
  );
  if (!pin && !refusedKey && others.length + bundleKeys.length === 0) return null;
  return (
    <Section title="Host keys">
      {refusedKey &&
        ((host.outcome === "host-key-unknown" || host.outcome === "host-key-not-accepted") && !pin ? (
          <Unknown host={host} refusedKey={refusedKey} />
        ) : (
          <Refused host={host} refusedKey={refusedKey} />
        ))}
      {(pin || others.length + bundleKeys.length > 0) && (
        <Lines>
          {pin && <Pinned host={host} pin={pin} />}
          {bundleKeys.map((key) => (
            <Signing key={key.fingerprint} host={host} hostKey={key} />
          ))}
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

/**
 * The key is not the trusted one, or it is revoked: the message of the probe says which. Neither is trusted from here:
 * only the pin can be forgotten, elsewhere and on purpose.
 */
function Refused({ host, refusedKey }: { host: HostDetail; refusedKey: HostKeyView }) {
  const { pin, outcome, message, bundleKeys } = host;
  return (
    <div className={classes.notice}>
      <Notice tone="red" Icon={IconAlertOctagon} title="The host's key was refused">
        {outcome === "host-key-changed" && (
          <p>
            <Untrusted text={message} />
          </p>
        )}
        <p>No login was tried. Either the host was rebuilt, or something stands between you and it.</p>
        {pin && (
          <p>
            Trusted: <Untrusted text={pin.keyType} /> <WholeFingerprint value={pin.fingerprint} />
          </p>
        )}
        <p>
          Shown: <Untrusted text={refusedKey.keyType} /> <WholeFingerprint value={refusedKey.fingerprint} />
        </p>
        {bundleKeys.length > 0 && (
          <p>
            Its bundles were signed by other keys, which stand below. Only if the host was set up anew since:
            forget those, scan again, and compare the new key then.
          </p>
        )}
        {pin && pin.fingerprint !== refusedKey.fingerprint ? (
          <p>
            Ask whoever runs the host. Only if the change is theirs: forget the pin below (or correct
            known_hosts), scan again, and compare the new key then.
          </p>
        ) : (
          <p>
            {pin ? "" : "Latchkey has no pin for it. "}Ask whoever runs the host. A revoked key is replaced
            there; where another one stands in known_hosts and the change is theirs, correct it. Then scan
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

/** Known from bundles alone: it makes no login trusted, and another key that the host presents is refused for it. */
function Signing({ host, hostKey }: { host: HostDetail; hostKey: HostKeyView }) {
  const [isAsking, setIsAsking] = useState(false);
  return (
    <Line
      end={
        <Button variant="subtle" color="red" size="compact-xs" onClick={() => setIsAsking(true)}>
          Forget what signed its bundles
        </Button>
      }
      below={
        <>
          <WholeFingerprint value={hostKey.fingerprint} />
          <div>has signed its bundle, and was never presented: compare it with the host's own</div>
        </>
      }
    >
      <Untrusted text={hostKey.keyType} />
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
    <ForgetPinDialog
      host={host}
      isOpen={isOpen}
      onClose={onClose}
      onForget={forget}
      isForgetting={isPending}
      error={error}
    />
  );
}

import { Button, NativeSelect } from "@mantine/core";
import { useState } from "react";
import { Dim } from "#renderer/ui/cells.tsx";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import { type IssuedCertificate, RevocationReason } from "#shared/model/issuer.ts";
import { useIssued, useRevoke } from "./issuer-queries.ts";
import classes from "./issuers.module.css";

type Props = { name: string; isReadOnly: boolean; onClose: () => void };

/** What an authority of the user's own has signed, and the way to take it back. */
export function IssuedDialog({ name, isReadOnly, onClose }: Props) {
  const { data } = useIssued(name);
  const [asked, setAsked] = useState<string | null>(null);
  return (
    <Dialog title={`Certificates of ${formatUntrusted(name)}`} isOpen onClose={onClose} width={640}>
      {data?.length === 0 && <Dim>It has signed none yet</Dim>}
      <div className={classes.list}>
        <Lines>
          {data?.map((certificate) => (
            <IssuedLine
              key={certificate.serial}
              issuer={name}
              certificate={certificate}
              isReadOnly={isReadOnly}
              isAsked={asked === certificate.serial}
              onAsk={(isAsked) => setAsked(isAsked ? certificate.serial : null)}
            />
          ))}
        </Lines>
      </div>
    </Dialog>
  );
}

type LineProps = {
  issuer: string;
  certificate: IssuedCertificate;
  isReadOnly: boolean;
  isAsked: boolean;
  onAsk: (isAsked: boolean) => void;
};

function IssuedLine({ issuer, certificate, isReadOnly, isAsked, onAsk }: LineProps) {
  const { serial, names, notAfter, revokedAt, reason } = certificate;
  const plain = names.map((name) => name.replace(/^(DNS|IP):/, "")).join(", ");
  return (
    <Line
      end={
        revokedAt === null ? (
          !isReadOnly &&
          !isAsked && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Revoke ${formatUntrusted(plain)}`}
              onClick={() => onAsk(true)}
            >
              Revoke
            </Button>
          )
        ) : (
          <span className={classes.refusal}>
            revoked <When instant={revokedAt} />: {reason}
          </span>
        )
      }
      below={
        <>
          <Untrusted text={serial} isMono />, ends <When instant={notAfter} />
          {isAsked && <RevokeForm issuer={issuer} serial={serial} onDone={() => onAsk(false)} />}
        </>
      }
    >
      <Untrusted text={plain} />
    </Line>
  );
}

const REASONS: Record<RevocationReason, string> = {
  unspecified: "no reason is given",
  "key-compromise": "somebody else may have its key",
  superseded: "another one has taken its place",
  "no-longer-used": "it is not used any more",
};

function RevokeForm({ issuer, serial, onDone }: { issuer: string; serial: string; onDone: () => void }) {
  const { mutate, isPending, error } = useRevoke();
  const [reason, setReason] = useState<RevocationReason>("unspecified");
  return (
    <form
      action={() => mutate({ name: issuer, certificate: serial, reason }, { onSuccess: onDone })}
      className={classes.form}
    >
      <NativeSelect
        size="xs"
        label="Why"
        value={reason}
        data={RevocationReason.options.map((value) => ({ value, label: REASONS[value] }))}
        onChange={(event) => setReason(RevocationReason.parse(event.currentTarget.value))}
      />
      <p>It cannot be taken back. Clients hear of it by the revocation lists.</p>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} limit={1_000} />
        </p>
      )}
      <div className={classes.actions}>
        <Button type="submit" color="red" size="compact-xs" loading={isPending}>
          Revoke it
        </Button>
        <Button size="compact-xs" variant="default" onClick={onDone}>
          Leave it
        </Button>
      </div>
    </form>
  );
}
